// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/render_nft_values.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstring>

#include "core/address.h"

namespace portcullis {
namespace {

constexpr std::size_t kLongestText = 127;  // nft: NFTNL_UDATA_COMMENT_MAXLEN, with the end

std::uint64_t number_of(std::span<const std::uint8_t> bytes) {
    std::uint64_t number = 0;
    for (const std::uint8_t byte : bytes) {
        number = number << 8 | byte;
    }
    return number;
}

std::string hexadecimal(std::span<const std::uint8_t> bytes) {
    std::string text = "0x";
    for (const std::uint8_t byte : bytes) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", byte);
        text += digits;
    }
    return text;
}

Address address_of(Family family, std::span<const std::uint8_t> bytes) {
    Address address;
    address.family = family;
    std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
    return address;
}

// Bits of the prefix that goes from `from` to `to`; -1: it is none.
int prefix_length(std::span<const std::uint8_t> from, std::span<const std::uint8_t> to) {
    const int bits = static_cast<int>(from.size() * 8);
    int length = 0;
    const auto bit = [](std::span<const std::uint8_t> bytes, int i) { return bytes[static_cast<std::size_t>(i) / 8] >> (7 - i % 8) & 1; };
    while (length < bits && bit(from, length) == bit(to, length)) {
        ++length;
    }
    for (int i = length; i < bits; ++i) {
        if (bit(from, i) != 0 || bit(to, i) != 1) {
            return -1;
        }
    }
    return length;
}

}  // namespace

NftDatatype nft_datatype(NftType type) {
    switch (type) {
        case NftType::Ipv4Address:
            return NftDatatype::Ipv4;
        case NftType::Ipv6Address:
            return NftDatatype::Ipv6;
        case NftType::EtherAddress:
            return NftDatatype::Ether;
        case NftType::EtherType:
            return NftDatatype::EtherType;
        case NftType::Protocol:
            return NftDatatype::Protocol;
        case NftType::Port:
            return NftDatatype::Port;
        case NftType::Interface:
            return NftDatatype::Interface;
        case NftType::Byte:
        case NftType::Half:
        case NftType::Word:
        case NftType::Bytes64:
        case NftType::DeviceName:
            break;
    }
    return NftDatatype::Integer;
}

std::string_view nft_type_word(NftDatatype type) {
    switch (type) {
        case NftDatatype::Ipv4:
            return "ipv4_addr";
        case NftDatatype::Ipv6:
            return "ipv6_addr";
        case NftDatatype::Ether:
            return "ether_addr";
        case NftDatatype::EtherType:
            return "ether_type";
        case NftDatatype::Protocol:
            return "inet_proto";
        case NftDatatype::Port:
            return "inet_service";
        case NftDatatype::Interface:
            return "iface_index";
        case NftDatatype::PacketType:
            return "pkt_type";
        case NftDatatype::Mark:
            return "mark";
        case NftDatatype::Number:
        case NftDatatype::Integer:
            break;
    }
    return {};
}

std::string nft_type_example(NftDatatype type, std::size_t bytes) {
    switch (type) {
        case NftDatatype::Ipv4:
            return "ip saddr";
        case NftDatatype::Ipv6:
            return "ip6 saddr";
        case NftDatatype::Ether:
            return "ether saddr";
        case NftDatatype::EtherType:
            return "meta protocol";
        case NftDatatype::Protocol:
            return "meta l4proto";
        case NftDatatype::Port:
            return "th dport";
        case NftDatatype::Interface:
            return "meta iif";
        case NftDatatype::PacketType:
            return "meta pkttype";
        case NftDatatype::Mark:
            return "meta mark";
        case NftDatatype::Number:
        case NftDatatype::Integer:
            break;
    }
    return "@nh,0," + std::to_string(bytes * 8);
}

std::string nft_value(NftDatatype type, std::span<const std::uint8_t> bytes) {
    switch (type) {
        case NftDatatype::Ipv4:
            return address_of(Family::Ipv4, bytes).to_string();
        case NftDatatype::Ipv6:
            return address_of(Family::Ipv6, bytes).to_string();
        case NftDatatype::Ether: {
            Mac mac;
            std::copy(bytes.begin(), bytes.end(), mac.bytes.begin());
            return mac.to_string();
        }
        case NftDatatype::Mark:
        case NftDatatype::Interface: {
            std::uint32_t ifindex = 0;
            assert(bytes.size() == sizeof ifindex);
            std::memcpy(&ifindex, bytes.data(), sizeof ifindex);
            return std::to_string(ifindex);
        }
        case NftDatatype::Protocol:
        case NftDatatype::Port:
        case NftDatatype::PacketType:
        case NftDatatype::Number:
            return std::to_string(number_of(bytes));
        case NftDatatype::EtherType:
        case NftDatatype::Integer:
            break;
    }
    return hexadecimal(bytes);
}

std::string nft_interval(NftDatatype type, std::span<const std::uint8_t> from, std::span<const std::uint8_t> to) {
    if (std::ranges::equal(from, to)) {
        return nft_value(type, from);
    }
    const int length = type == NftDatatype::Ipv4 || type == NftDatatype::Ipv6 ? prefix_length(from, to) : -1;
    return nft_value(type, from) + (length > 0 ? "/" + std::to_string(length) : "-" + nft_value(type, to));
}

std::string nft_time(std::uint64_t milliseconds) {
    return milliseconds % 1000 == 0 ? std::to_string(milliseconds / 1000) + "s" : std::to_string(milliseconds) + "ms";
}

std::string nft_quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char one : text.substr(0, kLongestText)) {
        const bool is_plain = static_cast<unsigned char>(one) >= 0x20 && one != '"' && one != '\\' && one != 0x7f;
        quoted += is_plain ? one : '?';
    }
    return quoted + '"';
}

}  // namespace portcullis
