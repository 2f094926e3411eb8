// SPDX-License-Identifier: Apache-2.0
// What the host wants of every instance, whatever its groups say: Egress, HostServices, and the scalars OnDeny, OnRevoke and Quotas.
#include "compiler/parse/fields.h"
#include "compiler/parse/portcullis.h"
#include "compiler/parse/traffic.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kMostHalfOpen = 65'536;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

void parse_deny_cidr(const JsonCursor& entry, Declarations& declared) {
    const bool is_object = !entry.is_string();
    if (is_object) {
        check_keys(entry, {"Cidr", "NewOnly"});
    }
    if (is_object && !entry.is_object()) {
        return;
    }
    const auto prefix = parse_cidr(is_object ? entry.required("Cidr") : entry, std::nullopt);
    const bool is_new_only = is_object && entry.member("NewOnly").boolean().value_or(false);
    if (prefix) {
        declared.deny_cidrs.push_back({.deny = {.prefix = *prefix, .new_only = is_new_only}, .position = entry.position()});
    }
}

void parse_host_service(const JsonCursor& entry, std::vector<HostService>& services) {
    check_keys(entry, {"Protocol", "Port"});
    const auto protocol = parse_one_protocol(entry.required("Protocol"));
    const auto port = parse_port_number(entry.member("Port"));
    if (!protocol) {
        return;
    }
    const bool has_ports = *protocol == kTcp || *protocol == kUdp;
    const bool gives_port = entry.member("Port").is_given();
    if (has_ports && !gives_port) {
        entry.error("Port is missing");
    } else if (!has_ports && gives_port) {
        entry.member("Port").error("only tcp and udp have ports");
    } else {
        services.push_back({.protocol = *protocol, .port = port});
    }
}

}  // namespace

void SettingReader::add(const JsonCursor& value, Setting setting, std::uint32_t number, std::string text) const {
    declared_->settings.push_back(
        {.owner = owner_, .setting = setting, .value = number, .text = std::move(text), .position = value.position()});
}

void SettingReader::flag(const JsonCursor& value, Setting setting) const {
    if (const auto flag = value.boolean()) {
        add(value, setting, *flag ? 1 : 0, *flag ? "true" : "false");
    }
}

void SettingReader::word(const JsonCursor& value, Setting setting, Words words) const {
    const auto word = value.text();
    if (word && *word != words.zero && *word != words.one) {
        value.error(quoted(*word) + " is neither " + std::string(words.zero) + " nor " + std::string(words.one));
    } else if (word) {
        add(value, setting, *word == words.one ? 1 : 0, quoted(*word));
    }
}

void SettingReader::count(const JsonCursor& value, Setting setting, std::uint32_t most) const {
    const auto count = value.integer();
    if (count && (*count < 1 || *count > most)) {
        value.error(std::to_string(*count) + " is not a number of flows (1-" + std::to_string(most) + ")");
    } else if (count) {
        add(value, setting, static_cast<std::uint32_t>(*count), std::to_string(*count));
    }
}

void parse_shared_settings(const JsonCursor& object, const SettingReader& reader) {
    const JsonCursor on_deny = object.member("OnDeny");
    check_keys(on_deny, {"Action", "Log"});
    reader.word(on_deny.member("Action"), Setting::Rejects, {"drop", "reject"});
    reader.flag(on_deny.member("Log"), Setting::Logs);
    reader.word(object.member("OnRevoke"), Setting::Cuts, {"keep", "cut"});
    const JsonCursor quotas = object.member("Quotas");
    reader.count(quotas.member("FlowsPerPort"), Setting::FlowsPerPort, kMostFlows);
    reader.count(quotas.member("HalfOpenPerPort"), Setting::HalfOpenPerPort, kMostHalfOpen);
}

void parse_egress(const JsonCursor& egress, Declarations& declared) {
    check_keys(egress, {"DenyCidrs", "IsolateInstances"});
    const JsonCursor list = egress.member("DenyCidrs");
    for (const JsonCursor& entry : given_elements(list)) {
        parse_deny_cidr(entry, declared);
    }
    SettingReader(Owner{}, declared).flag(egress.member("IsolateInstances"), Setting::IsolatesInstances);
}

void parse_host_services(const JsonCursor& list, Declarations& declared) {
    if (!list.is_given()) {
        return;
    }
    // An empty list is given all the same: nothing of the host may be reached then.
    auto& services = declared.model.host_services;
    if (!services) {
        services.emplace();
    }
    for (const JsonCursor& entry : list.objects()) {
        parse_host_service(entry, *services);
    }
}

}  // namespace portcullis
