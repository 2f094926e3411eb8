// SPDX-License-Identifier: Apache-2.0
// Who stands where, and what the operator declared about them: three interfaces of one subnet on one bridge, the host that owns it, and an
// outside behind its uplink. As documents in EC2's shapes, so that what is attacked is what an operator can write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/host_facts.h"
#include "tests/support/packet.h"

namespace portcullis::test {

enum class Place : std::uint8_t { Victim, Attacker, Neighbour, Outside, Host };
inline constexpr Place kPlaces[] = {Place::Victim, Place::Attacker, Place::Neighbour, Place::Outside, Place::Host};
inline constexpr Place kPorts[] = {Place::Victim, Place::Attacker, Place::Neighbour};

[[nodiscard]] constexpr bool is_port(Place place) { return place <= Place::Neighbour; }
[[nodiscard]] std::string_view name_of(Place place);
[[nodiscard]] Mac mac_of(Place place);
[[nodiscard]] Address ipv4_of(Place place);
[[nodiscard]] Address ipv6_of(Place place);
[[nodiscard]] std::string port_device(Place place);  // of a port: "p1" …
// The host's own addresses; no tunnels.
[[nodiscard]] HostFacts host_facts();

// Honest headers from one place to another, to be spoilt.
[[nodiscard]] Ethernet link(Place from, Place to);
[[nodiscard]] Ethernet link(Place from, const Mac& to);
[[nodiscard]] Ipv4 ipv4(Place from, Place to);
[[nodiscard]] Ipv6 ipv6(Place from, Place to);
[[nodiscard]] Tcp tcp(std::uint16_t source, std::uint16_t destination, std::uint8_t flags);
[[nodiscard]] Udp udp(std::uint16_t source, std::uint16_t destination);
[[nodiscard]] Arp arp(std::uint16_t operation, Place sender, Place target);
// A layer with something about it changed: with(ipv4(…), [](Ipv4& ip) { ip.ttl = 1; }).
template <class L, class Edit>
[[nodiscard]] L with(L layer, Edit edit) {
    edit(layer);
    return layer;
}
[[nodiscard]] Ethernet of_type(Ethernet frame, std::uint16_t type);

// Lists of permissions.
inline constexpr std::string_view kNothing = "[]";
inline constexpr std::string_view kEverything =
    R"([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}])";
// From or to anywhere, but not as literal 0.0.0.0/0: so flows are tracked.
inline constexpr std::string_view kEverythingTracked =
    R"([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}],
         "Ipv6Ranges": [{"CidrIpv6": "::/1"}, {"CidrIpv6": "8000::/1"}]}])";
// One permission for anywhere (tracked), ports or ICMP type and code.
[[nodiscard]] std::string permission(std::string_view protocol, int from, int to);

// The permissions of each interface's one group: sg-victim, sg-attacker, sg-neighbour.
struct Groups {
    std::string_view victim_in = kEverything;
    std::string_view victim_out = kEverything;
    std::string_view attacker_in = kEverything;
    std::string_view attacker_out = kEverything;
    std::string_view neighbour_in = kEverything;
    std::string_view neighbour_out = kEverything;
};

using Documents = std::vector<std::string>;
// What never changes (network, interfaces, ports), these groups, and what a test adds.
[[nodiscard]] Documents world(const Groups& groups = {}, const Documents& more = {});
// The documents with the first place where the network says `what` changed. Ends the process where there is none.
[[nodiscard]] Documents edited(Documents documents, std::string_view what, std::string_view replacement);
// More keys of a port: R"("TrackAll": true)".
[[nodiscard]] Documents with_port(Documents documents, Place port, std::string_view keys);
// An ACL for both subnets: entries as they stand in the document.
[[nodiscard]] std::string network_acl(std::string_view entries);

}  // namespace portcullis::test
