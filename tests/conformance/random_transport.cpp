// SPDX-License-Identifier: Apache-2.0
// The part of PacketStream (random_packet.h) at the transport header: segments with sequence numbers that fit or nearly fit, extension
// headers in front of it, and fragments.
#include <algorithm>
#include <utility>

#include "tests/conformance/random_model.h"
#include "tests/conformance/random_packet.h"
#include "tests/support/packet_fragments.h"
#include "tests/support/packet_messages.h"

namespace portcullis::test {
namespace {

Direction opposite(Direction direction) { return direction == Direction::Outbound ? Direction::Inbound : Direction::Outbound; }

std::uint8_t reply_type(std::uint8_t protocol, std::uint8_t query) {
    if (protocol == 58) {
        return static_cast<std::uint8_t>(query + 1);
    }
    return query == 8 ? 0 : static_cast<std::uint8_t>(query + 1);
}

}  // namespace

Packet PacketStream::transport_of(Talk& talk, Direction direction, bool is_first) {
    const bool is_outbound = direction == Direction::Outbound;
    const std::uint16_t source = is_outbound ? talk.local_port : talk.remote_port;
    const std::uint16_t destination = is_outbound ? talk.remote_port : talk.local_port;
    if (talk.protocol == 6) {
        static constexpr std::uint8_t kSynAck = kSyn | kAck;
        std::uint8_t flags =
            random_.one_of<std::uint8_t>({kSyn, kSynAck, kSynAck, kAck, kAck, kAck, kAck | kPsh, kFin | kAck, kRst, kRst | kAck});
        if (is_first) {
            flags = random_.chance(80) ? kSyn : random_.one_of<std::uint8_t>({kAck, kSynAck, kRst, kFin | kAck});
        } else if (random_.chance(5)) {
            flags = random_.byte();
        }
        return segment_of(talk, direction, flags);
    }
    const Payload data{.bytes = Bytes(random_.chance(70) ? 0 : random_.below(200))};
    if (talk.protocol == 17) {
        return Udp{.source_port = source, .destination_port = destination, .length = {}, .checksum = {}} / data;
    }
    if (talk.protocol == 1 || talk.protocol == 58) {
        const bool is_reply = direction != talk.asker && random_.chance(85);
        const std::uint8_t type = is_reply ? reply_type(talk.protocol, talk.icmp_type) : talk.icmp_type;
        return Icmpv6{.type = type, .code = talk.icmp_code, .identifier = talk.local_port, .sequence = 1, .checksum = {}} / data;
    }
    return Packet{.layers = {Payload{.bytes = Bytes(random_.below(random_.chance(80) ? 24 : 200))}}};
}

// Of the numbers that a reset may have: what the receiver expects, the edges of its window, and others.
std::uint32_t PacketStream::reset_number(const End& sender, const End& receiver) {
    const std::uint32_t expected = receiver.acknowledged;
    return random_.one_of({expected, expected, expected + receiver.window - 1, expected + receiver.window, expected - 1, expected + 1,
                           sender.next, random_.below(0xffffffff)});
}

Packet PacketStream::segment_of(Talk& talk, Direction direction, std::uint8_t flags) {
    End& sender = talk.ends[static_cast<std::size_t>(direction)];
    const End& receiver = talk.ends[static_cast<std::size_t>(opposite(direction))];
    const bool is_outbound = direction == Direction::Outbound;
    const bool has_syn = (flags & kSyn) != 0;
    Tcp segment{.source_port = is_outbound ? talk.local_port : talk.remote_port,
                .destination_port = is_outbound ? talk.remote_port : talk.local_port,
                .flags = flags,
                .sequence = sender.next,
                .acknowledgement = random_.chance(85) ? receiver.next : receiver.next + random_.below(3000),
                .window = random_.one_of<std::uint16_t>({0, 1, 10, 1000, 65535}),
                .options = {},
                .data_offset = {},
                .checksum = {}};
    if (has_syn) {
        segment.sequence = sender.next == 0 || random_.chance(20) ? random_.below(0xffffffff) : sender.next - 1;
        sender.shift = random_.chance(50) ? 0 : static_cast<std::uint8_t>(random_.below(16));
        segment.options = tcp_options(1460, random_.chance(60) ? std::optional(sender.shift) : std::nullopt);
    } else if ((flags & kRst) != 0) {
        segment.sequence = reset_number(sender, receiver);
    }
    const Bytes data((flags & (kRst | kSyn)) == 0 && random_.chance(25) ? random_.below(200) : 0);
    sender.next = segment.sequence + static_cast<std::uint32_t>(data.size()) + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
    if ((flags & kAck) != 0) {
        sender.acknowledged = segment.acknowledgement;
        sender.window = static_cast<std::uint32_t>(segment.window) << (has_syn ? 0 : std::min<unsigned>(sender.shift, 14));
    }
    return segment / Payload{.bytes = data};
}

void PacketStream::add_extension_headers(Packet& packet) {
    auto* ipv6 = std::get_if<Ipv6>(&packet.layers[1]);
    if (ipv6 == nullptr || !ipv6->next_header) {
        return;
    }
    const std::optional<std::uint8_t> protocol = std::exchange(ipv6->next_header, std::nullopt);
    std::vector<Layer> headers;
    do {
        switch (random_.below(7)) {
            case 0:
                headers.emplace_back(routing_header(random_.one_of<std::uint8_t>({0, 2, 4}), 1));
                break;
            case 1:
                headers.emplace_back(FragmentHeader{.offset = 0, .more = random_.chance(20), .id = 5, .next_header = {}});
                break;
            case 2:
                headers.emplace_back(options_header(
                    0, random_.one_of<Bytes>({{}, {5, 2, 0, 0}, {0xc2, 4, 0, 1, 0, 0}, {1, 9, 0}, {0, 0, 0}, {0x1e, 0}, {7}})));
                break;
            case 3:
                headers.emplace_back(options_header(60, Bytes(random_.one_of<std::size_t>({0, 6, 14, 200, 240, 254}))));
                break;
            default:
                headers.emplace_back(random_.chance(50) ? options_header(60, {}) : router_alert6());
        }
    } while (random_.chance(50));
    for (Layer* last = &headers.back(); last != nullptr; last = nullptr) {
        if (auto* extension = std::get_if<ExtensionHeader>(last)) {
            extension->next_header = protocol;
        } else {
            std::get<FragmentHeader>(*last).next_header = protocol;
        }
    }
    packet.layers.insert(packet.layers.begin() + 2, headers.begin(), headers.end());
}

// The step gets one of the pieces; the others are sent with what follows, not always in order and not always all.
void PacketStream::cut_into_fragments(Step& step, const Packet& packet) {
    const std::uint32_t id = random_.between(1, 4);
    const auto size = random_.one_of<std::size_t>({8, 16, 24, 32, 64});
    std::vector<Packet> pieces = fragments_of(packet, size, id);
    if (pieces.empty()) {
        return;
    }
    const std::size_t first = random_.chance(80) ? 0 : random_.below(pieces.size());
    step.frame = pieces[first].bytes();
    const std::size_t most = std::min<std::size_t>(pieces.size(), 4);
    for (std::size_t i = 0; i < most; ++i) {
        Step other = step;
        other.frame = pieces[random_.chance(80) ? pieces.size() - 1 - i : i].bytes();
        if (random_.chance(10)) {
            other.entrance = random_entrance();
        }
        leftover_.push_back(std::move(other));
    }
}

}  // namespace portcullis::test
