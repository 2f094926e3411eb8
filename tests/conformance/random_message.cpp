// SPDX-License-Identifier: Apache-2.0
// The part of PacketStream (random_packet.h) that makes messages: DHCP, MLD, IGMP, router advertisements, RARP, packets to listed groups,
// and ICMP errors about packets sent lately. Most are as they should be, or nearly.
#include <algorithm>

#include "tests/conformance/random_model.h"
#include "tests/conformance/random_packet.h"
#include "tests/conformance/random_policy.h"
#include "tests/support/packet_fragments.h"
#include "tests/support/packet_messages.h"

namespace portcullis::test {
namespace {

const Mac kGateway{{0x02, 0, 0, 0, 0, 0xfe}};

struct Ends {
    Address source;
    Address destination;
};

std::optional<Ends> ends_of(const Bytes& frame) {
    const unsigned type = static_cast<unsigned>(frame[12] << 8 | frame[13]);
    const std::size_t bytes = type == 0x0800 ? 4 : 16;
    const std::size_t at = 14 + (bytes == 4 ? 12u : 8u);
    if ((type != 0x0800 && type != 0x86dd) || frame.size() < at + 2 * bytes) {
        return std::nullopt;
    }
    Ends ends{.source = {.family = bytes == 4 ? Family::Ipv4 : Family::Ipv6},
              .destination = {.family = bytes == 4 ? Family::Ipv4 : Family::Ipv6}};
    std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(at), bytes, ends.source.bytes.begin());
    std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(at + bytes), bytes, ends.destination.bytes.begin());
    return ends;
}

}  // namespace

Ethernet PacketStream::link_to(const NetworkInterface& own, Direction direction, const Address& destination) {
    const bool is_outbound = direction == Direction::Outbound;
    const Mac other = random_.chance(70) ? kGateway : random_.pick(router_macs());
    const Mac one = is_outbound ? other : *own.mac;
    const bool fits = random_.chance(95);
    return {.source = is_outbound ? *own.mac : other, .destination = fits ? group_mac(destination).value_or(one) : one, .type = {}};
}

Packet PacketStream::dhcp_packet(const NetworkInterface& own, Direction direction) {
    const bool is_outbound = direction == Direction::Outbound;
    const Address own4 = own_or_other(own, Family::Ipv4, 90);
    const Address server = ip(random_.one_of({"10.0.0.3", "10.1.1.2", "203.0.113.254", "10.0.0.1"}));
    Ipv4 header{.source = is_outbound ? (random_.chance(50) ? ip("0.0.0.0") : own4) : server,
                .destination = is_outbound ? (random_.chance(60) ? ip("255.255.255.255") : server)
                                           : (random_.chance(50) ? ip("255.255.255.255") : own4),
                .protocol = {},
                .options = {},
                .header_words = {},
                .total_length = {},
                .checksum = {}};
    const bool is_request = random_.chance(90) == is_outbound;
    Dhcpv4 message{.op = static_cast<std::uint8_t>(is_request ? 1 : 2),
                   .client = {},
                   .yours = {},
                   .server = {},
                   .relay = random_.chance(92) ? Address{} : server,
                   .hardware_address = random_.chance(88) ? *own.mac : kGateway,
                   .message = random_.one_of<std::uint8_t>({1, 2, 3, 5, 0}),
                   .options = {}};
    if (random_.chance(5)) {
        message.hardware_length = random_.one_of<std::uint8_t>({0, 5, 16});
    }
    const Udp ports{
        .source_port = random_.chance(92) ? std::uint16_t(is_request ? 68 : 67) : random_.one_of<std::uint16_t>({67, 68, 53}),
        .destination_port = random_.chance(92) ? std::uint16_t(is_request ? 67 : 68) : random_.one_of<std::uint16_t>({67, 68, 53}),
        .length = {},
        .checksum = {}};
    Payload body = dhcpv4(message);
    if (random_.chance(8)) {
        body.bytes.resize(random_.one_of<std::size_t>({0, 33, 34, 43, 44, 45}));
    }
    return link_to(own, direction, header.destination) / header / ports / body;
}

Packet PacketStream::dhcpv6_packet(const NetworkInterface& own, Direction direction) {
    const bool is_outbound = direction == Direction::Outbound;
    const Address mine = own_or_other(own, Family::Ipv6, 92);
    const Address server = ip(random_.one_of({"fe80::2", "2001:db8:1::3", "fe80::fe", "2001:db8:1::fe"}));
    const Ipv6 header{.source = is_outbound ? mine : server,
                      .destination = is_outbound ? (random_.chance(60) ? ip("ff02::1:2") : server) : mine,
                      .next_header = {},
                      .payload_length = {}};
    const bool is_request = random_.chance(92) == is_outbound;
    const std::uint8_t type =
        is_request ? random_.one_of<std::uint8_t>({1, 3, 4, 5, 6, 8, 9, 11, 12}) : random_.one_of<std::uint8_t>({2, 7, 10, 13});
    const Udp ports{.source_port = static_cast<std::uint16_t>(is_request ? 546 : 547),
                    .destination_port = random_.chance(95) ? static_cast<std::uint16_t>(is_request ? 547 : 546) : std::uint16_t{53},
                    .length = {},
                    .checksum = {}};
    Payload body = dhcpv6({.type = type, .options = Bytes(random_.below(40))});
    if (random_.chance(8)) {
        body.bytes.resize(random_.below(5));
    }
    return link_to(own, direction, header.destination) / header / ports / body;
}

Packet PacketStream::listener_packet(const NetworkInterface& own, Direction direction) {
    const bool is_outbound = direction == Direction::Outbound;
    const bool is_query = random_.chance(90) != is_outbound;
    const auto type = is_query ? std::uint8_t{130} : random_.one_of<std::uint8_t>({131, 132, 143, 143});
    const Address querier = ip(random_.one_of({"fe80::1", "fe80::fe", "fe80::77", "2001:db8:1::fe"}));
    const Ipv6 header{
        .source = is_outbound ? (random_.chance(20) ? ip("::") : own_or_other(own, Family::Ipv6, 90)) : querier,
        .destination = random_.chance(94) ? ip(random_.one_of({"ff02::1", "ff02::16", "ff05::5"})) : own_or_other(own, Family::Ipv6, 80),
        .hop_limit = random_.chance(92) ? std::uint8_t{1} : std::uint8_t{64},
        .next_header = {},
        .payload_length = {}};
    const Packet message = mld({.type = type,
                                .group = ip("ff05::5"),
                                .records = std::vector<GroupRecord>(random_.below(3), {.group = ip("ff05::5"), .sources = {}}),
                                .sources = {}});
    const Packet head = link_to(own, direction, header.destination) / header;
    return random_.chance(80) ? head / (router_alert6() / message) : head / message;
}

Packet PacketStream::igmp_packet(const NetworkInterface& own, Direction direction) {
    const bool is_outbound = direction == Direction::Outbound;
    const bool is_query = random_.chance(90) != is_outbound;
    const auto type = is_query ? std::uint8_t{0x11} : random_.one_of<std::uint8_t>({0x12, 0x16, 0x17, 0x22, 0x13});
    const Ipv4 header{.source = is_outbound ? (random_.chance(20) ? ip("0.0.0.0") : own_or_other(own, Family::Ipv4, 90)) : ip("10.0.0.1"),
                      .destination = random_.chance(94) ? ip(random_.one_of({"224.0.0.1", "224.0.0.22", "239.1.2.3"}))
                                                        : own_or_other(own, Family::Ipv4, 80),
                      .ttl = random_.chance(92) ? std::uint8_t{1} : std::uint8_t{64},
                      .protocol = {},
                      .options = random_.chance(70) ? router_alert4() : Bytes{},
                      .header_words = {},
                      .total_length = {},
                      .checksum = {}};
    Packet packet = link_to(own, direction, header.destination) / header /
                    igmp({.type = type,
                          .group = ip("239.1.2.3"),
                          .records = std::vector<GroupRecord>(random_.below(3), {.group = ip("239.1.2.3"), .sources = {}}),
                          .sources = {}});
    if (random_.chance(5)) {
        packet.layers.pop_back();
    }
    return packet;
}

Packet PacketStream::advertisement_packet(Direction direction) {
    const NetworkInterface& own = interface_at(random_.below(model_->ports.size()));
    const Address destination = random_.chance(80) ? ip("ff02::1") : own_or_other(own, Family::Ipv6, 80);
    const Ipv6 header{.source = ip(random_.one_of({"fe80::1", "fe80::1", "fe80::fe", "2001:db8:1::fe", "::"})),
                      .destination = destination,
                      .hop_limit = random_.chance(94) ? std::uint8_t{255} : std::uint8_t{64},
                      .next_header = {},
                      .payload_length = {}};
    Packet message = router_advertisement({.code = static_cast<std::uint8_t>(random_.chance(96) ? 0 : 1),
                                           .options = random_.chance(50) ? nd_prefix_option(prefix("2001:db8:1::/64")) : Bytes{}});
    if (random_.chance(5)) {
        std::get<Payload>(message.layers.back()).bytes.resize(random_.below(9));
    }
    return link_to(own, direction, destination) / header / message;
}

Packet PacketStream::listed_group_packet(const NetworkInterface& own, Direction direction) {
    const Address group = ip(random_.one_of({"224.0.0.18", "239.1.2.3", "ff05::5", "ff02::fb", "255.255.255.255", "10.0.0.255"}));
    const Address source =
        direction == Direction::Outbound ? own_or_other(own, group.family, 90) : interesting_address(*model_, group.family, random_);
    const Udp ports{.source_port = 5353, .destination_port = random_.pick(interesting_ports()), .length = {}, .checksum = {}};
    const Ethernet link = link_to(own, direction, group);
    if (group.family == Family::Ipv4) {
        return link /
               Ipv4{.source = source,
                    .destination = group,
                    .protocol = {},
                    .options = {},
                    .header_words = {},
                    .total_length = {},
                    .checksum = {}} /
               ports;
    }
    return link / Ipv6{.source = source, .destination = group, .next_header = {}, .payload_length = {}} / ports;
}

Step PacketStream::message_step() {
    const NetworkInterface& own = interface_at(random_.below(model_->ports.size()));
    const Direction direction = random_.chance(50) ? Direction::Outbound : Direction::Inbound;
    Step step{.interface_id = own.id, .direction = direction, .entrance = random_entrance(), .frame = {}, .rules = {}, .model = {}};
    Packet packet;
    switch (random_.below(13)) {
        case 0:
            packet = rarp_announcement(random_.chance(90) ? *own.mac : kGateway);
            step.wait_s = 47;  // they are limited in rate
            break;
        case 1:
        case 2:
            packet = advertisement_packet(direction);
            break;
        case 3:
        case 4:
            packet = listener_packet(own, direction);
            break;
        case 5:
        case 6:
            packet = igmp_packet(own, direction);
            break;
        case 7:
        case 8:
            packet = dhcpv6_packet(own, direction);
            break;
        case 9:
        case 10:
            packet = listed_group_packet(own, direction);
            break;
        default:
            packet = dhcp_packet(own, direction);
    }
    step.frame = packet.bytes();
    const bool is_ip = packet.layers.size() > 2 && !std::holds_alternative<Arp>(packet.layers[1]);
    if (is_ip && random_.chance(5)) {
        cut_into_fragments(step, packet);
    } else if (is_ip && random_.chance(10)) {
        spoil(step, std::move(packet));
    }
    return step;
}

Step PacketStream::error_step() {
    const Step& about = random_.pick(sent_);
    const std::optional<Ends> quoted = ends_of(about.frame);
    if (!quoted) {
        return neighbour_step();
    }
    const bool is_outbound = (about.direction == Direction::Inbound) == random_.chance(95);
    const Family family = quoted->source.family;
    const auto& own = *std::find_if(model_->network_interfaces.begin(), model_->network_interfaces.end(),
                                    [&](const NetworkInterface& one) { return one.id == about.interface_id; });
    const Direction direction = is_outbound ? Direction::Outbound : Direction::Inbound;
    const Address destination = random_.chance(92) ? quoted->source : own_or_other(own, family, 50);
    const Address source = random_.chance(60)
                               ? quoted->destination
                               : (is_outbound ? own_or_other(own, family, 85) : interesting_address(*model_, family, random_));
    const std::size_t size = random_.one_of<std::size_t>({28, 28, 27, 32, 48, 48, 47, 56, 60, 100, 1000, 8});
    Step step{.interface_id = about.interface_id,
              .direction = direction,
              .entrance = random_.chance(70) ? about.entrance : random_entrance(),
              .frame = {},
              .rules = {},
              .model = {}};
    const Ethernet link = link_to(own, direction, destination);
    if (family == Family::Ipv4) {
        const Icmp message{.type = random_.one_of<std::uint8_t>({3, 3, 3, 11, 12, 4, 5}),
                           .code = random_.one_of<std::uint8_t>({0, 3, 4, 4}),
                           .checksum = {}};
        step.frame = (link /
                      Ipv4{.source = source,
                           .destination = destination,
                           .protocol = {},
                           .options = {},
                           .header_words = {},
                           .total_length = {},
                           .checksum = {}} /
                      message / quote_of(about.frame, size))
                         .bytes();
    } else {
        const Icmpv6 message{
            .type = random_.one_of<std::uint8_t>({1, 2, 2, 3, 4, 5}), .code = random_.one_of<std::uint8_t>({0, 0, 1}), .checksum = {}};
        step.frame = (link / Ipv6{.source = source, .destination = destination, .next_header = {}, .payload_length = {}} / message /
                      quote_of(about.frame, size))
                         .bytes();
    }
    if (random_.chance(30)) {
        sent_.push_back(step);  // errors about errors
    }
    return step;
}

}  // namespace portcullis::test
