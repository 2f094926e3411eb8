// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/flow_request.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <optional>

#include "tools/daemon/percent.h"

namespace portcullis {
namespace {

template <class Number>
std::optional<Number> number_of(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional(value) : std::nullopt;
}

// "a=1&b=2".
Result<std::map<std::string, std::string, std::less<>>> parse_query(std::string_view query) {
    std::map<std::string, std::string, std::less<>> values;
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const std::size_t equals = pair.find('=');
        const auto key = percent_decoded(pair.substr(0, equals));
        const auto value = equals == std::string_view::npos ? std::nullopt : percent_decoded(pair.substr(equals + 1));
        if (!key || !value) {
            return fail("the query is KEY=VALUE&…, not " + std::string(pair));
        }
        if (!values.emplace(*key, *value).second) {
            return fail(*key + " is given twice");
        }
    }
    return values;
}

std::optional<std::uint8_t> protocol_of(const std::string& text) {
    static const std::map<std::string, std::uint8_t, std::less<>> names{
        {"tcp", std::uint8_t{6}}, {"udp", std::uint8_t{17}}, {"icmp", std::uint8_t{1}}, {"icmpv6", std::uint8_t{58}}};
    const auto found = names.find(text);
    return found != names.end() ? std::optional(found->second) : number_of<std::uint8_t>(text);
}

std::optional<Prefix> prefix_of(const std::string& text) {
    if (const auto address = Address::parse(text)) {
        return Prefix::of(*address, static_cast<std::uint8_t>(address_bits(address->family)));
    }
    const auto parsed = Prefix::parse(text);
    return parsed ? std::optional(parsed->prefix) : std::nullopt;
}

Result<> take(FlowRequest& request, const std::string& key, const std::string& value) {
    if (key == "port") {
        request.port = value;
        return value.empty() ? fail("port is a device or an interface id, not nothing") : Result<>();
    }
    if (key == "remote") {
        request.filter.remote = prefix_of(value);
        return request.filter.remote ? Result<>() : fail("remote is an address or a prefix, not " + value);
    }
    if (key == "protocol") {
        request.filter.protocol = protocol_of(value);
        return request.filter.protocol ? Result<>() : fail("protocol is tcp, udp, icmp, icmpv6 or a number (0-255), not " + value);
    }
    if (key == "number") {
        request.filter.port = number_of<std::uint16_t>(value);
        return request.filter.port ? Result<>() : fail("number is a port of TCP or UDP (0-65535), not " + value);
    }
    if (key == "after") {
        const auto after = number_of<std::uint64_t>(value);
        request.after = after.value_or(0);
        return after ? Result<>() : fail("after is what Next said, not " + value);
    }
    return fail("there is no " + key + " to ask for; there are port, remote, protocol, number and after");
}

}  // namespace

Result<FlowRequest> parse_flow_request(std::string_view target) {
    const std::size_t mark = target.find('?');
    const auto values = parse_query(mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1));
    if (!values) {
        return fail(values.error());
    }
    FlowRequest request;
    for (const auto& [key, value] : *values) {
        if (Result<> taken = take(request, key, value); !taken) {
            return fail(taken.error());
        }
        request.has_filter = request.has_filter || key != "after";
    }
    return request;
}

Result<std::uint64_t> parse_from(std::string_view target) {
    const std::size_t mark = target.find('?');
    const auto values = parse_query(mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1));
    if (!values) {
        return fail(values.error());
    }
    std::uint64_t from = 0;
    for (const auto& [key, value] : *values) {
        const auto after = key == "after" ? number_of<std::uint64_t>(value) : std::nullopt;
        if (!after) {
            return fail("there is only after to ask for, which is what Next said, not " + key + "=" + value);
        }
        from = *after;
    }
    return from;
}

}  // namespace portcullis
