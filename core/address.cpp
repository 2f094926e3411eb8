// SPDX-License-Identifier: Apache-2.0
#include "core/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace portcullis {
namespace {

// inet_pton and inet_ntop want C strings; the longest address text has 45 characters.
std::optional<Address> parse_as(Family family, std::string_view text) {
    char buffer[INET6_ADDRSTRLEN];
    if (text.size() >= sizeof buffer || text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    std::memcpy(buffer, text.data(), text.size());
    buffer[text.size()] = '\0';
    Address address{.family = family, .bytes = {}};
    if (::inet_pton(family == Family::Ipv4 ? AF_INET : AF_INET6, buffer, address.bytes.data()) != 1) {
        return std::nullopt;
    }
    return address;
}

// Clears all but the first `length` bits.
void clear_host_bits(Address& address, std::uint8_t length) {
    for (std::size_t i = 0; i < address.bytes.size(); ++i) {
        const int kept_bits = std::clamp(static_cast<int>(length) - static_cast<int>(i) * 8, 0, 8);
        address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xff00u >> kept_bits));
    }
}

std::optional<std::uint8_t> parse_length(std::string_view text, Family family) {
    if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) {
        return std::nullopt;
    }
    unsigned length = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        length = length * 10 + static_cast<unsigned>(digit - '0');
    }
    if (length > address_bits(family)) {
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(length);
}

std::optional<std::uint8_t> hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<std::uint8_t>(c - '0');
    }
    const char lower = static_cast<char>(c | 0x20);
    if (lower >= 'a' && lower <= 'f') {
        return static_cast<std::uint8_t>(lower - 'a' + 10);
    }
    return std::nullopt;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
    return parse_as(text.find(':') == std::string_view::npos ? Family::Ipv4 : Family::Ipv6, text);
}

Address Address::ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return Address{.family = Family::Ipv4, .bytes = {a, b, c, d}};
}

std::string Address::to_string() const {
    char buffer[INET6_ADDRSTRLEN];
    return ::inet_ntop(family == Family::Ipv4 ? AF_INET : AF_INET6, bytes.data(), buffer, sizeof buffer);
}

std::optional<Prefix::Parsed> Prefix::parse(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto address = Address::parse(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    const auto length = parse_length(text.substr(slash + 1), address->family);
    if (!length) {
        return std::nullopt;
    }
    const Prefix prefix = of(*address, *length);
    return Parsed{.prefix = prefix, .had_host_bits = prefix.address != *address};
}

Prefix Prefix::of(const Address& address, std::uint8_t length) {
    Prefix prefix{.address = address, .length = length};
    clear_host_bits(prefix.address, length);
    return prefix;
}

bool Prefix::contains(const Address& other) const { return other.family == family() && of(other, length).address == address; }

bool Prefix::contains(const Prefix& other) const { return other.length >= length && contains(other.address); }

std::string Prefix::to_string() const { return address.to_string() + "/" + std::to_string(length); }

std::optional<Mac> Mac::parse(std::string_view text) {
    if (text.size() != 17) {
        return std::nullopt;
    }
    Mac mac;
    for (std::size_t i = 0; i < 6; ++i) {
        const auto high = hex_digit(text[i * 3]);
        const auto low = hex_digit(text[i * 3 + 1]);
        if (!high || !low || (i < 5 && text[i * 3 + 2] != ':')) {
            return std::nullopt;
        }
        mac.bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
    }
    return mac;
}

std::string Mac::to_string() const {
    char buffer[18];
    (void)std::snprintf(buffer, sizeof buffer, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
                        bytes[5]);  // always 17 characters
    return buffer;
}

Address Mac::link_local() const {
    Address address{.family = Family::Ipv6, .bytes = {0xfe, 0x80}};
    std::copy_n(bytes.begin(), 3, address.bytes.begin() + 8);
    address.bytes[8] ^= 0x02;  // the universal/local bit is inverted
    address.bytes[11] = 0xff;
    address.bytes[12] = 0xfe;
    std::copy_n(bytes.begin() + 3, 3, address.bytes.begin() + 13);
    return address;
}

}  // namespace portcullis
