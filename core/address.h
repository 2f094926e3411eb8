// SPDX-License-Identifier: Apache-2.0
// IP addresses, prefixes and MAC addresses: parse, print, order. Bytes are in network order throughout.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis {

enum class Family : std::uint8_t { Ipv4, Ipv6 };

// Bits of an address of the family: 32 or 128.
[[nodiscard]] constexpr std::uint8_t address_bits(Family family) { return family == Family::Ipv4 ? 32 : 128; }

struct Address {
    Family family = Family::Ipv4;
    std::array<std::uint8_t, 16> bytes{};  // IPv4 in the first 4; the rest zero

    // Dotted quad or RFC 4291 text, nothing else around it: no zone, no brackets, no leading zeros (inet_pton's rules).
    [[nodiscard]] static std::optional<Address> parse(std::string_view text);
    [[nodiscard]] static Address ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d);
    [[nodiscard]] std::string to_string() const;  // RFC 5952 for IPv6
    auto operator<=>(const Address&) const = default;
};

struct Prefix {
    Address address;          // host bits are zero
    std::uint8_t length = 0;  // 0-32 or 0-128

    // "a.b.c.d/n" or "x::/n"; the length is required and has no sign and no leading zero. Host bits are cleared; `had_host_bits` of
    // Parsed tells whether there were any.
    struct Parsed;
    [[nodiscard]] static std::optional<Parsed> parse(std::string_view text);
    // The prefix of `length` bits that holds the address. Pre: length fits the family.
    [[nodiscard]] static Prefix of(const Address& address, std::uint8_t length);
    [[nodiscard]] static Prefix host(const Address& address) { return of(address, address_bits(address.family)); }

    [[nodiscard]] Family family() const { return address.family; }
    [[nodiscard]] bool contains(const Address& other) const;
    [[nodiscard]] bool contains(const Prefix& other) const;
    [[nodiscard]] bool overlaps(const Prefix& other) const { return contains(other) || other.contains(*this); }
    [[nodiscard]] std::string to_string() const;
    auto operator<=>(const Prefix&) const = default;  // a prefix sorts before the longer ones it contains
};

struct Prefix::Parsed {
    Prefix prefix;
    bool had_host_bits = false;
};

struct Mac {
    std::array<std::uint8_t, 6> bytes{};

    // Six pairs of hexadecimal digits with ':' between them (EC2's form), either case.
    [[nodiscard]] static std::optional<Mac> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] bool is_multicast() const { return (bytes[0] & 1) != 0; }
    [[nodiscard]] bool is_zero() const { return bytes == decltype(bytes){}; }
    // The modified EUI-64 link-local address, RFC 4291 appendix A.
    [[nodiscard]] Address link_local() const;
    auto operator<=>(const Mac&) const = default;
};

}  // namespace portcullis
