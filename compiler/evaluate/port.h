// SPDX-License-Identifier: Apache-2.0
// One port as the evaluator sees it: what is its own, and what is listed around it (docs/semantics.md 4.5, 5). Made anew for every packet;
// called by the other evaluate*.cpp.
#pragma once

#include <array>
#include <string_view>

#include "compiler/evaluate/claims.h"
#include "compiler/evaluate/evaluate.h"
#include "compiler/evaluate/model.h"
#include "core/model.h"

namespace portcullis {

// An entrance, and whether it counts as by a router. Inbound packets alone have one.
struct Way {
    Entrance entrance;
    bool is_router = false;

    [[nodiscard]] bool is_port() const { return entrance.kind == Entrance::Kind::Port; }
    [[nodiscard]] bool is_host() const { return entrance.kind == Entrance::Kind::Host; }
    // 5.4
    [[nodiscard]] bool is_of_services() const { return is_host() || is_router || entrance.kind == Entrance::Kind::Uplink; }
};

class Port {
   public:
    // Pre: all outlive the port.
    Port(const ModelIndex& index, const LinkLocalClaims& claims, const NetworkInterface& interface);

    [[nodiscard]] const ModelIndex& index() const { return *index_; }
    [[nodiscard]] const LinkLocalClaims& claims() const { return *claims_; }
    [[nodiscard]] const NetworkInterface& interface() const { return *interface_; }
    [[nodiscard]] const PortClaim& claim() const { return *claim_; }

    // Own.
    [[nodiscard]] bool has(const Mac& mac) const;
    [[nodiscard]] bool has(const Address& address) const;
    // 4.2: anything but a link-local address of a MAC or of a claim.
    [[nodiscard]] bool has_any_address() const;
    // 4.5: whether a message that probes for the address would claim it.
    [[nodiscard]] bool can_claim(const Address& address) const;

    [[nodiscard]] bool is_listed_vlan(std::uint16_t id) const;
    [[nodiscard]] bool is_listed_multicast(const Address& address) const;

    [[nodiscard]] bool has_routers() const;
    [[nodiscard]] bool is_router(const Mac& mac) const;
    [[nodiscard]] bool is_router(const Address& address) const;
    // Pre: is_router(address).
    [[nodiscard]] bool is_router(const Address& address, const Mac& mac) const;

    // 5.2; of ICMP and ICMPv6, whose echo requests alone are asked about, 5.1.
    [[nodiscard]] bool is_service(const Address& address, std::uint8_t protocol, std::uint16_t port) const;
    // 4.3, 4.5: an address of a configured service, router or DHCP server, or of the host.
    [[nodiscard]] bool is_reserved(const Address& address) const;

    [[nodiscard]] bool has_dhcp_server(Family family) const;
    [[nodiscard]] bool is_dhcp_server(const Address& address) const;
    // 5.4: whether what came that way is believed to be the server's, by all that is listed of it.
    [[nodiscard]] bool is_dhcp_server(const Address& address, const Way& way) const;

   private:
    [[nodiscard]] bool is_believed(const DhcpServer& server, const Way& way) const;
    [[nodiscard]] bool is_echo_router(const Address& address) const;
    [[nodiscard]] bool is_address_of_service(const Address& address) const;

    const ModelIndex* index_;
    const LinkLocalClaims* claims_;
    const NetworkInterface* interface_;
    const PortClaim* claim_;
    std::array<const Services*, 3> services_;  // the host's, the bridge's and the port's
};

// How an inbound packet in a frame of that source came to the port.
[[nodiscard]] Way way_of(const Port& port, const Entrance& entrance, const Mac& source);

}  // namespace portcullis
