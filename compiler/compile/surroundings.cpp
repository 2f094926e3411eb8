// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/surroundings.h"

#include <optional>

namespace portcullis {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint16_t kDns = 53;
constexpr std::uint16_t kHttp = 80;
constexpr std::uint16_t kNtp = 123;
constexpr std::uint16_t kKms = 1688;

constexpr Address link_local(std::uint8_t third, std::uint8_t last) { return {.family = Family::Ipv4, .bytes = {169, 254, third, last}}; }
// fd00:ec2::low, the low part as it is written.
constexpr Address unique_local(std::uint8_t high, std::uint8_t low) {
    Address address{.family = Family::Ipv6, .bytes = {0xfd, 0x00, 0x0e, 0xc2}};
    address.bytes[14] = high;
    address.bytes[15] = low;
    return address;
}

// EC2's own list, apart from the resolvers of the VPC.
constexpr Service kEc2[] = {
    {.address = link_local(169, 253), .protocol = kUdp, .port = kDns},
    {.address = link_local(169, 253), .protocol = kTcp, .port = kDns},
    {.address = unique_local(0x02, 0x53), .protocol = kUdp, .port = kDns},
    {.address = unique_local(0x02, 0x53), .protocol = kTcp, .port = kDns},
    {.address = link_local(169, 254), .protocol = kTcp, .port = kHttp},
    {.address = unique_local(0x02, 0x54), .protocol = kTcp, .port = kHttp},
    {.address = link_local(170, 2), .protocol = kTcp, .port = kHttp},
    {.address = link_local(169, 123), .protocol = kUdp, .port = kNtp},
    {.address = unique_local(0x01, 0x23), .protocol = kUdp, .port = kNtp},
    {.address = link_local(169, 250), .protocol = kTcp, .port = kKms},
    {.address = link_local(169, 251), .protocol = kTcp, .port = kKms},
};

// The address `offset` behind the first of the block; none where the block is too small.
std::optional<Address> base_plus(const Prefix& block, std::uint8_t offset) {
    Address address = block.address;
    const std::size_t last = address_bits(block.family()) / 8u - 1;
    address.bytes[last] = static_cast<std::uint8_t>(address.bytes[last] + offset);  // the host bits are zero
    return block.contains(address) ? std::optional(address) : std::nullopt;
}

template <class Value>
void sort_once(std::vector<Value>& values) {
    std::ranges::sort(values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

void add_ec2(const Vpc& vpc, std::vector<Service>& services) {
    services.insert(services.end(), std::begin(kEc2), std::end(kEc2));
    for (const Prefix& block : vpc.cidrs) {
        const auto resolver = block.family() == Family::Ipv4 ? base_plus(block, 2) : std::nullopt;
        if (resolver) {
            services.push_back({.address = *resolver, .protocol = kUdp, .port = kDns});
            services.push_back({.address = *resolver, .protocol = kTcp, .port = kDns});
        }
    }
}

void add_services(const Services& services, const Vpc& vpc, Surroundings& around) {
    if (services.is_ec2) {
        add_ec2(vpc, around.services);
    }
    std::ranges::copy(services.listed, std::back_inserter(around.services));
    std::ranges::copy(services.dhcp_servers, std::back_inserter(around.dhcp_servers));
    for (const Router& router : services.routers) {
        around.router_macs.push_back(router.mac);
        for (const Address& address : router.addresses) {
            around.router_addresses.emplace_back(address, router.mac);
        }
    }
}

void add_claim(const PortClaim& claim, const Mac& mac, Surroundings& around) {
    around.multicast = claim.multicast;
    around.vlans = claim.vlans;
    for (const AllowedAddress& allowed : claim.allowed_addresses) {
        if (allowed.mac && *allowed.mac != mac) {
            around.macs.push_back(*allowed.mac);
        }
    }
}

}  // namespace

SurroundingsCompiler::SurroundingsCompiler(const Model& model, const Directory& directory)
    : model_(model), directory_(directory), taken_(directory.zones.size()) {
    for (Index i = 0; i < directory.interfaces.size(); ++i) {
        const auto zone = directory.zones.index_of(directory.interfaces[i].vpc_id);
        for (const Prefix& prefix : zone ? prefixes_of(directory, i) : std::vector<Prefix>{}) {
            taken_[*zone].add(prefix);
        }
    }
}

std::vector<Address> SurroundingsCompiler::echo_of(Index zone, Index subnet) const {
    std::vector<Address> routers;
    for (const Prefix& block : directory_.subnets[subnet].cidrs) {
        const auto router = base_plus(block, 1);
        if (router && !taken_[zone].covers(Prefix::host(*router))) {
            routers.push_back(*router);
        }
    }
    return routers;
}

Index SurroundingsCompiler::of_port(Index interface, Index zone, Index subnet) {
    Surroundings around;
    add_services(model_.services, directory_.zones[zone], around);
    if (const PortClaim* const claim = directory_.claims[interface]; claim != nullptr) {
        add_services(claim->services, directory_.zones[zone], around);
        add_claim(*claim, *directory_.interfaces[interface].mac, around);
    }
    around.echo = echo_of(zone, subnet);
    return intern(std::move(around));
}

std::vector<Index> SurroundingsCompiler::of_bridge(const Bridge& bridge) {
    std::vector<Index> by_zone;
    if (bridge.services == Services{}) {
        return by_zone;
    }
    for (Index zone = 0; zone < directory_.zones.size(); ++zone) {
        Surroundings around;
        add_services(bridge.services, directory_.zones[zone], around);
        by_zone.push_back(intern(std::move(around)));
    }
    return by_zone;
}

Index SurroundingsCompiler::intern(Surroundings surroundings) {
    sort_once(surroundings.services);
    sort_once(surroundings.echo);
    sort_once(surroundings.dhcp_servers);
    sort_once(surroundings.router_addresses);
    sort_once(surroundings.router_macs);
    sort_once(surroundings.multicast);
    sort_once(surroundings.vlans);
    sort_once(surroundings.macs);
    return index_.emplace(std::move(surroundings), static_cast<Index>(index_.size())).first->second;
}

std::vector<Surroundings> SurroundingsCompiler::take() {
    std::vector<Surroundings> all(index_.size());
    while (!index_.empty()) {
        auto entry = index_.extract(index_.begin());
        all[entry.mapped()] = std::move(entry.key());
    }
    return all;
}

}  // namespace portcullis
