// SPDX-License-Identifier: Apache-2.0
// Rulesets as text, for comparing and for failures that can be read.
#pragma once

#include <string>

#include "core/ruleset.h"

namespace portcullis::test {

inline std::string text_of(const Ruleset& ruleset, const Decision& decision) {
    return (decision.allow ? "allow " : "deny ") + ruleset.rules[decision.rule].label;
}

// "6:22-22 allow LABEL; any deny LABEL".
inline std::string text_of(const Ruleset& ruleset, const PortSet& set) {
    std::string text;
    for (const PortRange& range : set.ranges) {
        text += (text.empty() ? "" : "; ") + std::to_string(range.protocol) + ":" + std::to_string(range.from) + "-" +
                std::to_string(range.to) + " " + text_of(ruleset, range.decision);
    }
    if (set.any) {
        text += (text.empty() ? "any " : "; any ") + text_of(ruleset, *set.any);
    }
    return text;
}

// One line per prefix, default and group.
inline std::string text_of(const Ruleset& ruleset, const Policy& policy) {
    std::string text;
    const char* const kDefaults[] = {"0.0.0.0/0", "::/0"};
    for (std::size_t family = 0; family < 2; ++family) {
        if (policy.default_set[family]) {
            text += std::string(kDefaults[family]) + " " + text_of(ruleset, ruleset.port_sets[*policy.default_set[family]]) + "\n";
        }
    }
    for (const auto& [cidr, set] : policy.cidrs) {
        text += cidr.to_string() + " " + text_of(ruleset, ruleset.port_sets[set]) + "\n";
    }
    for (const auto& [group, set] : policy.groups) {
        text += ruleset.groups[group] + " " + text_of(ruleset, ruleset.port_sets[set]) + "\n";
    }
    return text;
}

inline std::string text_of(const Ruleset& ruleset, const AddressOwner& owner) {
    return ruleset.zones[owner.zone] + " " + owner.prefix.to_string() + " " +
           (owner.interface ? ruleset.interfaces[*owner.interface].id : "-") + " " + (owner.subnet ? ruleset.subnets[*owner.subnet] : "-");
}

inline std::string text_of(const Ruleset& ruleset, const InterfaceGroups& interface) {
    std::string text = interface.id;
    for (const Index group : interface.groups) {
        text += " " + ruleset.groups[group];
    }
    for (const Index member : interface.stands_for) {
        text += " =" + ruleset.interfaces[member].id;
    }
    return text;
}

inline std::string text_of(const Ruleset& ruleset, const Port& port) {
    std::string text = port.interface_id + " '" + port.device + "' " + ruleset.interfaces[port.interface].id + " " +
                       ruleset.zones[port.zone] + " " + ruleset.subnets[port.subnet] + " " + port.mac.to_string();
    for (const Prefix& own : port.addresses) {
        text += " " + own.to_string();
    }
    text += " " + std::to_string(port.tracking.tcp_established_s) + "/" + std::to_string(port.tracking.udp_s) + "/" +
            std::to_string(port.tracking.udp_stream_s) + " groups " + std::to_string(port.group_policy[0]) + "," +
            std::to_string(port.group_policy[1]);
    return text +
           (port.acl_policy ? " acl " + std::to_string((*port.acl_policy)[0]) + "," + std::to_string((*port.acl_policy)[1]) : " no acl");
}

inline std::string text_of(const Ruleset& ruleset) {
    std::string text;
    for (const Rule& rule : ruleset.rules) {
        text += rule.label + "|" + rule.owner_id + "|" + rule.rule_id + "\n";
    }
    const auto add_all = [&](const auto& items) {
        for (const auto& item : items) {
            text += text_of(ruleset, item) + "\n";
        }
    };
    add_all(ruleset.port_sets);
    add_all(ruleset.policies);
    add_all(ruleset.interfaces);
    add_all(ruleset.owners);
    add_all(ruleset.ports);
    for (const auto* ids : {&ruleset.groups, &ruleset.zones, &ruleset.subnets}) {
        for (const std::string& id : *ids) {
            text += id + "\n";
        }
    }
    for (const Bridge& bridge : ruleset.bridges) {
        text += bridge.device + "\n";
    }
    return text;
}

}  // namespace portcullis::test
