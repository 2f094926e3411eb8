// SPDX-License-Identifier: Apache-2.0
// Does to a MapImage what bpf/abi.h says the programs do to the maps: the reading half of the layout, written from its comments alone.
#pragma once

#include <cstring>
#include <map>
#include <optional>
#include <tuple>

#include "compiler/lower_bpf/lower_bpf.h"

namespace portcullis::test {

class MapInterpreter {
   public:
    explicit MapInterpreter(const MapImage& image) : image_(image) {
        for (const auto& [key, decision] : image.port_sets) {
            port_sets_[{key.set, key.protocol, key.length, key.port}] = decision;
        }
        for (const auto& [key, set] : image.group_sets) {
            group_sets_[{key.policy, key.group}] = set;
        }
        policies_.insert(image.policies.begin(), image.policies.end());
        heads_.insert(image.set_heads.begin(), image.set_heads.end());
        owners_.insert(image.owners.begin(), image.owners.end());
        interfaces_.insert(image.interfaces.begin(), image.interfaces.end());
    }

    // {0, 0} where nobody has the address.
    [[nodiscard]] OwnerRow find_owner(std::uint32_t zone, const Address& remote) const {
        const auto number = remote.family == Family::Ipv4
                                ? longest_match<pc_member4_key>(image_.members4, &pc_member4_key::zone, zone, remote)
                                : longest_match<pc_member6_key>(image_.members6, &pc_member6_key::zone, zone, remote);
        return number ? owners_.at(*number) : OwnerRow{};
    }

    [[nodiscard]] bool is_own(std::uint32_t set, const Address& address) const { return find_address(set, address) == 1u; }

    // What an address set says of the address; 0: nothing.
    [[nodiscard]] std::uint32_t find_address(std::uint32_t set, const Address& address) const {
        const auto value = address.family == Family::Ipv4
                               ? longest_match<pc_address4_key>(image_.addresses4, &pc_address4_key::address_set, set, address)
                               : longest_match<pc_address6_key>(image_.addresses6, &pc_address6_key::address_set, set, address);
        return value.value_or(0);
    }

    // None where the set has no such entry.
    [[nodiscard]] std::optional<pc_service> find_service(pc_service_key key) const {
        for (const auto& [entry, value] : image_.services) {
            if (std::memcmp(&entry, &key, sizeof key) == 0) {
                return value;
            }
        }
        return std::nullopt;
    }

    // The decision of a policy about a remote address that `interface` has (0: none), a protocol, and a port or type << 8 | code.
    struct Query {
        std::uint32_t policy = 0;
        Address remote;
        std::uint32_t interface = 0;
        std::uint8_t protocol = 0;
        std::uint16_t port = 0;
        bool has_unknown_ports = false;
    };
    [[nodiscard]] std::uint32_t decide(const Query& query) const {
        if (query.policy == 0) {
            return 0;
        }
        const pc_policy& policy = policies_.at(query.policy);
        const std::uint32_t set = find_set(policy, query.remote);
        const std::uint32_t decision = set == 0 ? 0 : decide_set(set, query);
        if (decision != 0 || query.interface == 0 || (policy.flags & PC_POLICY_GROUPS) == 0) {
            return decision;
        }
        for (const std::uint32_t group : interfaces_.at(query.interface).groups) {
            const auto of_group = group_sets_.find({query.policy, group});
            if (of_group == group_sets_.end()) {
                continue;
            }
            if (const std::uint32_t by_group = decide_set(of_group->second, query); by_group != 0) {
                return by_group;
            }
        }
        return 0;
    }

    // 7.5: the decision of the rules from literally anywhere.
    [[nodiscard]] std::uint32_t decide_literal(const Query& query) const {
        if (query.policy == 0) {
            return 0;
        }
        const std::uint32_t set = policies_.at(query.policy).literal_set[query.remote.family == Family::Ipv4 ? PC_IPV4 : PC_IPV6];
        return set == 0 ? 0 : decide_set(set, query);
    }

   private:
    template <class Key>
    static std::optional<std::uint32_t> longest_match(const MapImage::Entries<Key, std::uint32_t>& entries, std::uint32_t Key::*fixed,
                                                      std::uint32_t value, const Address& address) {
        std::optional<std::uint32_t> best;
        std::uint32_t longest = 0;
        for (const auto& [key, entry] : entries) {
            if (key.*fixed == value && (!best || key.prefixlen > longest) && covers(key, address)) {
                best = entry;
                longest = key.prefixlen;
            }
        }
        return best;
    }
    template <class Key>
    static bool covers(const Key& key, const Address& address) {
        std::uint8_t bytes[16] = {};
        std::memcpy(bytes, &key.address, sizeof key.address);
        for (std::uint32_t bit = 0; bit + 32 < key.prefixlen; ++bit) {
            if (((bytes[bit / 8] ^ address.bytes[bit / 8]) >> (7 - bit % 8) & 1) != 0) {
                return false;
            }
        }
        return true;
    }
    [[nodiscard]] std::uint32_t find_set(const pc_policy& policy, const Address& remote) const {
        std::optional<std::uint32_t> set;
        if (remote.family == Family::Ipv4 && (policy.flags & PC_POLICY_CIDRS4) != 0) {
            set = longest_match<pc_cidr4_key>(image_.cidrs4, &pc_cidr4_key::policy, policy.number, remote);
        }
        if (remote.family == Family::Ipv6 && (policy.flags & PC_POLICY_CIDRS6) != 0) {
            set = longest_match<pc_cidr6_key>(image_.cidrs6, &pc_cidr6_key::policy, policy.number, remote);
        }
        return set.value_or(policy.default_set[remote.family == Family::Ipv4 ? PC_IPV4 : PC_IPV6]);
    }
    static std::optional<std::size_t> index_of(std::uint8_t protocol) {
        switch (protocol) {
            case 6:
                return PC_LENGTHS_TCP;
            case 17:
                return PC_LENGTHS_UDP;
            case 1:
                return PC_LENGTHS_ICMP;
            case 58:
                return PC_LENGTHS_ICMPV6;
            default:
                return std::nullopt;
        }
    }
    [[nodiscard]] std::uint32_t decide_set(std::uint32_t set, const Query& query) const {
        const pc_set_head& head = heads_.at(set);
        const auto index = index_of(query.protocol);
        if (index && query.has_unknown_ports) {
            return head.unknown_ports[*index];
        }
        const std::uint32_t lengths = index ? head.lengths[*index] : (head.has_others != 0 ? 1 : 0);
        for (std::uint32_t length = 0; length <= 16; ++length) {
            const auto masked = static_cast<std::uint16_t>(query.port & (0xffff0000u >> length));
            const auto found = port_sets_.find({set, query.protocol, static_cast<std::uint8_t>(length), masked});
            if ((lengths >> length & 1) != 0 && found != port_sets_.end()) {
                return found->second;
            }
        }
        return head.any;
    }

    const MapImage& image_;
    std::map<std::tuple<std::uint32_t, std::uint8_t, std::uint8_t, std::uint16_t>, std::uint32_t> port_sets_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> group_sets_;
    std::map<std::uint32_t, pc_policy> policies_;
    std::map<std::uint32_t, pc_set_head> heads_;
    std::map<std::uint32_t, OwnerRow> owners_;
    std::map<std::uint32_t, InterfaceRow> interfaces_;
};

}  // namespace portcullis::test
