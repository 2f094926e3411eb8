// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 6, 7.5, 8, 9.4 and 13.1 asked of the model as it stands, by going through everything: what lowered maps must say too.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/rule_label.h"
#include "core/verdict.h"

namespace portcullis::test {

struct NaivePacket {
    const NetworkInterface* port = nullptr;
    Direction direction = Direction::Outbound;
    Address remote;
    std::uint8_t protocol = 0;
    std::uint16_t point = 0;  // destination port, or type << 8 | code
    bool has_unknown_ports = false;
};

class NaiveRules {
   public:
    explicit NaiveRules(const Model& model) : model_(model) {}

    [[nodiscard]] const NetworkInterface& interface(const std::string& id) const {
        return *std::ranges::find(model_.network_interfaces, id, &NetworkInterface::id);
    }
    [[nodiscard]] std::vector<Prefix> prefixes_of(const NetworkInterface& interface) const {
        std::vector<Prefix> prefixes = interface.delegated_prefixes;
        std::ranges::transform(interface.addresses, std::back_inserter(prefixes), Prefix::host);
        const auto claim = std::ranges::find(model_.ports, interface.id, &PortClaim::network_interface_id);
        if (claim != model_.ports.end()) {
            std::ranges::transform(claim->allowed_addresses, std::back_inserter(prefixes), &AllowedAddress::prefix);
        }
        return prefixes;
    }
    // 4.1
    [[nodiscard]] bool is_own(const NetworkInterface& interface, const Address& address) const {
        return interface.mac->link_local() == address || longest(prefixes_of(interface), address) >= 0;
    }
    // 6.4, 6.7: of a VPC, the interfaces whose prefix is the longest.
    [[nodiscard]] std::vector<const NetworkInterface*> owners(const std::string& vpc_id, const Address& address) const {
        std::vector<const NetworkInterface*> owners;
        int best = 0;
        for (const NetworkInterface& interface : model_.network_interfaces) {
            const int length = interface.vpc_id == vpc_id ? longest(prefixes_of(interface), address) : -1;
            if (length > best) {
                owners.clear();
                best = length;
            }
            if (length >= best) {
                owners.push_back(&interface);
            }
        }
        return owners;
    }
    [[nodiscard]] bool is_any_instance(const Address& address) const {
        return std::ranges::any_of(model_.network_interfaces, [&](const NetworkInterface& i) { return is_own(i, address); });
    }

    // Labels of all rules that allow the packet.
    [[nodiscard]] std::vector<std::string> allowing(const NaivePacket& packet, bool only_literal = false) const {
        std::vector<std::string> labels;
        for (const SecurityGroup& group : model_.security_groups) {
            for (const SecurityGroupRule& rule : group.rules[static_cast<std::size_t>(packet.direction)]) {
                const bool is_from = only_literal ? is_literal(rule, packet.remote.family) : matches_source(rule, packet);
                if (carries(*packet.port, group.id) && is_from && matches(rule.traffic, packet, false)) {
                    labels.push_back(rule_label(group, packet.direction, rule));
                }
            }
        }
        return labels;
    }
    // 7.5: whether one literal rule is for all ports.
    [[nodiscard]] bool is_wide(const NaivePacket& packet) const {
        NaivePacket any_port = packet;
        any_port.has_unknown_ports = true;
        return !allowing(any_port, true).empty();
    }

    // 8.1
    [[nodiscard]] bool is_in_subnet(const NaivePacket& packet) const {
        const NetworkInterface& port = *packet.port;
        const auto members = owners(port.vpc_id, packet.remote);
        if (!members.empty()) {
            return std::ranges::all_of(members, [&](const auto* member) { return member->subnet_id == port.subnet_id; });
        }
        const Subnet* nearest = nullptr;
        int best = -1;
        for (const Subnet& subnet : model_.subnets) {
            const int length = subnet.vpc_id == port.vpc_id ? longest(subnet.cidrs, packet.remote) : -1;
            if (length > best) {
                best = length;
                nearest = &subnet;
            }
        }
        return nearest != nullptr && nearest->id == port.subnet_id;
    }
    // 8.2: the label with a word in front; empty where nothing matches.
    [[nodiscard]] std::string acl_decision(const NaivePacket& packet) const {
        const NetworkAcl* const acl = acl_of(*packet.port);
        const NetworkAclEntry* best = nullptr;
        for (const NetworkAclEntry& entry : acl != nullptr ? acl->entries[static_cast<std::size_t>(packet.direction)] : kNone) {
            const bool is_match = entry.cidr.contains(packet.remote) && matches(entry.traffic, packet, !entry.allow);
            if (is_match && (best == nullptr || entry.number < best->number)) {
                best = &entry;
            }
        }
        return best == nullptr ? "" : (best->allow ? "allow " : "deny ") + rule_label(*acl, packet.direction, *best);
    }

    enum class Denial : std::uint8_t { None, All, NewOnly };
    // 13.1
    [[nodiscard]] Denial denial_of(const Address& address) const {
        Denial denial = Denial::None;
        for (const DenyCidr& deny : model_.deny_cidrs) {
            if (deny.prefix.contains(address) && denial != Denial::All) {
                denial = deny.new_only ? Denial::NewOnly : Denial::All;
            }
        }
        return denial;
    }

   private:
    inline static const std::vector<NetworkAclEntry> kNone;

    static int longest(const std::vector<Prefix>& prefixes, const Address& address) {
        int best = -1;
        for (const Prefix& prefix : prefixes) {
            best = prefix.contains(address) ? std::max<int>(best, prefix.length) : best;
        }
        return best;
    }
    static bool carries(const NetworkInterface& interface, const std::string& group) {
        return std::ranges::find(interface.group_ids, group) != interface.group_ids.end();
    }
    static bool is_literal(const SecurityGroupRule& rule, Family family) {
        const auto* const prefix = std::get_if<Prefix>(&rule.source);
        return prefix != nullptr && prefix->length == 0 && prefix->family() == family;
    }
    [[nodiscard]] bool matches_source(const SecurityGroupRule& rule, const NaivePacket& packet) const {
        if (const auto* const prefix = std::get_if<Prefix>(&rule.source)) {
            return prefix->contains(packet.remote);
        }
        if (const auto* const list = std::get_if<PrefixListReference>(&rule.source)) {
            return std::ranges::any_of(model_.prefix_lists, [&](const PrefixList& known) {
                return known.id == list->prefix_list_id && known.is_known && longest(known.cidrs, packet.remote) >= 0;
            });
        }
        const std::string& group_id = std::get<GroupReference>(rule.source).group_id;
        const auto group = std::ranges::find(model_.security_groups, group_id, &SecurityGroup::id);
        if (group == model_.security_groups.end() || (group->vpc_id != packet.port->vpc_id && is_in_vpc(packet))) {
            return false;
        }
        const auto members = owners(group->vpc_id, packet.remote);
        return std::ranges::any_of(members, [&](const auto* member) { return carries(*member, group_id); });
    }
    [[nodiscard]] bool is_in_vpc(const NaivePacket& packet) const {
        return longest(std::ranges::find(model_.vpcs, packet.port->vpc_id, &Vpc::id)->cidrs, packet.remote) >= 0;
    }
    [[nodiscard]] const NetworkAcl* acl_of(const NetworkInterface& port) const {
        const NetworkAcl* fallback = nullptr;
        for (const NetworkAcl& acl : model_.network_acls) {
            if (std::ranges::find(acl.subnet_ids, port.subnet_id) != acl.subnet_ids.end()) {
                return &acl;
            }
            fallback = acl.is_default && acl.vpc_id == port.vpc_id ? &acl : fallback;
        }
        return fallback;
    }
    static bool matches(const Traffic& traffic, const NaivePacket& packet, bool denies) {
        if (traffic.protocol == Traffic::kAnyProtocol) {
            return true;
        }
        if (traffic.protocol != packet.protocol) {
            return false;
        }
        const bool is_icmp = packet.protocol == 1 || packet.protocol == 58;
        if (is_icmp && traffic.icmp_type == -1) {
            return traffic.icmp_code == -1;
        }
        if (is_icmp) {
            const bool is_code = traffic.icmp_code == -1 || traffic.icmp_code == (packet.point & 0xff);
            return packet.has_unknown_ports ? denies : traffic.icmp_type == packet.point >> 8 && is_code;
        }
        if (packet.protocol != 6 && packet.protocol != 17) {
            return true;
        }
        const bool is_full = traffic.from_port == 0 && traffic.to_port == 65535;
        return packet.has_unknown_ports ? is_full || denies : traffic.from_port <= packet.point && packet.point <= traffic.to_port;
    }

    const Model& model_;
};

}  // namespace portcullis::test
