// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/errors.h"

namespace portcullis {
namespace {

constexpr std::size_t kErrorBytes = 8;  // before the quote
constexpr std::size_t kQuoteBytes = 8;  // of the quoted transport header

bool read_quoted_transport(FrameBytes bytes, IpPacket& quote) {
    if (bytes.size() < kQuoteBytes) {
        return false;
    }
    quote.payload = bytes;
    switch (quote.protocol) {
        case kProtocolTcp:
        case kProtocolUdp:
            quote.source_port = read_be16(bytes, 0);
            quote.destination_port = read_be16(bytes, 2);
            return true;
        case kProtocolIcmp:
        case kProtocolIcmpv6:
            quote.icmp_type = bytes[0];
            quote.icmp_code = bytes[1];
            quote.icmp_id = read_be16(bytes, 4);
            return (quote.protocol == kProtocolIcmp) == (quote.family() == Family::Ipv4) && !is_icmp_error(quote);
        default:
            return true;
    }
}

bool read_quoted_ipv4(FrameBytes bytes, IpPacket& quote) {
    if (bytes.size() < kIpv4Bytes || bytes[0] >> 4 != 4) {
        return false;
    }
    const std::size_t header = (bytes[0] & std::size_t{0x0f}) * 4;
    if (header < kIpv4Bytes || header > bytes.size() || (read_be16(bytes, 6) & 0x1fff) != 0) {
        return false;
    }
    quote.source = read_address(bytes, 12, Family::Ipv4);
    quote.destination = read_address(bytes, 16, Family::Ipv4);
    quote.protocol = bytes[9];
    return read_quoted_transport(bytes.subspan(header), quote);
}

bool is_walked_header(std::uint8_t number) { return number == 0 || number == 43 || number == 44 || number == 60; }

bool read_quoted_ipv6(FrameBytes bytes, IpPacket& quote) {
    if (bytes.size() < kIpv6Bytes || bytes[0] >> 4 != 6) {
        return false;
    }
    quote.source = read_address(bytes, 8, Family::Ipv6);
    quote.destination = read_address(bytes, 24, Family::Ipv6);
    quote.protocol = bytes[6];
    FrameBytes rest = bytes.subspan(kIpv6Bytes);
    if (quote.protocol == 44) {
        if (rest.size() < 8 || read_be16(rest, 2) >> 3 != 0) {
            return false;
        }
        quote.protocol = rest[0];
        rest = rest.subspan(8);
    }
    return !is_walked_header(quote.protocol) && read_quoted_transport(rest, quote);
}

}  // namespace

bool is_icmp_error(const IpPacket& packet) {
    if (packet.is_later()) {
        return false;
    }
    if (packet.protocol == kProtocolIcmp) {
        return packet.icmp_type == 3 || packet.icmp_type == 11 || packet.icmp_type == 12;
    }
    return packet.protocol == kProtocolIcmpv6 && packet.icmp_type >= 1 && packet.icmp_type <= 4;
}

bool is_too_big(const IpPacket& packet) {
    if (packet.protocol == kProtocolIcmp) {
        return packet.icmp_type == 3 && packet.icmp_code == 4;
    }
    return packet.protocol == kProtocolIcmpv6 && packet.icmp_type == 2;
}

std::optional<IpPacket> read_quote(const Passage& passage) {
    const IpPacket& error = *passage.packet;
    const FrameBytes bytes = error.payload.subspan(kErrorBytes);
    IpPacket quote;
    const bool is_read = error.family() == Family::Ipv4 ? read_quoted_ipv4(bytes, quote) : read_quoted_ipv6(bytes, quote);
    if (!is_read || quote.source != error.destination || (passage.is_outbound() && !passage.port->has(error.source))) {
        return std::nullopt;
    }
    return quote;
}

}  // namespace portcullis
