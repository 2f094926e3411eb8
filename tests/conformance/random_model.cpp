// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/random_model.h"

#include <algorithm>
#include <set>
#include <string>

#include "tests/conformance/random_policy.h"
#include "tests/support/packet.h"

namespace portcullis::test {
namespace {

constexpr std::size_t kOutbound = 0;
constexpr std::size_t kInbound = 1;

class ModelMaker {
   public:
    explicit ModelMaker(RandomSource& random) : random_(random) {}

    Model make() {
        refers_across_vpcs_ = random_.chance(40);
        add_network("vpc-1", "10.0.0.0/16", "2001:db8:1::/56");
        // The second VPC has addresses of its own, or the very same ones.
        const bool is_twin = random_.chance(30);
        add_network("vpc-2", is_twin ? "10.0.0.0/16" : "10.1.0.0/16", is_twin ? "2001:db8:1::/56" : "2001:db8:2::/56");
        add_groups();
        add_interfaces();
        add_prefix_lists();
        add_rules(model_);
        add_acls();
        model_.bridges.push_back({.device = "br0", .uplinks = {"up0"}});
        add_random_policies(model_, random_);
        return std::move(model_);
    }

    Model change(const Model& model) {
        model_ = model;
        refers_across_vpcs_ = random_.chance(30);
        for (SecurityGroup& group : model_.security_groups) {
            if (random_.chance(40)) {
                group.rules[kOutbound].clear();
                group.rules[kInbound].clear();
                add_rules_of(group);
            }
        }
        for (NetworkInterface& interface : model_.network_interfaces) {
            if (random_.chance(30)) {
                join_groups(interface);
            }
            if (random_.chance(15)) {
                move_address(interface);
            }
            if (random_.chance(10)) {
                interface.source_dest_check = !interface.source_dest_check;
            }
        }
        if (random_.chance(50)) {
            add_acls();
        }
        if (random_.chance(50)) {
            add_random_policies(model_, random_);
        }
        return std::move(model_);
    }

   private:
    void add_network(const std::string& id, const char* block4, const char* block6) {
        const Prefix v4 = prefix(block4);
        const Prefix v6 = prefix(block6);
        model_.vpcs.push_back({.id = id, .cidrs = {v4, v6}});
        const std::uint32_t subnets = random_.between(1, 3);
        for (std::uint32_t i = 0; i < subnets; ++i) {
            Address base6 = v6.address;
            base6.bytes[7] = static_cast<std::uint8_t>(i);
            model_.subnets.push_back({.id = id + "-subnet-" + std::to_string(i),
                                      .vpc_id = id,
                                      .cidrs = {Prefix::of(offset_address(v4.address, i << 8), random_.one_of<std::uint8_t>({24, 25, 26})),
                                                Prefix::of(base6, 64)}});
        }
    }

    void add_groups() {
        for (const Vpc& vpc : model_.vpcs) {
            const std::uint32_t groups = random_.between(1, 4);
            for (std::uint32_t i = 0; i < groups; ++i) {
                const std::string id = "sg-" + vpc.id.substr(4) + "-" + std::to_string(i);
                model_.security_groups.push_back({.id = id, .name = id, .vpc_id = vpc.id});
            }
        }
    }

    void add_interfaces() {
        const std::uint32_t count = random_.between(kRandomPorts, kRandomPorts + 4);
        for (std::uint32_t i = 0; i < count; ++i) {
            const Subnet& subnet = random_.pick(model_.subnets);
            NetworkInterface interface { .id = "eni-" + std::to_string(i), .vpc_id = subnet.vpc_id, .subnet_id = subnet.id };
            interface.mac = Mac{{0x02, 0, 0, 0, 0, static_cast<std::uint8_t>(i + 1)}};
            give_addresses(interface, subnet);
            join_groups(interface);
            set_timeouts(interface);
            interface.source_dest_check = random_.chance(80);
            if (i < kRandomPorts) {
                model_.ports.push_back({.network_interface_id = interface.id, .device = "p" + std::to_string(i + 1)});
            }
            model_.network_interfaces.push_back(std::move(interface));
        }
    }

    // Each address once in its VPC: the lower half of the subnet for addresses, the upper for delegated prefixes.
    void give_addresses(NetworkInterface& interface, const Subnet& subnet) {
        const auto add = [&](const Address& base, std::uint32_t most) {
            const Address address = offset_address(base, random_.between(4, most));
            if (taken_.insert({interface.vpc_id, Prefix::host(address)}).second) {
                interface.addresses.push_back(address);
            }
        };
        if (random_.chance(5)) {
            return;  // docs/semantics.md 4.2
        }
        const std::uint32_t own4 = random_.between(1, 3);
        for (std::uint32_t i = 0; i < own4 || interface.addresses.empty(); ++i) {
            add(subnet.cidrs[0].address, 30);
        }
        const std::uint32_t own6 = random_.below(3);
        for (std::uint32_t i = 0; i < own6; ++i) {
            add(subnet.cidrs[1].address, 30);
        }
        const auto delegate = [&](const Prefix& delegated) {
            if (random_.chance(25) && taken_.insert({interface.vpc_id, delegated}).second) {
                interface.delegated_prefixes.push_back(delegated);
            }
        };
        delegate(Prefix::of(offset_address(subnet.cidrs[0].address, random_.one_of({32u, 48u})), 28));
        Address block6 = subnet.cidrs[1].address;
        block6.bytes[9] = static_cast<std::uint8_t>(random_.between(1, 2));
        delegate(Prefix::of(block6, 80));
    }

    // The interface's last address goes: to another interface of the VPC, or out of the model.
    void move_address(NetworkInterface& interface) {
        if (interface.addresses.empty()) {
            return;
        }
        const Address moved = interface.addresses.back();
        interface.addresses.pop_back();
        NetworkInterface& other = model_.network_interfaces[random_.below(model_.network_interfaces.size())];
        if (other.vpc_id == interface.vpc_id && random_.chance(70)) {
            other.addresses.push_back(moved);
        }
    }

    void join_groups(NetworkInterface& interface) {
        interface.group_ids.clear();
        for (const SecurityGroup& group : model_.security_groups) {
            if (group.vpc_id == interface.vpc_id && random_.chance(50)) {
                interface.group_ids.push_back(group.id);
            }
        }
    }

    // Far from every sum of 47 seconds, which is what packets wait (random_packet.h).
    void set_timeouts(NetworkInterface& interface) {
        if (random_.chance(30)) {
            interface.tracking = {.tcp_established_s = random_.one_of({60u, 350u, 86'400u}),
                                  .udp_s = random_.one_of({30u, 60u}),
                                  .udp_stream_s = random_.one_of({60u, 120u, 180u})};
        }
    }

    void add_prefix_lists() {
        for (std::uint32_t i = 0; i < 3; ++i) {
            PrefixList list{.id = "pl-" + std::to_string(i), .is_known = i != 2};
            const std::uint32_t entries = list.is_known ? random_.between(1, 5) : 0;
            for (std::uint32_t entry = 0; entry < entries; ++entry) {
                const Prefix cidr = random_prefix(i == 0 ? Family::Ipv4 : Family::Ipv6);
                if (std::find(list.cidrs.begin(), list.cidrs.end(), cidr) == list.cidrs.end()) {
                    list.cidrs.push_back(cidr);
                }
            }
            model_.prefix_lists.push_back(std::move(list));
        }
    }

    void add_rules(Model& model) {
        for (SecurityGroup& group : model.security_groups) {
            add_rules_of(group);
        }
    }

    // EC2 gives an id to every rule of a group, or the documents to none.
    void add_rules_of(SecurityGroup& group) {
        const bool has_ids = random_.chance(30);
        for (const std::size_t direction : {kOutbound, kInbound}) {
            const std::uint32_t rules = random_.below(9);
            for (std::uint32_t i = 0; i < rules; ++i) {
                add_rule(group.rules[direction], {.traffic = random_traffic(), .source = random_source(group.vpc_id)});
            }
            if (random_.chance(45)) {
                add_rule(group.rules[direction], {.source = prefix(random_.chance(70) ? "0.0.0.0/0" : "::/0")});
            }
            for (std::size_t i = 0; has_ids && i < group.rules[direction].size(); ++i) {
                group.rules[direction][i].id = "sgr-" + std::to_string(next_rule_++);
            }
        }
    }

    // A group holds a rule once.
    static void add_rule(std::vector<SecurityGroupRule>& rules, SecurityGroupRule rule) {
        const bool is_known = std::any_of(rules.begin(), rules.end(), [&](const SecurityGroupRule& other) {
            return other.traffic == rule.traffic && other.source == rule.source;
        });
        if (!is_known) {
            rules.push_back(std::move(rule));
        }
    }

    RuleSource random_source(const std::string& vpc_id) {
        const std::uint32_t kind = random_.below(100);
        if (kind < 55) {
            return random_prefix(random_.chance(70) ? Family::Ipv4 : Family::Ipv6);
        }
        if (kind < 70) {
            return PrefixListReference{.prefix_list_id = random_.one_of({"pl-0", "pl-1", "pl-2", "pl-none"})};
        }
        if (random_.chance(5)) {
            return GroupReference{.group_id = "sg-none"};
        }
        const SecurityGroup& referenced = random_.pick(model_.security_groups);
        if (refers_across_vpcs_ || referenced.vpc_id == vpc_id) {
            return GroupReference{.group_id = referenced.id};
        }
        return random_prefix(Family::Ipv4);
    }

    Prefix random_prefix(Family family) { return test::random_prefix(model_, family, random_); }

    Traffic random_traffic() {
        Traffic traffic{.protocol = random_.one_of<std::int16_t>({-1, -1, 6, 6, 6, 6, 17, 17, 17, 1, 58, 58, 47, 50, 132, 0, 255})};
        if (traffic.protocol == 6 || traffic.protocol == 17) {
            const std::uint16_t a = random_.pick(interesting_ports());
            const std::uint16_t b = random_.chance(50) ? a : random_.pick(interesting_ports());
            traffic.from_port = std::min(a, b);
            traffic.to_port = std::max(a, b);
        }
        if ((traffic.protocol == 1 || traffic.protocol == 58) && random_.chance(70)) {
            traffic.icmp_type = traffic.protocol == 1 ? random_.one_of<std::int16_t>({0, 3, 8, 11, 13})
                                                      : random_.one_of<std::int16_t>({1, 2, 128, 129, 255});
            traffic.icmp_code = random_.one_of<std::int16_t>({-1, -1, 0, 4, 255});
        }
        return traffic;
    }

    void add_acls() {
        model_.network_acls.clear();
        model_.has_network_acls = random_.chance(75);
        if (!model_.has_network_acls) {
            return;
        }
        for (const Vpc& vpc : model_.vpcs) {
            NetworkAcl fallback = random_acl("acl-" + vpc.id.substr(4), vpc.id);
            fallback.is_default = true;
            model_.network_acls.push_back(std::move(fallback));
        }
        for (const Subnet& subnet : model_.subnets) {
            if (random_.chance(40)) {
                NetworkAcl acl = random_acl("acl-" + subnet.id, subnet.vpc_id);
                acl.subnet_ids.push_back(subnet.id);
                model_.network_acls.push_back(std::move(acl));
            }
        }
    }

    NetworkAcl random_acl(const std::string& id, const std::string& vpc_id) {
        NetworkAcl acl{.id = id, .vpc_id = vpc_id};
        for (const std::size_t direction : {kOutbound, kInbound}) {
            for (std::uint16_t number = 10; random_.chance(80); number = static_cast<std::uint16_t>(number + 10)) {
                acl.entries[direction].push_back({.number = number,
                                                  .allow = random_.chance(60),
                                                  .traffic = random_traffic(),
                                                  .cidr = random_prefix(random_.chance(70) ? Family::Ipv4 : Family::Ipv6)});
            }
            if (random_.chance(75)) {
                acl.entries[direction].push_back({.number = 32'000, .allow = true, .cidr = prefix("0.0.0.0/0")});
                acl.entries[direction].push_back({.number = 32'001, .allow = true, .cidr = prefix("::/0")});
            }
            // The order of the documents means nothing.
            std::reverse(acl.entries[direction].begin(), acl.entries[direction].end());
        }
        return acl;
    }

    RandomSource& random_;
    Model model_;
    std::set<std::pair<std::string, Prefix>> taken_;
    std::uint32_t next_rule_ = 1;
    bool refers_across_vpcs_ = false;
};

}  // namespace

Model random_model(RandomSource& random) { return ModelMaker(random).make(); }
Model changed_model(const Model& model, RandomSource& random) { return ModelMaker(random).change(model); }

}  // namespace portcullis::test
