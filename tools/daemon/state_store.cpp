// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/state_store.h"

#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/unique_fd.h"
#include "tools/daemon/checked_file.h"

namespace portcullis {
namespace {

using nlohmann::json;

constexpr const char* kModelFile = "/model";
constexpr const char* kProgressFile = "/progress";
constexpr const char* kQuarantineFile = "/quarantine";

// The text of an accepted model is valid UTF-8, but the name of its file need not be: such bytes are replaced.
std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

Error unknown_shape(const std::string& path) { return {.message = "cannot read " + path + ": another version of portcullisd wrote it"}; }

json documents_json(const std::vector<Document>& documents) {
    json array = json::array();
    for (const Document& document : documents) {
        array.push_back({{"Name", document.name}, {"Text", document.text}});
    }
    return array;
}

std::vector<Document> documents_of(const json& array) {
    std::vector<Document> documents;
    for (const json& document : array) {
        documents.push_back({.name = document.at("Name").get<std::string>(), .text = document.at("Text").get<std::string>()});
    }
    return documents;
}

BindingMemory memory_of(const json& value) {
    BindingMemory memory;
    for (const json& standing : value.at("Standing")) {
        memory.standing.push_back({.ifindex = standing.at("Ifindex").get<std::uint32_t>(),
                                   .interface_id = standing.at("Interface").get<std::string>(),
                                   .claimed_device = standing.at("ClaimedDevice").get<std::string>()});
    }
    memory.once_bound = value.at("OnceBound").get<std::set<std::uint32_t>>();
    memory.released = value.value("Released", std::set<std::uint32_t>{});  // versions before had none
    return memory;
}

}  // namespace

Result<> make_state_directory(const std::string& path) {
    std::error_code error;
    if (std::filesystem::create_directories(path, error)) {
        std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
    }
    return error ? fail(Error::from_errno("cannot make the state directory " + path, error.value())) : Result<>{};
}

// In one file, so that no crash comes between the two.
Result<> StateStore::stage_model(const SavedModel& model) const {
    json content{{"Documents", documents_json(model.documents)}};
    if (model.former) {
        content["Former"] = documents_json(*model.former);
    }
    return stage_checked_file(directory_ + kModelFile, dump(content));
}

Result<> StateStore::commit_model() const { return commit_checked_file(directory_ + kModelFile); }

void StateStore::discard_model() const { discard_checked_file(directory_ + kModelFile); }

Result<std::optional<SavedModel>> StateStore::load_model() const {
    const std::string path = directory_ + kModelFile;
    const Result<std::optional<std::string>> text = read_checked_file(path);
    if (!text) {
        return fail(text.error());
    }
    if (!text->has_value()) {
        return std::nullopt;
    }
    try {
        const json content = json::parse(**text);
        SavedModel model{.documents = documents_of(content.at("Documents")), .former = std::nullopt};
        if (content.contains("Former")) {
            model.former = documents_of(content.at("Former"));
        }
        return model;
    } catch (const json::exception&) {
        return fail(unknown_shape(path));
    }
}

Result<> StateStore::save_progress(const Progress& progress) const {
    json standing = json::array();
    for (const StandingBinding& binding : progress.bindings.standing) {
        standing.push_back({{"Ifindex", binding.ifindex}, {"Interface", binding.interface_id}, {"ClaimedDevice", binding.claimed_device}});
    }
    const std::string path = directory_ + kProgressFile;
    const Result<> staged = stage_checked_file(path, dump({{"Host", host_id_},
                                                           {"Generation", progress.generation},
                                                           {"Standing", std::move(standing)},
                                                           {"OnceBound", progress.bindings.once_bound},
                                                           {"Released", progress.bindings.released}}));
    return staged ? commit_checked_file(path) : staged;
}

Result<Progress> StateStore::load_progress() const {
    const std::string path = directory_ + kProgressFile;
    const Result<std::optional<std::string>> text = read_checked_file(path);
    if (!text) {
        return fail(text.error());
    }
    if (!text->has_value()) {
        return Progress{};
    }
    try {
        const json value = json::parse(**text);
        const bool is_same_host = value.at("Host").get<std::string>() == host_id_;
        return Progress{.generation = value.at("Generation").get<std::uint64_t>(),
                        .bindings = is_same_host ? memory_of(value) : BindingMemory{}};
    } catch (const json::exception&) {
        return fail(unknown_shape(path));
    }
}

Result<> StateStore::save_quarantines(const std::vector<Quarantine>& quarantines) const {
    json array = json::array();
    for (const Quarantine& one : quarantines) {
        array.push_back(
            {{"Port", one.port}, {"Interface", one.interface_id}, {"Device", one.device}, {"Ifindex", one.ifindex}, {"Since", one.since}});
    }
    const std::string path = directory_ + kQuarantineFile;
    const Result<> staged = stage_checked_file(path, dump({{"Host", host_id_}, {"Quarantines", std::move(array)}}));
    return staged ? commit_checked_file(path) : staged;
}

Result<std::vector<Quarantine>> StateStore::load_quarantines() const {
    const std::string path = directory_ + kQuarantineFile;
    const Result<std::optional<std::string>> text = read_checked_file(path);
    if (!text) {
        return fail(text.error());
    }
    std::vector<Quarantine> quarantines;
    try {
        const json value = text->has_value() ? json::parse(**text) : json{{"Host", host_id_}, {"Quarantines", json::array()}};
        const bool is_same_host = value.at("Host").get<std::string>() == host_id_;
        for (const json& one : value.at("Quarantines")) {
            quarantines.push_back({.port = one.at("Port").get<std::string>(),
                                   .interface_id = one.at("Interface").get<std::string>(),
                                   .device = one.at("Device").get<std::string>(),
                                   .ifindex = is_same_host ? one.at("Ifindex").get<std::uint32_t>() : 0,
                                   .since = one.at("Since").get<std::string>()});
        }
    } catch (const json::exception&) {
        return fail(unknown_shape(path));
    }
    return quarantines;
}

std::string current_host_id() {
    std::string boot_id;
    std::getline(std::ifstream("/proc/sys/kernel/random/boot_id") >> std::ws, boot_id);
    // Since Linux 5.14. Not the inode of /proc/self/ns/net, which the next namespace gets again.
    std::uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    (void)::getsockopt(socket.value(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length);  // 0 where unknown: then boots alone are told apart
    return boot_id + " " + std::to_string(cookie);
}

}  // namespace portcullis
