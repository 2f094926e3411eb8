// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/fields.h"

#include <algorithm>
#include <array>

namespace portcullis {
namespace {

std::optional<std::string> checked_identifier(const JsonCursor& identifier) {
    const auto text = identifier.text();
    if (!text) {
        return std::nullopt;
    }
    if (text->empty() || text->size() > kLongestIdentifier) {
        identifier.error(text->empty() ? "an identifier must not be empty" : "an identifier has at most 255 bytes");
        return std::nullopt;
    }
    return std::string(*text);
}

std::string_view name_of(Family family) { return family == Family::Ipv4 ? "IPv4" : "IPv6"; }

// What no interface can call its own; its packets would pass for those of the host, of a group or of nobody (RFC 6890).
const std::array<Prefix, 10>& foreign_ranges() {
    static const std::array<Prefix, 10> ranges = [] {
        constexpr std::array<std::string_view, 10> kTexts = {"0.0.0.0/8",          "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
                                                             "255.255.255.255/32", "::/128",      "::1/128",        "::ffff:0:0/96",
                                                             "fe80::/10",          "ff00::/8"};
        std::array<Prefix, 10> parsed;
        std::transform(kTexts.begin(), kTexts.end(), parsed.begin(), [](std::string_view text) { return Prefix::parse(text)->prefix; });
        return parsed;
    }();
    return ranges;
}

bool may_be_own(const Prefix& prefix) {
    return std::none_of(foreign_ranges().begin(), foreign_ranges().end(), [&](const Prefix& range) { return range.overlaps(prefix); });
}

bool is_link_local(const Address& address) {
    static const std::array<Prefix, 2> ranges = {Prefix::parse("169.254.0.0/16")->prefix, Prefix::parse("fe80::/10")->prefix};
    return ranges[0].contains(address) || ranges[1].contains(address);
}

// "an IPv4", "an IPv6" or, of no family in particular, "an IPv4 or IPv6".
std::string article_of(std::optional<Family> family) { return "an " + (family ? std::string(name_of(*family)) : "IPv4 or IPv6"); }

}  // namespace

std::optional<std::string> required_identifier(const JsonCursor& object, std::string_view key) {
    return checked_identifier(object.required(key));
}

std::string optional_identifier(const JsonCursor& object, std::string_view key) {
    return checked_identifier(object.member(key)).value_or("");
}

std::optional<Prefix> parse_cidr(const JsonCursor& cidr, std::optional<Family> family) {
    const auto text = cidr.text();
    if (!text) {
        return std::nullopt;
    }
    const auto parsed = Prefix::parse(*text);
    if (!parsed || (family && parsed->prefix.family() != *family)) {
        cidr.error(quoted(*text) + " is not " + article_of(family) + " CIDR");
        return std::nullopt;
    }
    if (parsed->had_host_bits) {
        cidr.warn(quoted(*text) + " has host bits and is read as " + parsed->prefix.to_string());
    }
    return parsed->prefix;
}

std::optional<Address> parse_own_address(const JsonCursor& address, std::optional<Family> family) {
    const auto text = address.text();
    if (!text) {
        return std::nullopt;
    }
    const auto parsed = Address::parse(*text);
    if (!parsed || (family && parsed->family != *family)) {
        address.error(quoted(*text) + " is not " + article_of(family) + " address");
        return std::nullopt;
    }
    if (!may_be_own(Prefix::host(*parsed))) {
        address.error(parsed->to_string() + " cannot be an interface's own address");
        return std::nullopt;
    }
    return parsed;
}

std::optional<Prefix> parse_own_prefix(const JsonCursor& prefix, std::optional<Family> family) {
    const auto parsed = parse_cidr(prefix, family);
    if (parsed && !may_be_own(*parsed)) {
        prefix.error(parsed->to_string() + " holds addresses that cannot be an interface's own");
        return std::nullopt;
    }
    return parsed;
}

std::optional<Prefix> parse_own_range(const JsonCursor& range) {
    const auto text = range.text();
    if (!text) {
        return std::nullopt;
    }
    if (text->find('/') != std::string_view::npos) {
        return parse_own_prefix(range, std::nullopt);
    }
    const auto address = parse_own_address(range, std::nullopt);
    return address ? std::optional(Prefix::host(*address)) : std::nullopt;
}

std::optional<Address> parse_service_address(const JsonCursor& address) {
    const auto text = address.text();
    const auto parsed = text ? Address::parse(*text) : std::nullopt;
    if (text && !parsed) {
        address.error(quoted(*text) + " is not an IPv4 or IPv6 address");
    } else if (parsed && !is_link_local(*parsed) && !may_be_own(Prefix::host(*parsed))) {
        address.error(parsed->to_string() + " cannot be the address of a service or a router");
        return std::nullopt;
    }
    return parsed;
}

std::optional<Mac> parse_own_mac(const JsonCursor& mac) {
    const auto text = mac.text();
    if (!text) {
        return std::nullopt;
    }
    const auto parsed = Mac::parse(*text);
    if (!parsed || parsed->is_multicast() || parsed->is_zero()) {
        mac.error(quoted(*text) + (parsed ? " cannot be an interface's own MAC" : " is not a MAC address"));
        return std::nullopt;
    }
    return parsed;
}

std::vector<Prefix> parse_associated_blocks(const JsonCursor& object, const BlockSet& names) {
    std::vector<Prefix> blocks;
    const JsonCursor set = object.member(names.key);
    for (const JsonCursor& association : set.objects()) {
        const JsonCursor state = association.required(names.state);
        const auto block = parse_cidr(association.required(names.block), names.family);
        if (state.is_object() && state.required("State").text() == "associated" && block) {
            blocks.push_back(*block);
        }
    }
    return blocks;
}

}  // namespace portcullis
