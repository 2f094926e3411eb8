// SPDX-License-Identifier: Apache-2.0
// Addresses, prefixes and ports that a random model (random_model.h) is about.
#include "tests/conformance/random_model.h"
#include "tests/conformance/random_policy.h"
#include "tests/support/packet.h"

namespace portcullis::test {
namespace {

void collect(std::vector<Address>& into, const std::vector<Prefix>& prefixes) {
    for (const Prefix& one : prefixes) {
        into.push_back(one.address);
    }
}

void collect_services(std::vector<Address>& into, const Services& services) {
    for (const Service& service : services.listed) {
        into.push_back(service.address);
    }
    for (const DhcpServer& server : services.dhcp_servers) {
        into.push_back(server.address);
    }
    for (const Router& router : services.routers) {
        into.insert(into.end(), router.addresses.begin(), router.addresses.end());
    }
}

void collect_policies(std::vector<Address>& into, const Model& model) {
    into.insert(into.end(), random_host().addresses.begin(), random_host().addresses.end());
    collect_services(into, model.services);
    for (const Bridge& bridge : model.bridges) {
        collect_services(into, bridge.services);
    }
    for (const DenyCidr& denied : model.deny_cidrs) {
        into.push_back(denied.prefix.address);
    }
    for (const PortClaim& port : model.ports) {
        collect_services(into, port.services);
        collect(into, port.allowed_sources);
        for (const AllowedAddress& allowed : port.allowed_addresses) {
            into.push_back(allowed.prefix.address);
        }
    }
}

}  // namespace

// The address so many behind it, modulo its last 32 bits.
Address offset_address(Address base, std::uint32_t host) {
    const std::size_t end = address_bits(base.family) / 8u;
    for (std::size_t i = end; i-- > end - 4;) {
        host += base.bytes[i];
        base.bytes[i] = static_cast<std::uint8_t>(host);
        host = (host & 0x80000000u) != 0 ? (host >> 8) | 0xff000000u : host >> 8;
    }
    return base;
}

const std::vector<std::uint16_t>& interesting_ports() {
    static const std::vector<std::uint16_t> ports{0, 1, 22, 79, 80, 81, 443, 1023, 1024, 8080, 32767, 32768, 49152, 65534, 65535};
    return ports;
}

Prefix random_prefix(const Model& model, Family family, RandomSource& random) {
    const Address address = interesting_address(model, family, random);
    const std::uint8_t length = family == Family::Ipv4
                                    ? random.one_of<std::uint8_t>({0, 8, 15, 16, 23, 24, 25, 26, 28, 30, 31, 32})
                                    : random.one_of<std::uint8_t>({0, 10, 32, 48, 55, 56, 63, 64, 80, 96, 126, 127, 128});
    return Prefix::of(address, length);
}

Address interesting_address(const Model& model, Family family, RandomSource& random) {
    std::vector<Address> candidates{ip("203.0.113.7"), ip("0.0.0.0"), ip("2001:db8:ffff::7"), ip("::")};
    for (const Subnet& subnet : model.subnets) {
        collect(candidates, subnet.cidrs);
    }
    for (const PrefixList& list : model.prefix_lists) {
        collect(candidates, list.cidrs);
    }
    collect_policies(candidates, model);
    for (const NetworkInterface& interface : model.network_interfaces) {
        candidates.insert(candidates.end(), interface.addresses.begin(), interface.addresses.end());
        candidates.insert(candidates.end(), interface.addresses.begin(), interface.addresses.end());
        collect(candidates, interface.delegated_prefixes);
        if (interface.mac) {
            candidates.push_back(interface.mac->link_local());
        }
    }
    for (const SecurityGroup& group : model.security_groups) {
        for (const auto& rules : group.rules) {
            for (const SecurityGroupRule& rule : rules) {
                if (const auto* cidr = std::get_if<Prefix>(&rule.source)) {
                    candidates.push_back(cidr->address);
                }
            }
        }
    }
    std::erase_if(candidates, [&](const Address& address) { return address.family != family; });
    const Address chosen = random.pick(candidates);
    // Or what stands right before or behind it.
    return random.chance(75) ? chosen : offset_address(chosen, random.chance(50) ? 1u : 0xffffffffu);
}

}  // namespace portcullis::test
