// SPDX-License-Identifier: Apache-2.0
// Messages of the protocols that guards know: DHCP, MLD, IGMP, router discovery, RARP, ICMP errors. Each function gives the layers of its
// message, to be put behind headers with `/`: Ethernet{…} / Ipv6{…} / router_alert6() / mld({.type = 131, .group = …}).
#pragma once

#include <cstddef>

#include "tests/support/packet.h"

namespace portcullis::test {

// The option of RFC 2113 for Ipv4::options, and the hop-by-hop header of RFC 2711 with it.
[[nodiscard]] Bytes router_alert4();
[[nodiscard]] ExtensionHeader router_alert6();
// Extension headers: `options` as they stand on the wire, filled with PadN to a multiple of 8.
[[nodiscard]] ExtensionHeader options_header(std::uint8_t number, const Bytes& options);
[[nodiscard]] ExtensionHeader routing_header(std::uint8_t type, std::uint8_t segments_left);
// AH (RFC 4302) with a 12-byte check value: its length counts words of 4 bytes.
[[nodiscard]] ExtensionHeader authentication_header();

// Options of a TCP header: 2 (MSS) and 3 (window scale), those that are given.
[[nodiscard]] Bytes tcp_options(std::optional<std::uint16_t> maximum_segment_size, std::optional<std::uint8_t> window_scale);

struct Dhcpv4 {
    std::uint8_t op = 1;  // 1 request, 2 reply
    std::uint8_t hardware = 1, hardware_length = 6;
    std::uint32_t transaction = 1;
    Address client, yours, server, relay;  // ciaddr, yiaddr, siaddr, giaddr
    Mac hardware_address;                  // chaddr
    std::uint8_t message = 1;              // option 53: 1 discover … 8 inform; 0: the option is not there
    Bytes options;                         // behind it
    std::uint32_t cookie = 0x63825363;
};
[[nodiscard]] Payload dhcpv4(const Dhcpv4& message);

struct Dhcpv6 {
    std::uint8_t type = 1;  // 1 solicit … 7 reply, 12 and 13 relayed
    std::uint32_t transaction = 1;
    Bytes options;
};
[[nodiscard]] Payload dhcpv6(const Dhcpv6& message);

// Of a version 3 IGMP or version 2 MLD report.
struct GroupRecord {
    std::uint8_t type = 4;  // change to exclude
    Address group;
    std::vector<Address> sources;
};

// MLD: 130 query, 131 report, 132 done: `group`; 143 report of version 2: `records`. A query of version 2 has `sources`.
struct Mld {
    std::uint8_t type = 131;
    std::uint8_t code = 0;
    std::uint16_t maximum_response = 0;
    Address group;
    std::vector<GroupRecord> records;
    std::optional<std::vector<Address>> sources;
};
[[nodiscard]] Packet mld(const Mld& message);

// IGMP: 0x11 query, 0x12 and 0x16 reports, 0x17 leave: `group`; 0x22 report of version 3: `records`. A query of version 3 has `sources`.
struct IgmpMessage {
    std::uint8_t type = 0x16;
    std::uint8_t maximum_response = 0;
    Address group;
    std::vector<GroupRecord> records;
    std::optional<std::vector<Address>> sources;
};
[[nodiscard]] Packet igmp(const IgmpMessage& message);

struct RouterAdvertisement {
    std::uint8_t hop_limit = 64;
    std::uint8_t flags = 0;
    std::uint16_t lifetime_s = 1800;
    std::uint8_t code = 0;
    Bytes options;
};
[[nodiscard]] Packet router_advertisement(const RouterAdvertisement& message);
[[nodiscard]] Packet router_solicitation(const Bytes& options);
[[nodiscard]] Bytes nd_prefix_option(const Prefix& prefix);
[[nodiscard]] Bytes nd_mtu_option(std::uint32_t mtu);

// The RARP announcement by which a hypervisor tells a network where a guest went: operation 3, both MACs its own, no addresses, broadcast.
[[nodiscard]] Packet rarp_announcement(const Mac& own);

// What an ICMP error quotes of a frame: at most `bytes` of its IP packet, from the IP header on (behind VLAN tags too).
[[nodiscard]] Payload quote_of(const Bytes& frame, std::size_t bytes);

}  // namespace portcullis::test
