// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/kernel_forwarding.h"

#include <algorithm>

namespace portcullis::test {
namespace {

using Frame = std::span<const std::uint8_t>;

constexpr std::size_t kEthernetHeader = 14;

unsigned word(Frame frame, std::size_t at) { return static_cast<unsigned>(frame[at] << 8 | frame[at + 1]); }

// Bytes of the IP packet by its header, as far as br_netfilter accepts it; 0: it drops the frame.
std::size_t validated_ipv4(Frame packet) {
    if (packet.size() < 20 || packet[0] >> 4 != 4) {
        return 0;
    }
    const std::size_t header = static_cast<std::size_t>(packet[0] & 15) * 4;
    if (header < 20 || header > packet.size() ||
        internet_checksum(Bytes(packet.begin(), packet.begin() + static_cast<long>(header))) != 0) {
        return 0;
    }
    const std::size_t total = word(packet, 2);
    return total < header || total > packet.size() ? 0 : total;
}

// The options of a hop-by-hop header, as nf_ip6_check_hbh_len walks them. A jumbogram is refused: none of ours is long enough.
bool has_valid_hop_by_hop(Frame packet) {
    constexpr std::size_t begin = 40;
    constexpr std::uint8_t pad1 = 0;
    constexpr std::uint8_t jumbo = 0xc2;
    if (packet.size() < begin + 8) {
        return false;
    }
    const std::size_t end = begin + (packet[begin + 1] + std::size_t{1}) * 8;
    std::size_t at = begin + 2;
    while (end <= packet.size() && at < end) {
        if (packet[at] == pad1) {
            ++at;
        } else if (at + 2 > end || packet[at] == jumbo) {
            return false;
        } else {
            at += packet[at + 1] + std::size_t{2};
        }
    }
    return at == end;
}

std::size_t validated_ipv6(Frame packet) {
    if (packet.size() < 40 || packet[0] >> 4 != 6) {
        return 0;
    }
    const std::size_t length = word(packet, 4) + 40;
    const bool is_valid = length <= packet.size() && (packet[6] != 0 || has_valid_hop_by_hop(packet));
    return is_valid ? length : 0;
}

}  // namespace

bool kernel_receives(Frame frame) {
    const unsigned type = word(frame, 12);
    return (type != 0x8100 && type != 0x88a8) || frame.size() >= kEthernetHeader + 4;
}

bool bridge_forwards(Frame frame, bool calls_netfilter) {
    const bool has_valid_source =
        (frame[6] & 1) == 0 && std::any_of(frame.begin() + 6, frame.begin() + 12, [](auto byte) { return byte != 0; });
    // 01:80:c2:00:00:01 to :0f stay on their link; :00 is forwarded where the bridge speaks no spanning tree.
    constexpr std::uint8_t kReserved[] = {0x01, 0x80, 0xc2, 0, 0};
    const bool is_reserved = std::equal(std::begin(kReserved), std::end(kReserved), frame.begin()) && frame[5] > 0 && frame[5] < 16;
    if (!has_valid_source || is_reserved || !kernel_receives(frame)) {
        return false;
    }
    const Frame packet = frame.subspan(kEthernetHeader);
    if (calls_netfilter && word(frame, 12) == 0x0806) {
        return packet.size() >= 8;  // br_nf_forward_arp reads the fixed part of the header
    }
    if (calls_netfilter && word(frame, 12) == 0x0800) {
        return validated_ipv4(packet) != 0;
    }
    if (calls_netfilter && word(frame, 12) == 0x86dd) {
        return validated_ipv6(packet) != 0;
    }
    return true;
}

bool is_arrival_of(const Bytes& seen, const Bytes& sent, bool calls_netfilter) {
    if (seen == sent) {
        return true;
    }
    const Frame packet = Frame(sent).subspan(kEthernetHeader);
    const std::size_t length = word(sent, 12) == 0x0800 ? validated_ipv4(packet) : validated_ipv6(packet);
    return calls_netfilter && seen.size() == kEthernetHeader + length && std::equal(seen.begin(), seen.end(), sent.begin());
}

}  // namespace portcullis::test
