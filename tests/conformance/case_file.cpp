// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/case_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "compiler/parse/parse.h"
#include "tests/conformance/case_packet.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using ModelPointer = std::shared_ptr<const Model>;

const Mac kElsewhere{{0x02, 0, 0, 0, 0, 0xfe}};  // who a frame goes to, or comes from, when nobody is named

std::string contents_of(const std::filesystem::path& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

Result<ModelPointer> parse_model(const std::string& name, const std::string& text) {
    const std::vector<Document> documents{{.name = name, .text = text}};
    ParseOutcome outcome = parse(documents);
    if (!outcome.model) {
        std::string message = "the model is refused:";
        for (const Finding& finding : outcome.findings) {
            message += "\n  " + finding.to_string();
        }
        return fail(message);
    }
    return std::make_shared<const Model>(std::move(*outcome.model));
}

class FileReader {
   public:
    FileReader(std::filesystem::path directory, std::filesystem::path path) : directory_(std::move(directory)), path_(std::move(path)) {}

    Result<CaseFile> read() {
        root_ = json::parse(contents_of(path_), nullptr, /*allow_exceptions=*/false);
        if (root_.is_discarded()) {
            return fail(path_.string() + ": not JSON");
        }
        if (Result<> known = check_keys(root_, {"Model", "Packets", "Cases"}); !known) {
            return fail(known.error().with_context(path_.string()));
        }
        CaseFile file{.name = path_.stem().string(), .cases = {}};
        std::set<std::string> names;
        for (const json& one : root_.at("Cases")) {
            const std::string name = one.value("Name", "?");
            Result<Case> read = read_case_or_fail(one);
            if (!read) {
                return fail(read.error().with_context(path_.string() + ": " + name));
            }
            if (!names.insert(name).second) {
                return fail(path_.string() + ": two cases are called " + name);
            }
            file.cases.push_back(std::move(*read));
        }
        return file;
    }

   private:
    static Result<> check_keys(const json& object, const std::set<std::string>& known) {
        for (const auto& [key, value] : object.items()) {
            if (!known.contains(key)) {
                return fail("unknown key " + key);
            }
        }
        return {};
    }

    // A name of models/, or documents.
    Result<ModelPointer> model_of(const json& value) {
        const std::string key = value.dump();
        if (const auto at = models_.find(key); at != models_.end()) {
            return at->second;
        }
        const std::filesystem::path shared = directory_ / "models" / (value.is_string() ? value.get<std::string>() + ".json" : "");
        Result<ModelPointer> model = value.is_string() ? parse_model(shared.string(), contents_of(shared)) : parse_model("inline", key);
        if (model) {
            models_[key] = *model;
        }
        return model;
    }

    // The JSON library throws at a missing key or a wrong type.
    Result<Case> read_case_or_fail(const json& value) {
        try {
            return read_case(value);
        } catch (const json::exception& exception) {
            return fail(std::string(exception.what()));
        }
    }

    Result<Case> read_case(const json& value) {
        if (Result<> known = check_keys(value, {"Name", "Section", "Model", "Host", "Steps"}); !known) {
            return fail(known.error());
        }
        Case one{.name = value.at("Name"), .section = value.at("Section"), .model = {}, .host = {}, .steps = {}};
        Result<ModelPointer> model = model_of(value.contains("Model") ? value.at("Model") : root_.at("Model"));
        if (!model) {
            return fail(model.error());
        }
        one.model = *model;
        if (value.contains("Host")) {
            Result<HostFacts> host = host_of(value.at("Host"));
            if (!host) {
                return fail(host.error());
            }
            one.host = std::move(*host);
        }
        ModelPointer in_force = one.model;
        for (const json& step : value.at("Steps")) {
            Result<Step> read = read_step(step, in_force);
            if (!read) {
                return fail(read.error().with_context("step " + std::to_string(one.steps.size() + 1)));
            }
            one.steps.push_back(std::move(*read));
        }
        return one;
    }

    static Result<HostFacts> host_of(const json& value) {
        if (Result<> known = check_keys(value, {"Addresses", "Tunnels"}); !known) {
            return fail(known.error());
        }
        HostFacts host;
        for (const json& text : value.value("Addresses", json::array())) {
            const std::optional<Address> address = Address::parse(text.get<std::string>());
            if (!address) {
                return fail("Host.Addresses: not an address");
            }
            host.addresses.push_back(*address);
        }
        for (const json& tunnel : value.value("Tunnels", json::array())) {
            host.tunnels.push_back({.protocol = tunnel.at("Protocol"), .port = tunnel.value("Port", std::uint16_t{0})});
        }
        return host;
    }

    Result<Step> read_step(const json& value, ModelPointer& in_force) {
        if (Result<> known = check_keys(value, {"Port", "Direction", "Entrance", "Packet", "Verdict", "Reason", "Rules", "Wait", "Model"});
            !known) {
            return fail(known.error());
        }
        Step step{
            .interface_id = value.at("Port"), .entrance = {}, .frame = {}, .rules = {}, .wait_s = value.value("Wait", 0u), .model = {}};
        if (value.contains("Model")) {
            Result<ModelPointer> model = model_of(value.at("Model"));
            if (!model) {
                return fail(model.error());
            }
            step.model = in_force = *model;
        }
        if (Result<> read = read_expectation(value, step); !read) {
            return fail(read.error());
        }
        const json& packet = value.at("Packet");
        const Result<PacketContext> context = context_of(step, *in_force);
        if (!context) {
            return fail(context.error());
        }
        Result<Bytes> frame = frame_of(packet, *context);
        if (!frame) {
            return fail(frame.error());
        }
        step.frame = std::move(*frame);
        return step;
    }

    static Result<> read_expectation(const json& value, Step& step) {
        const std::string direction = value.at("Direction");
        const std::string verdict = value.at("Verdict");
        const std::string reason = value.value("Reason", "passed");
        const std::string entrance = value.value("Entrance", "host");
        const std::optional<Reason> named = reason_named(reason);
        if ((direction != "outbound" && direction != "inbound") || (verdict != "pass" && verdict != "drop") || !named ||
            (verdict == "pass") != (*named == PC_REASON_passed)) {
            return fail("Direction, Verdict or Reason is not one of the known ones");
        }
        step.direction = direction == "outbound" ? Direction::Outbound : Direction::Inbound;
        step.reason = *named;
        if (entrance == "uplink") {
            step.entrance = {.kind = Entrance::Kind::Uplink, .interface_id = {}, .device = "up0"};
        } else if (entrance == "elsewhere") {
            step.entrance = {.kind = Entrance::Kind::Elsewhere, .interface_id = {}, .device = {}};
        } else if (entrance != "host") {
            step.entrance = {.kind = Entrance::Kind::Port, .interface_id = entrance, .device = {}};
        }
        if (value.contains("Rules")) {
            step.rules = value.at("Rules").get<std::vector<std::string>>();
            std::sort(step.rules->begin(), step.rules->end());
        }
        return {};
    }

    Result<PacketContext> context_of(const Step& step, const Model& model) const {
        const auto mac_of = [&](const std::string& id) -> std::optional<Mac> {
            for (const NetworkInterface& interface : model.network_interfaces) {
                if (interface.id == id) {
                    return interface.mac;
                }
            }
            return std::nullopt;
        };
        const auto is_bound = [&](const std::string& id) {
            return std::any_of(model.ports.begin(), model.ports.end(),
                               [&](const PortClaim& claim) { return claim.network_interface_id == id; });
        };
        const std::string& entrance = step.entrance.interface_id;
        if (!is_bound(step.interface_id) || !mac_of(step.interface_id) || (!entrance.empty() && !is_bound(entrance))) {
            return fail("Port or Entrance is not an interface with a MAC that Portcullis.Ports binds");
        }
        const Mac own = *mac_of(step.interface_id);
        static const json none = json::object();
        PacketContext context{.defaults = {}, .own_mac = own, .packets = root_.contains("Packets") ? &root_.at("Packets") : &none};
        context.defaults = step.direction == Direction::Outbound
                               ? FrameDefaults{.source = own, .destination = kElsewhere}
                               : FrameDefaults{.source = mac_of(entrance).value_or(kElsewhere), .destination = own};
        return context;
    }

    std::filesystem::path directory_;
    std::filesystem::path path_;
    json root_;
    std::map<std::string, ModelPointer> models_;
};

}  // namespace

Arrival Step::arrival() const { return {.interface_id = interface_id, .direction = direction, .entrance = entrance, .frame = frame}; }

std::string entrance_text(const Entrance& entrance) {
    switch (entrance.kind) {
        case Entrance::Kind::Port:
            return entrance.interface_id;
        case Entrance::Kind::Uplink:
            return "uplink";
        case Entrance::Kind::Elsewhere:
            return "elsewhere";
        case Entrance::Kind::Host:
            break;
    }
    return "host";
}

Result<std::vector<CaseFile>> read_case_files(const std::string& directory) {
    std::vector<std::filesystem::path> paths;
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(directory) / "cases", missing)) {
        paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<CaseFile> files;
    for (const std::filesystem::path& path : paths) {
        Result<CaseFile> file = FileReader(directory, path).read();
        if (!file) {
            return fail(file.error());
        }
        files.push_back(std::move(*file));
    }
    return files;
}

}  // namespace portcullis::test
