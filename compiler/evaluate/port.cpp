// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/port.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/evaluate/packet.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kTcp = kProtocolTcp;
constexpr std::uint8_t kUdp = kProtocolUdp;

// The address `number` behind the first of the block; none: the block is too small.
std::optional<Address> nth(const Prefix& block, std::uint8_t number) {
    Address address = block.address;
    std::uint8_t& last = address.bytes[address_bits(address.family) / 8U - 1];
    last = static_cast<std::uint8_t>(last + number);  // does not carry: the host bits of a block that holds it are zero
    return block.contains(address) ? std::optional(address) : std::nullopt;
}

Address literal(const char* text) { return *Address::parse(text); }

// What "ec2" stands for wherever one is (5.2).
const std::vector<Service>& everywhere() {
    static const std::vector<Service> services = {
        {.address = literal("169.254.169.253"), .protocol = kUdp, .port = 53},
        {.address = literal("169.254.169.253"), .protocol = kTcp, .port = 53},
        {.address = literal("fd00:ec2::253"), .protocol = kUdp, .port = 53},
        {.address = literal("fd00:ec2::253"), .protocol = kTcp, .port = 53},
        {.address = literal("169.254.169.254"), .protocol = kTcp, .port = 80},
        {.address = literal("fd00:ec2::254"), .protocol = kTcp, .port = 80},
        {.address = literal("169.254.170.2"), .protocol = kTcp, .port = 80},
        {.address = literal("169.254.169.123"), .protocol = kUdp, .port = 123},
        {.address = literal("fd00:ec2::123"), .protocol = kUdp, .port = 123},
        {.address = literal("169.254.169.250"), .protocol = kTcp, .port = 1688},
        {.address = literal("169.254.169.251"), .protocol = kTcp, .port = 1688},
    };
    return services;
}

// What "ec2" stands for in a VPC (5.2).
std::vector<Service> ec2_services(const Vpc* vpc) {
    std::vector<Service> services = everywhere();
    for (const Prefix& block : vpc != nullptr ? vpc->cidrs : std::vector<Prefix>{}) {
        const std::optional<Address> resolver = block.family() == Family::Ipv4 ? nth(block, 2) : std::nullopt;
        if (resolver) {
            services.push_back({.address = *resolver, .protocol = kUdp, .port = 53});
            services.push_back({.address = *resolver, .protocol = kTcp, .port = 53});
        }
    }
    return services;
}

// The services of the bridge; none where the documents do not name it.
const Services& bridge_services(const ModelIndex& index) {
    static const Services none;
    const std::vector<Bridge>& bridges = index.model().bridges;
    const auto found = std::ranges::find(bridges, index.place().bridge, &Bridge::device);
    return found != bridges.end() && !index.place().bridge.empty() ? found->services : none;
}

bool is_listed(const std::vector<DhcpServer>& servers, const Address& address) {
    return std::ranges::find(servers, address, &DhcpServer::address) != servers.end();
}

}  // namespace

Port::Port(const ModelIndex& index, const LinkLocalClaims& claims, const NetworkInterface& interface)
    : index_(&index),
      claims_(&claims),
      interface_(&interface),
      claim_(&index.port_claim(interface)),
      services_{&index.model().services, &bridge_services(index), &index.port_claim(interface).services} {}

bool Port::has(const Mac& mac) const {
    if (interface_->mac == mac) {
        return true;
    }
    return std::ranges::any_of(claim_->allowed_addresses, [&](const AllowedAddress& allowed) { return allowed.mac == mac; });
}

bool Port::has(const Address& address) const {
    if (index_->has_address(*interface_, address) || has_eui64(*interface_, address)) {
        return true;
    }
    return claim_->claims_link_local && claims_->claimant(address) == interface_->id;
}

bool Port::has_any_address() const {
    return !interface_->addresses.empty() || !interface_->delegated_prefixes.empty() || !claim_->allowed_addresses.empty();
}

bool Port::can_claim(const Address& address) const {
    if (!claim_->claims_link_local || !is_link_local(address) || is_reserved(address)) {
        return false;
    }
    if (!claims_->claimant(address).empty() || !claims_->has_room(interface_->id)) {
        return false;
    }
    return std::ranges::none_of(index_->model().network_interfaces, [&](const NetworkInterface& other) {
        return other.vpc_id == interface_->vpc_id && has_eui64(other, address);
    });
}

bool Port::is_listed_vlan(std::uint16_t id) const { return std::ranges::find(claim_->vlans, id) != claim_->vlans.end(); }

bool Port::is_listed_multicast(const Address& address) const {
    return std::ranges::find(claim_->multicast, address) != claim_->multicast.end();
}

bool Port::has_routers() const {
    return std::ranges::any_of(services_, [](const Services* services) { return !services->routers.empty(); });
}

bool Port::is_router(const Mac& mac) const {
    return std::ranges::any_of(services_, [&](const Services* services) {
        return std::ranges::find(services->routers, mac, &Router::mac) != services->routers.end();
    });
}

bool Port::is_router(const Address& address) const {
    return std::ranges::any_of(services_, [&](const Services* services) {
        return std::ranges::any_of(services->routers, [&](const Router& router) {
            return std::ranges::find(router.addresses, address) != router.addresses.end();
        });
    });
}

bool Port::is_router(const Address& address, const Mac& mac) const {
    return std::ranges::any_of(services_, [&](const Services* services) {
        return std::ranges::any_of(services->routers, [&](const Router& router) {
            return router.mac == mac && std::ranges::find(router.addresses, address) != router.addresses.end();
        });
    });
}

bool Port::is_echo_router(const Address& address) const {
    const Subnet* const subnet = index_->subnet(interface_->subnet_id);
    if (subnet == nullptr || std::ranges::none_of(subnet->cidrs, [&](const Prefix& block) { return nth(block, 1) == address; })) {
        return false;
    }
    return index_->owners(interface_->vpc_id, address).empty();
}

bool Port::is_service(const Address& address, std::uint8_t protocol, std::uint16_t port) const {
    if (protocol == kProtocolIcmp || protocol == kProtocolIcmpv6) {
        return is_echo_router(address);
    }
    const Service asked{.address = address, .protocol = protocol, .port = port};
    return std::ranges::any_of(services_, [&](const Services* services) {
        const std::vector<Service> ec2 = services->is_ec2 ? ec2_services(index_->vpc(interface_->vpc_id)) : std::vector<Service>{};
        return std::ranges::find(services->listed, asked) != services->listed.end() || std::ranges::find(ec2, asked) != ec2.end();
    });
}

bool Port::is_address_of_service(const Address& address) const {
    return std::ranges::any_of(services_, [&](const Services* services) {
        const std::vector<Service> ec2 = services->is_ec2 ? ec2_services(index_->vpc(interface_->vpc_id)) : std::vector<Service>{};
        return std::ranges::find(services->listed, address, &Service::address) != services->listed.end() ||
               std::ranges::find(ec2, address, &Service::address) != ec2.end();
    });
}

bool Port::is_reserved(const Address& address) const {
    return index_->is_of_host(address) || is_router(address) || is_dhcp_server(address) || is_address_of_service(address) ||
           is_echo_router(address);
}

bool Port::has_dhcp_server(Family family) const {
    return std::ranges::any_of(services_, [&](const Services* services) {
        return std::ranges::any_of(services->dhcp_servers, [&](const DhcpServer& server) { return server.address.family == family; });
    });
}

bool Port::is_dhcp_server(const Address& address) const {
    return std::ranges::any_of(services_, [&](const Services* services) { return is_listed(services->dhcp_servers, address); });
}

bool Port::is_believed(const DhcpServer& server, const Way& way) const {
    if (server.device.empty()) {
        return way.is_of_services();
    }
    if (way.is_host() || server.device == "host") {
        return way.is_host() && server.device == "host";
    }
    if (!way.is_port()) {
        return way.entrance.device == server.device;
    }
    const NetworkInterface* const sender = index_->interface(way.entrance.interface_id);
    return sender != nullptr && index_->port_claim(*sender).device == server.device;
}

bool Port::is_dhcp_server(const Address& address, const Way& way) const {
    const auto does_not_contradict = [&](const DhcpServer& server) { return server.address != address || is_believed(server, way); };
    return is_dhcp_server(address) && std::ranges::all_of(services_, [&](const Services* services) {
               return std::ranges::all_of(services->dhcp_servers, does_not_contradict);
           });
}

Way way_of(const Port& port, const Entrance& entrance, const Mac& source) {
    const bool can_be_router = entrance.kind == Entrance::Kind::Uplink || entrance.kind == Entrance::Kind::Elsewhere;
    return {.entrance = entrance, .is_router = can_be_router && port.is_router(source)};
}

}  // namespace portcullis
