// SPDX-License-Identifier: Apache-2.0
#include "compiler/validate/services.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "compiler/validate/parts.h"

namespace portcullis {
namespace {

using Kind = ServicePlace::Kind;

std::string name_of(Kind kind) {
    switch (kind) {
        case Kind::DhcpServer:
            return "a DHCP server";
        case Kind::Router:
            return "a router";
        default:
            return "a service";
    }
}

// The addresses of "ec2" that an interface could have: the others are link-local.
const std::vector<Address>& fixed_ec2_addresses() {
    static const std::vector<Address> addresses = {*Address::parse("fd00:ec2::123"), *Address::parse("fd00:ec2::253"),
                                                   *Address::parse("fd00:ec2::254")};
    return addresses;
}

// The resolver of a block, base + 2; none where the block is too small for one.
std::optional<Address> resolver_of(const Prefix& block) {
    constexpr std::uint8_t kLongest = 30;
    if (block.family() != Family::Ipv4 || block.length > kLongest) {
        return std::nullopt;
    }
    Address resolver = block.address;
    resolver.bytes[3] = static_cast<std::uint8_t>(resolver.bytes[3] | 2);
    return resolver;
}

// Something of an interface: its addresses and MACs as the documents give them.
struct Holder {
    const NetworkInterface& interface;
    const Position& position;  // of the interface, or of the port that extends it
};

class ServiceChecks {
   public:
    ServiceChecks(const Model& model, std::span<const ServicePlace> places, Findings& findings);
    void check_interfaces(const Model& model) const;
    void check_dhcp_servers() const;
    void check_routers() const;

   private:
    void check_interface(const NetworkInterface& interface) const;
    void check_allowed_addresses(const PortClaim& port) const;
    void check_range(const Holder& holder, const Prefix& range) const;
    void check_ec2(const Holder& holder, const Prefix& range, const ServicePlace& word) const;
    void check_mac(const Holder& holder, const Mac& mac) const;

    std::span<const ServicePlace> places_;
    Findings& findings_;
    DeclaredIndex index_;
    std::map<Address, const ServicePlace*> by_address_;  // the first place of each
    std::map<Mac, const ServicePlace*> routers_;
    const ServicePlace* ec2_ = nullptr;                                       // for every VPC
    std::unordered_map<std::string_view, const ServicePlace*> ec2_by_vpc_{};  // of ports: for the VPCs of their interfaces
};

ServiceChecks::ServiceChecks(const Model& model, std::span<const ServicePlace> places, Findings& findings)
    : places_(places), findings_(findings), index_(model) {
    for (const ServicePlace& place : places) {
        if (place.address) {
            by_address_.try_emplace(*place.address, &place);
        }
        if (place.mac) {
            routers_.try_emplace(*place.mac, &place);
        }
        if (place.kind != Kind::Ec2) {
            continue;
        }
        const NetworkInterface* interface = index_.interface(place.owner.network_interface_id);
        if (!place.owner.is_port() && ec2_ == nullptr) {
            ec2_ = &place;
        } else if (interface != nullptr) {
            ec2_by_vpc_.try_emplace(interface->vpc_id, &place);
        }
    }
}

// An own address that is a service's would be let through as one, and its rules would not count.
void ServiceChecks::check_range(const Holder& holder, const Prefix& range) const {
    const auto found = by_address_.lower_bound(range.address);
    if (found != by_address_.end() && range.contains(found->first)) {
        findings_.error(holder.position,
                        range.to_string() + " of " + quoted(holder.interface.id) + " holds " + found->first.to_string() +
                            ", the address of " + name_of(found->second->kind) + " in " + place(found->second->position),
                        found->second->position);
    }
    const auto of_vpc = ec2_by_vpc_.find(holder.interface.vpc_id);
    if (ec2_ != nullptr) {
        check_ec2(holder, range, *ec2_);
    } else if (of_vpc != ec2_by_vpc_.end()) {
        check_ec2(holder, range, *of_vpc->second);
    }
}

// Those that are the same in every VPC, and the resolvers of this one, if it is known.
std::vector<Address> ec2_addresses(const Vpc* vpc) {
    std::vector<Address> addresses = fixed_ec2_addresses();
    if (vpc == nullptr) {
        return addresses;
    }
    for (const Prefix& block : vpc->cidrs) {
        if (const auto resolver = resolver_of(block)) {
            addresses.push_back(*resolver);
        }
    }
    return addresses;
}

void ServiceChecks::check_ec2(const Holder& holder, const Prefix& range, const ServicePlace& word) const {
    const std::vector<Address> addresses = ec2_addresses(index_.vpc(holder.interface.vpc_id));
    const auto held = std::find_if(addresses.begin(), addresses.end(), [&](const Address& address) { return range.contains(address); });
    if (held != addresses.end()) {
        findings_.error(holder.position,
                        range.to_string() + " of " + quoted(holder.interface.id) + " holds " + held->to_string() +
                            ", the address of a service of \"ec2\" in " + place(word.position),
                        word.position);
    }
}

void ServiceChecks::check_mac(const Holder& holder, const Mac& mac) const {
    if (const auto found = routers_.find(mac); found != routers_.end()) {
        findings_.error(holder.position,
                        "the MAC " + mac.to_string() + " of " + quoted(holder.interface.id) + " is that of a router in " +
                            place(found->second->position),
                        found->second->position);
    }
}

void ServiceChecks::check_interface(const NetworkInterface& interface) const {
    const Holder holder{.interface = interface, .position = interface.position};
    for (const Address& address : interface.addresses) {
        check_range(holder, Prefix::host(address));
    }
    for (const Prefix& prefix : interface.delegated_prefixes) {
        check_range(holder, prefix);
    }
    if (interface.mac) {
        check_mac(holder, *interface.mac);
        check_range(holder, Prefix::host(interface.mac->link_local()));
    }
}

void ServiceChecks::check_allowed_addresses(const PortClaim& port) const {
    const NetworkInterface* interface = index_.interface(port.network_interface_id);
    if (interface == nullptr) {
        return;
    }
    const Holder holder{.interface = *interface, .position = port.position};
    for (const AllowedAddress& allowed : port.allowed_addresses) {
        check_range(holder, allowed.prefix);
        if (allowed.mac) {
            check_mac(holder, *allowed.mac);
        }
    }
}

void ServiceChecks::check_interfaces(const Model& model) const {
    if (places_.empty()) {
        return;
    }
    for (const NetworkInterface& interface : model.network_interfaces) {
        check_interface(interface);
    }
    for (const PortClaim& port : model.ports) {
        check_allowed_addresses(port);
    }
}

// A server under one owner has one device, or none.
void ServiceChecks::check_dhcp_servers() const {
    std::map<std::pair<Owner, Address>, const ServicePlace*> known;
    for (const ServicePlace& server : places_) {
        if (server.kind != Kind::DhcpServer || server.device.empty()) {
            continue;
        }
        const auto [it, is_new] = known.try_emplace(std::pair(server.owner, *server.address), &server);
        if (!is_new && it->second->device != server.device) {
            findings_.error(server.position, "the device of the DHCP server " + server.address->to_string() + " differs from the one in " +
                                                 place(it->second->position));
        }
    }
}

// The services of the host, of a bridge and of a port on it join. Which bridge a port is on the documents do not say, so any may be its:
// owners of different ranks may join, those of one rank do not.
std::size_t rank_of(const Owner& owner) { return owner.is_host() ? 0 : owner.is_port() ? 2 : 1; }

// Where an address of routers stands. Of each rank two places with different MACs are enough to find one that differs from any MAC.
struct RouterPlaces {
    std::map<Owner, const ServicePlace*> by_owner;
    std::array<std::vector<const ServicePlace*>, 3> by_rank;

    [[nodiscard]] const ServicePlace* other_mac(const ServicePlace& router) const {
        if (const auto own = by_owner.find(router.owner); own != by_owner.end() && own->second->mac != router.mac) {
            return own->second;
        }
        for (std::size_t rank = 0; rank < by_rank.size(); ++rank) {
            const auto& others = by_rank[rank];
            const auto found = std::find_if(others.begin(), others.end(), [&](const auto* other) { return other->mac != router.mac; });
            if (rank != rank_of(router.owner) && found != others.end()) {
                return *found;
            }
        }
        return nullptr;
    }
    void add(const ServicePlace& router) {
        by_owner.try_emplace(router.owner, &router);
        auto& same = by_rank[rank_of(router.owner)];
        if (same.empty() || (same.size() == 1 && same[0]->mac != router.mac)) {
            same.push_back(&router);
        }
    }
};

void ServiceChecks::check_routers() const {
    std::map<Address, RouterPlaces> by_address;
    for (const ServicePlace& router : places_) {
        if (router.kind != Kind::Router || !router.address || !router.mac) {
            continue;
        }
        RouterPlaces& others = by_address[*router.address];
        if (const ServicePlace* other = others.other_mac(router)) {
            findings_.error(router.position,
                            "the router's address " + router.address->to_string() + " has another MAC in " + place(other->position));
        }
        others.add(router);
    }
}

}  // namespace

void validate_services(const Model& model, std::span<const ServicePlace> places, Findings& findings) {
    const ServiceChecks checks(model, places, findings);
    checks.check_interfaces(model);
    checks.check_dhcp_servers();
    checks.check_routers();
}

}  // namespace portcullis
