// SPDX-License-Identifier: Apache-2.0
// The part of PacketStream (random_packet.h) below IP: ARP, neighbour discovery, and everything that is wrong with a frame.
#include <algorithm>

#include "tests/conformance/random_model.h"
#include "tests/conformance/random_packet.h"

namespace portcullis::test {

Packet PacketStream::arp_packet(const NetworkInterface& own, Direction direction) {
    const Mac other{{0x02, 0, 0, 0, 0, random_.one_of<std::uint8_t>({1, 2, 3, 0xfe})}};
    const Mac sender = direction == Direction::Outbound ? *own.mac : other;
    Arp arp{.operation = random_.one_of<std::uint16_t>({1, 1, 1, 2, 2, 3}), .sender_mac = sender};
    arp.sender = own_or_other(own, Family::Ipv4, direction == Direction::Outbound ? 80 : 15);
    arp.target = random_.chance(15) ? arp.sender : own_or_other(own, Family::Ipv4, 60);
    switch (random_.below(12)) {
        case 0:
            arp.sender_mac = kBroadcast;
            break;
        case 1:
            arp.sender = Address{};
            break;
        case 2:
            arp.hardware = random_.one_of<std::uint16_t>({0, 6});
            break;
        case 3:
            arp.protocol_length = random_.one_of<std::uint8_t>({0, 16});
            break;
        default:
            break;
    }
    const Mac destination = direction == Direction::Inbound && random_.chance(50) ? *own.mac : kBroadcast;
    return Ethernet{.source = sender, .destination = destination, .type = {}} / arp /
           Payload{.bytes = Bytes(random_.one_of({0u, 0u, 18u, 22u, 23u}))};
}

Packet PacketStream::nd_packet(const NetworkInterface& own, Direction direction) {
    const Mac other{{0x02, 0, 0, 0, 0, random_.one_of<std::uint8_t>({1, 2, 3, 0xfe})}};
    const bool is_outbound = direction == Direction::Outbound;
    const Mac sender = is_outbound ? *own.mac : other;
    const auto type = random_.one_of<std::uint8_t>({133, 135, 135, 135, 136, 136, 136, 134, 137});
    Ipv6 header{.source = own_or_other(own, Family::Ipv6, is_outbound ? 80 : 10),
                .destination = random_.chance(50) ? ip("ff02::1:ff00:1") : own_or_other(own, Family::Ipv6, is_outbound ? 10 : 80),
                .hop_limit = random_.chance(92) ? std::uint8_t{255} : std::uint8_t{64},
                .next_header = {},
                .payload_length = {}};
    const bool is_detection = random_.chance(15);
    if (is_detection) {
        header.source = ip("::");
    }
    Neighbour message{.type = type, .code = random_.chance(95) ? std::uint8_t{0} : std::uint8_t{1}};
    message.target = is_detection && random_.chance(60) ? random_claim() : own_or_other(own, Family::Ipv6, 55);
    const std::uint32_t options = random_.below(is_detection ? 2 : 4);
    for (std::uint32_t i = 0; i < options; ++i) {
        Bytes option = nd_link_option(random_.one_of<std::uint8_t>({1, 1, 2, 2, 14, 5, 0}), random_.chance(80) ? sender : other);
        option[1] = random_.chance(93) ? std::uint8_t{1} : random_.one_of<std::uint8_t>({0, 2, 255});
        message.options.insert(message.options.end(), option.begin(), option.end());
    }
    if (random_.chance(6)) {
        message.options.resize(random_.below(70), 14);
    }
    const bool is_to_group = header.destination.bytes[0] == 0xff;
    const Mac group = mac("33:33:ff:00:00:01");
    const Ethernet ethernet{.source = sender, .destination = is_to_group ? group : (is_outbound ? other : *own.mac), .type = {}};
    if (random_.chance(5)) {
        return ethernet / header /
               ExtensionHeader{.number = random_.one_of<std::uint8_t>({0, 43, 60}), .body = {}, .next_header = {}, .length_units = {}} /
               message;
    }
    return ethernet / header / message;
}

Step PacketStream::neighbour_step() {
    const NetworkInterface& own = interface_at(random_.below(model_->ports.size()));
    const Direction direction = random_.chance(50) ? Direction::Outbound : Direction::Inbound;
    Packet packet = random_.chance(45) ? arp_packet(own, direction) : nd_packet(own, direction);
    Step step{
        .interface_id = own.id, .direction = direction, .entrance = random_entrance(), .frame = packet.bytes(), .rules = {}, .model = {}};
    if (random_.chance(10)) {
        spoil(step, std::move(packet));
    }
    return step;
}

void PacketStream::spoil(Step& step, Packet packet) {
    Bytes& frame = step.frame;
    switch (random_.below(9)) {
        case 0: {  // a bit of a header
            std::uint8_t& byte = frame[random_.below(std::min<std::size_t>(frame.size(), 74))];
            byte = static_cast<std::uint8_t>(byte ^ 1u << random_.below(8));
            break;
        }
        case 1:  // any byte
            frame[random_.below(frame.size())] = random_.byte();
            break;
        case 2:  // cut; the kernel's test run takes nothing shorter
            frame.resize(random_.between(15, static_cast<std::uint32_t>(frame.size())));
            break;
        case 3:  // padding
            frame.resize(frame.size() + random_.between(1, 40), random_.byte());
            break;
        case 4:  // fragments
            packet.layers.insert(
                packet.layers.begin() + 2,
                FragmentHeader{
                    .offset = random_.one_of<std::uint16_t>({0, 1, 185}), .more = random_.chance(50), .id = 7, .next_header = {}});
            if (auto* ipv4 = std::get_if<Ipv4>(&packet.layers[1])) {
                packet.layers.erase(packet.layers.begin() + 2);
                ipv4->more_fragments = random_.chance(60);
                ipv4->fragment_offset = random_.one_of<std::uint16_t>({0, 1, 185, 8191});
            }
            frame = packet.bytes();
            break;
        case 5:  // tags
            packet.layers.insert(packet.layers.begin() + 1, Vlan{.id = random_.one_of<std::uint16_t>({0, 1, 4095}),
                                                                 .tpid = random_.one_of<std::uint16_t>({0x8100, 0x88a8, 0x9100}),
                                                                 .type = {}});
            frame = packet.bytes();
            break;
        case 6:  // other ethertypes, lengths among them
            std::get<Ethernet>(packet.layers[0]).type =
                random_.one_of<std::uint16_t>({0x0000, 0x0040, 0x05dc, 0x0800, 0x0806, 0x86dd, 0x8847, 0x88cc, 0x9000});
            frame = packet.bytes();
            break;
        case 7:  // other source
            std::get<Ethernet>(packet.layers[0]).source =
                random_.one_of<Mac>({kBroadcast, Mac{}, mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02"), mac("01:00:5e:00:00:01")});
            frame = packet.bytes();
            break;
        default:  // other destination
            std::get<Ethernet>(packet.layers[0]).destination =
                random_.one_of<Mac>({kBroadcast, Mac{}, mac("02:00:00:00:00:01"), mac("33:33:00:00:00:01"), mac("01:00:5e:00:00:01"),
                                     mac("01:80:c2:00:00:00"), mac("01:80:c2:00:00:0e")});
            frame = packet.bytes();
    }
}

}  // namespace portcullis::test
