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

// What a fragment without ports meets: "tcp allow LABEL; icmp deny LABEL".
inline std::string unknown_ports_text(const Ruleset& ruleset, const PortSet& set) {
    static const char* const kNames[] = {"tcp ", "udp ", "icmp ", "icmpv6 "};
    std::string text;
    for (std::size_t i = 0; i < set.unknown_ports.size(); ++i) {
        if (set.unknown_ports[i]) {
            text += (text.empty() ? "" : "; ") + (kNames[i] + text_of(ruleset, *set.unknown_ports[i]));
        }
    }
    return text;
}

// By family: "0.0.0.0/0 wide 1 0 SET".
inline std::string literal_text(const Ruleset& ruleset, const Policy& policy) {
    std::string text;
    for (std::size_t family = 0; family < 2; ++family) {
        if (policy.literal_set[family]) {
            text += std::string(family == 0 ? "0.0.0.0/0 wide " : "::/0 wide ") + (policy.is_wide[family][0] ? "1 " : "0 ") +
                    (policy.is_wide[family][1] ? "1 " : "0 ") + text_of(ruleset, ruleset.port_sets[*policy.literal_set[family]]) + "\n";
        }
    }
    return text;
}

inline std::string text_of(const Surroundings& around) {
    std::string text;
    for (const Service& service : around.services) {
        text +=
            "service " + service.address.to_string() + " " + std::to_string(service.protocol) + " " + std::to_string(service.port) + "\n";
    }
    for (const Address& address : around.echo) {
        text += "echo " + address.to_string() + "\n";
    }
    for (const DhcpServer& server : around.dhcp_servers) {
        text += "dhcp " + server.address.to_string() + " '" + server.device + "'\n";
    }
    for (const auto& [address, mac] : around.router_addresses) {
        text += "router " + address.to_string() + " " + mac.to_string() + "\n";
    }
    for (const Mac& mac : around.router_macs) {
        text += "router " + mac.to_string() + "\n";
    }
    for (const Address& address : around.multicast) {
        text += "multicast " + address.to_string() + "\n";
    }
    for (const std::uint16_t vid : around.vlans) {
        text += "vlan " + std::to_string(vid) + "\n";
    }
    for (const Mac& mac : around.macs) {
        text += "mac " + mac.to_string() + "\n";
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
    for (const PortSet& set : ruleset.port_sets) {
        text += unknown_ports_text(ruleset, set) + "\n";
    }
    for (const Policy& policy : ruleset.policies) {
        text += literal_text(ruleset, policy);
    }
    for (const Surroundings& around : ruleset.surroundings) {
        text += text_of(around);
    }
    for (const Port& port : ruleset.ports) {
        text += std::to_string(port.surroundings) + " ";
    }
    for (const auto& by_zone : ruleset.bridge_surroundings) {
        text += std::to_string(by_zone.size()) + ":";
        for (const Index around : by_zone) {
            text += std::to_string(around) + " ";
        }
    }
    for (const DenyCidr& deny : ruleset.deny_cidrs) {
        text += deny.prefix.to_string() + (deny.new_only ? " new only\n" : "\n");
    }
    for (const auto& [prefix, interface] : ruleset.instance_addresses) {
        text += prefix.to_string() + " " + ruleset.interfaces[interface].id + "\n";
    }
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
