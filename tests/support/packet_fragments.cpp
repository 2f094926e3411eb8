// SPDX-License-Identifier: Apache-2.0
#include "tests/support/packet_fragments.h"

#include <algorithm>

namespace portcullis::test {
namespace {

struct Cut {
    Packet head;  // up to and with the IP header, and the repeated headers
    Bytes body;   // what is cut into pieces
    std::uint8_t protocol = 59;
};

Cut cut(const Packet& packet, std::size_t repeated) {
    const auto network = std::find_if(packet.layers.begin(), packet.layers.end(), [](const Layer& layer) {
        return std::holds_alternative<Ipv4>(layer) || std::holds_alternative<Ipv6>(layer);
    });
    const auto behind = network + 1 + static_cast<std::ptrdiff_t>(std::holds_alternative<Ipv6>(*network) ? repeated : 0);
    Cut out{.head = {.layers = {packet.layers.begin(), behind}}, .body = {}};
    const std::size_t head_bytes = (out.head / Payload{}).bytes().size();
    const Bytes whole = packet.bytes();
    out.body.assign(whole.begin() + static_cast<std::ptrdiff_t>(head_bytes), whole.end());
    // The number that the last header in front of the body gives it, read off the finished packet.
    const std::size_t link_bytes = Packet{.layers = {packet.layers.begin(), network}}.bytes().size();
    const bool is_ipv4 = std::holds_alternative<Ipv4>(*network);
    std::size_t at = link_bytes + (is_ipv4 ? 9 : 6);
    if (repeated > 0 && !is_ipv4) {
        at = Packet{.layers = {packet.layers.begin(), behind - 1}}.bytes().size();
    }
    out.protocol = whole[at];
    return out;
}

Packet piece_of(const Cut& whole, const Piece& piece) {
    const std::size_t begin = std::min<std::size_t>(piece.offset * std::size_t{8}, whole.body.size());
    const std::size_t rest = whole.body.size() - begin;
    const std::size_t size = piece.size == 0 ? rest : std::min(piece.size, rest);
    const bool more = piece.more.value_or(size < rest);
    const auto from = whole.body.begin() + static_cast<std::ptrdiff_t>(begin);
    Packet out = whole.head;
    for (Layer& layer : out.layers) {
        if (auto* ipv4 = std::get_if<Ipv4>(&layer)) {
            ipv4->id = static_cast<std::uint16_t>(piece.id);
            ipv4->fragment_offset = piece.offset;
            ipv4->more_fragments = more;
            ipv4->protocol = whole.protocol;
        }
    }
    if (!std::holds_alternative<Ipv4>(out.layers.back())) {
        out.layers.emplace_back(FragmentHeader{.offset = piece.offset, .more = more, .id = piece.id, .next_header = whole.protocol});
        if (auto* ipv6 = std::get_if<Ipv6>(&out.layers[out.layers.size() - 2])) {
            ipv6->next_header = {};
        } else if (auto* header = std::get_if<ExtensionHeader>(&out.layers[out.layers.size() - 2])) {
            header->next_header = {};
        }
    }
    out.layers.emplace_back(Payload{.bytes = Bytes(from, from + static_cast<std::ptrdiff_t>(size))});
    return out;
}

}  // namespace

Packet fragment_of(const Packet& packet, const Piece& piece, std::size_t repeated) { return piece_of(cut(packet, repeated), piece); }

std::vector<Packet> fragments_of(const Packet& packet, std::size_t piece_bytes, std::uint32_t id) {
    const Cut whole = cut(packet, 0);
    std::vector<Packet> out;
    for (std::size_t begin = 0; begin < whole.body.size(); begin += piece_bytes) {
        out.push_back(piece_of(whole, {.offset = static_cast<std::uint16_t>(begin / 8), .size = piece_bytes, .more = {}, .id = id}));
    }
    return out;
}

}  // namespace portcullis::test
