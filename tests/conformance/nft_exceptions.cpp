// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/nft_exceptions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace portcullis::test {
namespace {

constexpr Direction kOut = Direction::Outbound;
constexpr Reason kExtension = PC_REASON_extension_header;
const std::vector<NftException> kExceptions = {
    {1, "extensions", "Options in front of the transport header pass", 3, kOut, kExtension},
    {1, "extensions", "Options in front of the transport header pass", 4, kOut, kExtension},
    {1, "extensions", "Options in front of the transport header pass", 5, Direction::Inbound, kExtension},
    {1, "extensions", "Ports behind extension headers decide", 1, kOut, kExtension},
    {1, "extensions", "Ports behind extension headers decide", 2, kOut, kExtension},
    {1, "extensions", "Ports behind extension headers decide", 3, kOut, kExtension},
    {1, "extensions", "Hop-by-hop options come first", 4, kOut, kExtension},
    {1, "extensions", "Eight headers are walked", 1, kOut, kExtension},
    {1, "extensions", "Eight headers are walked", 3, kOut, kExtension},
    {1, "extensions", "256 bytes of headers are walked", 1, kOut, kExtension},
    {1, "extensions", "256 bytes of headers are walked", 3, kOut, kExtension},
    {1, "extensions", "What stands behind authentication is not looked at", 2, kOut, PC_REASON_ip_malformed},
    {1, "reject", "What is answered is dropped for the same reason as without an answer", 13, kOut, kExtension},
    {1, "fragments", "Headers behind a fragment header are walked in a first fragment", 1, kOut, kExtension},
    {1, "fragments", "Headers behind a fragment header are walked in a first fragment", 2, kOut, kExtension},
    {1, "fragments", "Headers behind a fragment header are walked in a first fragment", 3, kOut, kExtension},
    {1, "fragments", "Headers behind a fragment header are not walked in a later fragment", 3, kOut, kExtension},
    {6, "fragments", "The last thirty-two first fragments are remembered", 35, kOut, PC_REASON_security_group},
    {6, "fragments", "A first fragment that comes again takes no further place", 36, kOut, PC_REASON_security_group},
    {6, "fragments", "The memories of the families are apart", 34, kOut, PC_REASON_security_group},
};

// ---- the numbered lines, by the bytes of a frame without tags

constexpr std::size_t kEthernetBytes = 14;

std::uint8_t byte_at(std::span<const std::uint8_t> frame, std::size_t at) { return at < frame.size() ? frame[at] : std::uint8_t{0}; }

std::uint16_t type_of(std::span<const std::uint8_t> frame) {
    return static_cast<std::uint16_t>(byte_at(frame, 12) << 8 | byte_at(frame, 13));
}

// 01-80-C2-00-00-0X
bool is_to_reserved_group(std::span<const std::uint8_t> frame) {
    constexpr std::array<std::uint8_t, 5> kHead = {0x01, 0x80, 0xc2, 0, 0};
    return std::equal(kHead.begin(), kHead.end(), frame.begin()) && frame[5] < 0x10;
}

std::optional<unsigned> line_of_ipv4(std::span<const std::uint8_t> packet, Reason reason) {
    const unsigned words = byte_at(packet, 0) & 0x0fU;
    if (words > 5 && reason == PC_REASON_ip_malformed) {
        return 2;
    }
    const bool is_udp = byte_at(packet, 9) == 17;
    return words > 6 && is_udp && reason == PC_REASON_transport_malformed ? std::optional(3U) : std::nullopt;
}

// Of neighbour discovery: several options, of which one is longer than 8 bytes.
bool has_mixed_options(std::span<const std::uint8_t> packet) {
    constexpr std::size_t kIpv6Bytes = 40;
    constexpr std::uint8_t kRouterSolicitation = 133;
    std::size_t at = kIpv6Bytes + (byte_at(packet, kIpv6Bytes) == kRouterSolicitation ? 8U : 24U);
    unsigned count = 0;
    bool has_long = false;
    while (at < packet.size() && byte_at(packet, at + 1) != 0) {
        ++count;
        has_long = has_long || byte_at(packet, at + 1) > 1;
        at += std::size_t{byte_at(packet, at + 1)} * 8;
    }
    return count > 1 && has_long;
}

// Of a hop-by-hop header of 8 bytes, at its options: one that fills it, one of two bytes of data beside two of padding, or padding.
bool is_listed_hop_by_hop(std::span<const std::uint8_t> packet, std::size_t at) {
    const auto is_plain = [](std::uint8_t type) { return type != 0 && type != 0xc2; };
    const auto is_padding = [&](std::size_t from) { return byte_at(packet, from) <= 1 && byte_at(packet, from + 1) == 0; };
    const bool is_at_once = is_plain(byte_at(packet, at));
    const std::uint8_t length = byte_at(packet, at + 1);
    const bool is_behind = is_padding(at) && is_plain(byte_at(packet, at + 2)) && byte_at(packet, at + 3) == 2;
    const bool is_blank = std::all_of(packet.begin() + static_cast<std::ptrdiff_t>(at),
                                      packet.begin() + static_cast<std::ptrdiff_t>(at + 6), [](std::uint8_t byte) { return byte == 0; });
    return is_blank || is_behind || (is_at_once && (length == 4 || (length == 2 && is_padding(at + 4))));
}

constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAuthentication = 51, kIcmpv6 = 58, kDestination = 60;

bool is_walked(std::uint8_t header) { return header == kHopByHop || header == kRouting || header == kFragment || header == kDestination; }

// Whether one header of 8 bytes stands there whole, directly behind the IPv6 header, in a layout that line 1 lists.
bool is_listed_header(std::span<const std::uint8_t> packet) {
    constexpr std::size_t kAt = 40, kBytes = 8;
    const std::size_t length = std::size_t{byte_at(packet, 4)} << 8 | byte_at(packet, 5);
    if (packet.size() < kAt + kBytes || length < kBytes || length > packet.size() - kAt || is_walked(byte_at(packet, kAt))) {
        return false;
    }
    if (byte_at(packet, kAt) == kAuthentication && length < kBytes + 2) {
        return false;
    }
    switch (byte_at(packet, 6)) {
        case kHopByHop:
            return byte_at(packet, kAt + 1) == 0 && is_listed_hop_by_hop(packet, kAt + 2);
        case kFragment: {
            const bool is_later = byte_at(packet, kAt + 2) != 0 || byte_at(packet, kAt + 3) >= 8;
            return !is_later || byte_at(packet, kAt) != kAuthentication;
        }
        case kDestination:
            return byte_at(packet, kAt + 1) == 0;
        default:
            return false;
    }
}

std::optional<unsigned> line_of_ipv6(std::span<const std::uint8_t> packet, Reason reason) {
    const std::uint8_t next = byte_at(packet, 6);
    if (is_walked(next)) {
        const bool is_route = next == kRouting || byte_at(packet, 40) == kRouting;
        const bool is_of_headers = reason == PC_REASON_extension_header || (reason == PC_REASON_source_route && is_route);
        return is_of_headers && !is_listed_header(packet) ? std::optional(1U) : std::nullopt;
    }
    if (next == kAuthentication && reason == PC_REASON_ip_malformed) {
        return 1;
    }
    return next == kIcmpv6 && reason == PC_REASON_nd && has_mixed_options(packet) ? std::optional(4U) : std::nullopt;
}

}  // namespace

std::span<const NftException> nft_otherwise() { return kExceptions; }

NftExcuses::NftExcuses(std::string_view file, std::string_view name) {
    for (const NftException& one : kExceptions) {
        if (one.file == file && one.name == name) {
            used_[&one] = false;
        }
    }
}

NftExcuses::~NftExcuses() {
    for (const auto& [exception, is_used] : used_) {
        if (!is_used && !testing::Test::HasFailure()) {
            ADD_FAILURE() << "step " << exception->step << " is listed as an exception, but was not dropped for "
                          << name_of(exception->reason);
        }
    }
}

Excuse NftExcuses::excuse() {
    return [this](std::size_t step, const Arrival& arrival, Reason reason) {
        for (auto& [exception, is_used] : used_) {
            if (exception->step == step && exception->direction == arrival.direction && exception->reason == reason) {
                is_used = true;
                return true;
            }
        }
        return false;
    };
}

std::optional<unsigned> nft_line_of(const Arrival& arrival, Reason reason) {
    if (arrival.frame.size() <= kEthernetBytes) {
        return std::nullopt;
    }
    if (arrival.direction == Direction::Outbound && reason == PC_REASON_multicast && is_to_reserved_group(arrival.frame)) {
        return 5;
    }
    const std::span<const std::uint8_t> packet = arrival.frame.subspan(kEthernetBytes);
    switch (type_of(arrival.frame)) {
        case 0x0800:
            return line_of_ipv4(packet, reason);
        case 0x86dd:
            return line_of_ipv6(packet, reason);
        default:
            return std::nullopt;
    }
}

}  // namespace portcullis::test
