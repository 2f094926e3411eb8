// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/traffic.h"

#include <algorithm>
#include <charconv>

namespace portcullis {
namespace {

constexpr std::int16_t kIcmp = 1;
constexpr std::int16_t kTcp = 6;
constexpr std::int16_t kUdp = 17;
constexpr std::int16_t kIcmpv6 = 58;

std::optional<std::int16_t> protocol_named(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (lower == "tcp") {
        return kTcp;
    }
    if (lower == "udp") {
        return kUdp;
    }
    if (lower == "icmp") {
        return kIcmp;
    }
    return lower == "icmpv6" ? std::optional(kIcmpv6) : std::nullopt;
}

// 0-255 without sign or leading zeros.
std::optional<std::int16_t> protocol_numbered(std::string_view text) {
    std::int16_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_canonical = failure == std::errc{} && end == text.data() + text.size() && text == std::to_string(number);
    return is_canonical && number >= 0 && number <= 255 ? std::optional(number) : std::nullopt;
}

std::optional<std::int16_t> parse_protocol(const JsonCursor& protocol) {
    const auto text = protocol.text();
    if (!text) {
        return std::nullopt;
    }
    if (*text == "-1") {
        return Traffic::kAnyProtocol;
    }
    const auto named = protocol_named(*text);
    const auto number = named ? named : protocol_numbered(*text);
    if (!number) {
        protocol.error(quoted(*text) + " is not a protocol (tcp, udp, icmp, icmpv6, -1 or 0-255)");
    }
    return number;
}

// Two numbers that stand side by side: FromPort and ToPort, or Type and Code.
struct Pair {
    std::int64_t first = 0;
    std::int64_t second = 0;
};

// Both must be given.
std::optional<Pair> parse_pair(const JsonCursor& object, std::string_view first_key, std::string_view second_key) {
    const auto first = object.required(first_key).integer();
    const auto second = object.required(second_key).integer();
    return first && second ? std::optional(Pair{*first, *second}) : std::nullopt;
}

bool is_port(const JsonCursor& port, std::int64_t number) {
    if (number < 0 || number > 65535) {
        port.error(std::to_string(number) + " is not a port (0-65535)");
        return false;
    }
    return true;
}

bool is_type_or_code(const JsonCursor& field, std::int64_t number) {
    if (number < -1 || number > 255) {
        field.error(std::to_string(number) + " is not an ICMP type or code (0-255, or -1 for any)");
        return false;
    }
    return true;
}

std::optional<Traffic> parse_ports(const JsonCursor& object, std::int16_t protocol, std::string_view from_key, std::string_view to_key) {
    const auto ports = parse_pair(object, from_key, to_key);
    if (!ports) {
        return std::nullopt;
    }
    if (ports->first == -1 && ports->second == -1) {
        object.warn("-1 for both ports is read as all ports (0-65535)");
        return Traffic{.protocol = protocol};
    }
    const bool is_from_port = is_port(object.member(from_key), ports->first);
    const bool is_to_port = is_port(object.member(to_key), ports->second);
    if (!is_from_port || !is_to_port) {
        return std::nullopt;
    }
    if (ports->first > ports->second) {
        object.error("the range of ports " + std::to_string(ports->first) + "-" + std::to_string(ports->second) + " is empty");
        return std::nullopt;
    }
    return Traffic{
        .protocol = protocol, .from_port = static_cast<std::uint16_t>(ports->first), .to_port = static_cast<std::uint16_t>(ports->second)};
}

std::optional<Traffic> parse_icmp(const JsonCursor& object, std::int16_t protocol, std::string_view type_key, std::string_view code_key) {
    const auto pair = parse_pair(object, type_key, code_key);
    if (!pair) {
        return std::nullopt;
    }
    const bool is_type = is_type_or_code(object.member(type_key), pair->first);
    const bool is_code = is_type_or_code(object.member(code_key), pair->second);
    if (!is_type || !is_code) {
        return std::nullopt;
    }
    return Traffic{
        .protocol = protocol, .icmp_type = static_cast<std::int16_t>(pair->first), .icmp_code = static_cast<std::int16_t>(pair->second)};
}

}  // namespace

bool matches_nothing(const Traffic& traffic) { return traffic.icmp_type == Traffic::kAnyIcmp && traffic.icmp_code != Traffic::kAnyIcmp; }

std::optional<std::uint8_t> parse_one_protocol(const JsonCursor& protocol) {
    std::string text;
    if (protocol.is_string()) {
        text = *protocol.text();
    } else if (const auto number = protocol.integer()) {
        text = std::to_string(*number);
    } else {
        return std::nullopt;
    }
    const auto named = protocol_named(text);
    const auto number = named ? named : protocol_numbered(text);
    if (!number) {
        protocol.error(quoted(text) + " is not a protocol (tcp, udp, icmp, icmpv6 or 0-255)");
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(*number);
}

std::optional<std::uint16_t> parse_port_number(const JsonCursor& port) {
    const auto number = port.integer();
    return number && is_port(port, *number) ? std::optional(static_cast<std::uint16_t>(*number)) : std::nullopt;
}

std::optional<Traffic> parse_permission_traffic(const JsonCursor& permission) {
    const auto protocol = parse_protocol(permission.required("IpProtocol"));
    if (!protocol) {
        return std::nullopt;
    }
    if (*protocol == kTcp || *protocol == kUdp) {
        return parse_ports(permission, *protocol, "FromPort", "ToPort");
    }
    const bool gives_type = permission.member("FromPort").is_given() || permission.member("ToPort").is_given();
    if (*protocol == kIcmp || (*protocol == kIcmpv6 && gives_type)) {
        auto traffic = parse_icmp(permission, *protocol, "FromPort", "ToPort");
        if (traffic && matches_nothing(*traffic)) {
            permission.warn("an ICMP code with any type matches nothing");
        }
        return traffic;
    }
    // The ports mean nothing here, but a wrong type is still a wrong document.
    (void)permission.member("FromPort").integer();
    (void)permission.member("ToPort").integer();
    return Traffic{.protocol = *protocol};
}

std::optional<Traffic> parse_entry_traffic(const JsonCursor& entry, Family family) {
    const auto protocol = parse_protocol(entry.required("Protocol"));
    if (!protocol) {
        return std::nullopt;
    }
    const JsonCursor ports = entry.member("PortRange");
    const JsonCursor icmp = entry.member("IcmpTypeCode");
    const bool has_ports = ports.is_object();
    const bool has_icmp = icmp.is_object();
    if (*protocol == kTcp || *protocol == kUdp) {
        if (!ports.is_given()) {
            entry.error("PortRange is missing");
        }
        return has_ports ? parse_ports(ports, *protocol, "From", "To") : std::nullopt;
    }
    if (*protocol == kIcmp || *protocol == kIcmpv6) {
        // ICMP of the other family never occurs, so an entry for it may leave its types out.
        const bool is_own_family = (*protocol == kIcmp) == (family == Family::Ipv4);
        if (!icmp.is_given() && is_own_family) {
            entry.error("IcmpTypeCode is missing");
        }
        if (!icmp.is_given() && !is_own_family) {
            return Traffic{.protocol = *protocol};
        }
        return has_icmp ? parse_icmp(icmp, *protocol, "Type", "Code") : std::nullopt;
    }
    return Traffic{.protocol = *protocol};
}

}  // namespace portcullis
