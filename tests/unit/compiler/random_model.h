// SPDX-License-Identifier: Apache-2.0
// Random models in a universe so small that prefixes nest, ranges overlap and VPCs share addresses. Seeded: the same seed, the same model.
// Those WithHostPolicies use the key `Portcullis` too: allowed addresses that overlap everything else, services, host policies.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/compiler/model_builder.h"

namespace portcullis::test {

enum class RandomKind : std::uint8_t { Plain, WithHostPolicies };

class RandomModel {
   public:
    explicit RandomModel(std::uint32_t seed, RandomKind kind = RandomKind::Plain) : random_(seed), kind_(kind) {
        for (int vpc = 0; vpc < kVpcs; ++vpc) {
            add_vpc(vpc);
        }
        for (int list = 0; list < 2; ++list) {
            model_.prefix_lists.push_back({.id = "pl-" + std::to_string(list), .is_known = list == 0, .cidrs = some_prefixes(4)});
        }
        for (int i = 0; i < kGroups; ++i) {
            SecurityGroup group{.id = "sg-" + std::to_string(i), .vpc_id = "vpc-" + std::to_string(i % kVpcs)};
            refill(group);
            model_.security_groups.push_back(std::move(group));
        }
        model_.has_network_acls = below(4) != 0;
        refill_host_policies();
    }

    [[nodiscard]] const Model& model() const { return model_; }
    std::uint32_t below(std::uint32_t limit) { return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(random_); }

    // Changes one thing: rules of a group, entries of an ACL, the groups of an interface, an address, or whether an interface exists.
    void edit() {
        if (below(4) == 0) {
            refill_host_policies();
        }
        NetworkInterface& interface = model_.network_interfaces[below(static_cast<std::uint32_t>(model_.network_interfaces.size()))];
        switch (below(5)) {
            case 0:
                return refill(model_.security_groups[below(static_cast<std::uint32_t>(model_.security_groups.size()))]);
            case 1:
                return refill(model_.network_acls[below(kVpcs)]);
            case 2:
                interface.group_ids = some_groups();
                return;
            case 3:
                interface.addresses.pop_back();
                return interface.addresses.empty() ? interface.addresses.push_back(fresh_address(interface.vpc_id)) : void();
            default:
                std::swap(interface, model_.network_interfaces.back());
                model_.network_interfaces.pop_back();
                return add_interface(static_cast<int>(below(kVpcs)));
        }
    }

    // Changes what edit() does not: a prefix list, names alone, the order of things, whether ACLs count, what an interface lacks, which ACL
    // a subnet has, or which groups there are.
    void edit_further() {
        NetworkInterface& interface = model_.network_interfaces[below(static_cast<std::uint32_t>(model_.network_interfaces.size()))];
        SecurityGroup& group = model_.security_groups[below(static_cast<std::uint32_t>(model_.security_groups.size()))];
        PrefixList& list = model_.prefix_lists[below(2)];
        NetworkAcl& acl = model_.network_acls[below(kVpcs)];
        switch (below(9)) {
            case 0:
                list.cidrs = some_prefixes(static_cast<int>(below(5)));
                return;
            case 1:
                list.is_known = !list.is_known;
                return;
            case 2:
                return rename_rules(group);
            case 3:
                std::ranges::shuffle(group.rules[below(2)], random_);
                std::ranges::shuffle(model_.security_groups, random_);
                std::ranges::shuffle(interface.group_ids, random_);
                return;
            case 4:
                model_.has_network_acls = !model_.has_network_acls;
                return;
            case 5:
                return interface.mac ? interface.mac.reset() : void(interface.mac = Mac{{2, 0, 0, 0, 1, 1}});
            case 6:
                acl.is_default = !acl.is_default;
                return acl.subnet_ids.clear();
            case 7:
                return group.rules[below(2)].clear();
            default:
                return come_or_go(group);
        }
    }

    // Addresses near the borders of the prefixes that occur.
    Address some_address() {
        if (below(3) == 0) {
            const NetworkInterface& interface =
                model_.network_interfaces[below(static_cast<std::uint32_t>(model_.network_interfaces.size()))];
            return interface.addresses.front();
        }
        Address address = some_prefix().address;
        const std::size_t last = address.family == Family::Ipv4 ? 3 : 15;
        for (std::size_t i = last - 1; i <= last; ++i) {
            address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] ^ (below(2) == 0 ? 0 : below(256)));
        }
        return address;
    }
    std::uint16_t some_port() {
        static constexpr std::uint16_t kBorders[] = {0,    1,    21,     22,     23,    255,   256,   1023,
                                                     1024, 1025, 0x0800, 0x0301, 32767, 32768, 65534, 65535};
        return below(4) == 0 ? static_cast<std::uint16_t>(below(65536)) : kBorders[below(std::size(kBorders))];
    }
    std::uint8_t some_protocol() {
        static constexpr std::uint8_t kProtocols[] = {6, 6, 6, 17, 17, 1, 58, 47, 0, 255};
        return kProtocols[below(std::size(kProtocols))];
    }

   private:
    static constexpr int kVpcs = 3;  // vpc-1 and vpc-2 have the same blocks
    static constexpr int kGroups = 8;

    static std::uint8_t second_byte(int vpc) { return vpc == 0 ? 0 : 1; }

    void add_vpc(int vpc) {
        const std::string id = "vpc-" + std::to_string(vpc);
        const Address block = Address::ipv4(10, second_byte(vpc), 0, 0);
        model_.vpcs.push_back(
            {.id = id, .cidrs = {Prefix::of(block, 16), prefix("2001:db8:" + std::to_string(second_byte(vpc)) + "::/48")}});
        for (std::uint8_t i = 0; i < 2; ++i) {
            const std::string subnet = "subnet-" + std::to_string(vpc) + std::to_string(i);
            model_.subnets.push_back({.id = subnet, .vpc_id = id, .cidrs = {Prefix::of(Address::ipv4(10, second_byte(vpc), i, 0), 24)}});
        }
        NetworkAcl acl{.id = "acl-" + std::to_string(vpc), .vpc_id = id, .is_default = below(3) != 0};
        if (below(2) == 0) {
            acl.subnet_ids.push_back("subnet-" + std::to_string(vpc) + "0");
        }
        refill(acl);
        model_.network_acls.push_back(std::move(acl));
        for (int i = 0; i < 4; ++i) {
            add_interface(vpc);
        }
    }

    void add_interface(int vpc) {
        const auto serial = static_cast<std::uint8_t>(next_interface_++);
        const std::string vpc_id = "vpc-" + std::to_string(vpc);
        NetworkInterface interface {
            .id = "eni-" + std::to_string(serial), .vpc_id = vpc_id,
            .subnet_id = "subnet-" + std::to_string(vpc) + std::to_string(below(2)), .mac = Mac{{2, 0, 0, 0, 0, serial}},
            .addresses = {fresh_address(vpc_id), fresh_address(vpc_id)}, .group_ids = some_groups()
        };
        if (below(3) == 0) {
            interface.delegated_prefixes.push_back(Prefix::of(Address::ipv4(10, second_byte(vpc), 200, serial), 32));
        }
        model_.network_interfaces.push_back(std::move(interface));
    }

    // Unused in its VPC; VPCs with the same blocks give out the same ones.
    Address fresh_address(const std::string& vpc_id) {
        const int vpc = vpc_id.back() - '0';
        const auto serial = static_cast<std::uint8_t>(next_address_[vpc]++);
        if (serial % 3 == 2) {
            return address("2001:db8:" + std::to_string(second_byte(vpc)) + "::" + std::to_string(serial));
        }
        return Address::ipv4(10, second_byte(vpc), serial % 2, serial);
    }

    std::vector<std::string> some_groups() {
        std::vector<std::string> ids;
        for (std::uint32_t i = below(4); i > 0; --i) {
            ids.push_back("sg-" + std::to_string(below(kGroups + 1)));
        }
        return ids;
    }

    Prefix some_prefix() {
        if (below(4) == 0) {
            static const Address kBase = address("2001:db8::");
            Address v6 = kBase;
            v6.bytes[5] = static_cast<std::uint8_t>(below(2));
            v6.bytes[15] = static_cast<std::uint8_t>(below(8));
            static constexpr std::uint8_t kLengths[] = {0, 32, 47, 48, 64, 125, 127, 128};
            return Prefix::of(v6, kLengths[below(std::size(kLengths))]);
        }
        static constexpr std::uint8_t kLengths[] = {0, 1, 8, 15, 16, 23, 24, 28, 31, 32};
        const Address v4 = Address::ipv4(10, static_cast<std::uint8_t>(below(2)), static_cast<std::uint8_t>(below(2)),
                                         static_cast<std::uint8_t>(below(16)));
        return Prefix::of(v4, kLengths[below(std::size(kLengths))]);
    }
    std::vector<Prefix> some_prefixes(int count) {
        std::vector<Prefix> prefixes;
        for (int i = 0; i < count; ++i) {
            prefixes.push_back(some_prefix());
        }
        return prefixes;
    }

    Traffic some_traffic() {
        Traffic traffic;
        if (below(6) == 0) {
            return traffic;
        }
        traffic.protocol = some_protocol();
        if (traffic.protocol == 6 || traffic.protocol == 17) {
            traffic.from_port = some_port();
            traffic.to_port = std::max(traffic.from_port, some_port());
        }
        if (traffic.protocol == 1 || traffic.protocol == 58) {
            static constexpr std::int16_t kTypes[] = {-1, 0, 3, 8, 255};
            static constexpr std::int16_t kCodes[] = {-1, -1, 0, 1, 255};
            traffic.icmp_type = kTypes[below(std::size(kTypes))];
            traffic.icmp_code = kCodes[below(std::size(kCodes))];
        }
        return traffic;
    }

    void refill(SecurityGroup& group) {
        for (auto& rules : group.rules) {
            rules.clear();
            for (std::uint32_t i = below(8); i > 0; --i) {
                SecurityGroupRule rule{.traffic = some_traffic(), .source = some_prefix()};
                const std::uint32_t kind = below(6);
                if (kind == 0) {
                    rule.source = PrefixListReference{"pl-" + std::to_string(below(3))};
                } else if (kind < 3) {
                    rule.source = GroupReference{"sg-" + std::to_string(below(kGroups + 1))};
                }
                // An id outlives what it names: EC2 changes rules in place.
                rule.id = below(2) == 0 ? "" : "sgr-" + group.id + "-" + std::to_string(&rules - group.rules) + "-" + std::to_string(i);
                rules.push_back(std::move(rule));
            }
        }
    }

    void rename_rules(SecurityGroup& group) {
        for (auto& rules : group.rules) {
            for (SecurityGroupRule& rule : rules) {
                rule.id = rule.id.empty() ? "sgr-named-" + std::to_string(next_name_++) : "";
            }
        }
    }

    // Enough of them stay for edit().
    void come_or_go(SecurityGroup& group) {
        if (model_.security_groups.size() > kGroups) {
            std::swap(group, model_.security_groups.back());
            return model_.security_groups.pop_back();
        }
        for (int i = 0; i <= kGroups; ++i) {
            SecurityGroup added{.id = "sg-" + std::to_string(i), .vpc_id = "vpc-" + std::to_string(i % kVpcs)};
            if (std::ranges::find(model_.security_groups, added.id, &SecurityGroup::id) == model_.security_groups.end()) {
                refill(added);
                return model_.security_groups.push_back(std::move(added));
            }
        }
    }

    void refill(NetworkAcl& acl) {
        for (auto& entries : acl.entries) {
            entries.clear();
            for (std::uint16_t number = 1; number < 12; ++number) {
                entries.push_back({.number = number, .allow = below(2) == 0, .traffic = some_traffic(), .cidr = some_prefix()});
            }
            std::ranges::shuffle(entries, random_);
        }
    }

    Services some_services() {
        Services services{.is_ec2 = below(3) == 0, .listed = {}, .dhcp_servers = {}, .routers = {}};
        for (std::uint32_t i = below(3); i > 0; --i) {
            const bool is_udp = below(2) == 0;
            services.listed.push_back(
                {.address = some_address(), .protocol = static_cast<std::uint8_t>(is_udp ? 17 : 6), .port = some_port()});
        }
        if (below(2) == 0) {
            static const char* const kDevices[] = {"", "host", "up0", "gone"};
            services.dhcp_servers.push_back({.address = some_address(), .device = kDevices[below(std::size(kDevices))]});
        }
        if (below(2) == 0) {
            services.routers.push_back(
                {.mac = Mac{{2, 9, 0, 0, 0, static_cast<std::uint8_t>(below(3))}}, .addresses = {some_address(), some_address()}});
        }
        return services;
    }

    PortClaim some_claim(const NetworkInterface& interface) {
        PortClaim claim{.network_interface_id = interface.id, .device = "tap-" + interface.id};
        for (std::uint32_t i = below(3); i > 0; --i) {
            AllowedAddress allowed{.prefix = some_prefix(), .mac = {}};
            if (below(2) == 0) {
                allowed.mac = Mac{{2, 8, 0, 0, 0, static_cast<std::uint8_t>(below(8))}};
            }
            claim.allowed_addresses.push_back(allowed);
        }
        claim.allowed_sources = some_prefixes(static_cast<int>(below(3)));
        claim.vlans = {static_cast<std::uint16_t>(below(3))};
        claim.track_all = below(2) == 0;
        claim.services = some_services();
        return claim;
    }

    void refill_host_policies() {
        if (kind_ == RandomKind::Plain) {
            return;
        }
        model_.ports.clear();
        for (NetworkInterface& interface : model_.network_interfaces) {
            interface.source_dest_check = below(2) == 0;
            if (below(2) == 0) {
                model_.ports.push_back(some_claim(interface));
            }
        }
        model_.bridges = {{.device = "br0", .services = some_services()}, {.device = "br1"}};
        model_.services = some_services();
        model_.deny_cidrs.clear();
        for (std::uint32_t i = below(6); i > 0; --i) {
            model_.deny_cidrs.push_back({.prefix = some_prefix(), .new_only = below(2) == 0});
        }
        model_.isolates_instances = below(2) == 0;
        model_.host_services.reset();
        if (below(2) == 0) {
            model_.host_services = {{.protocol = 6, .port = some_port()}, {.protocol = 47, .port = {}}};
        }
    }

    std::mt19937 random_;
    RandomKind kind_;
    Model model_;
    int next_interface_ = 1;
    int next_name_ = 1;
    int next_address_[kVpcs] = {1, 1, 5};  // vpc-1 and vpc-2 share some addresses, not all
};

}  // namespace portcullis::test
