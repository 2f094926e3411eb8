// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/metrics_address.h"

#include <charconv>
#include <optional>

namespace portcullis {

Result<MetricsAddress> parse_metrics_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    std::string_view host = colon == std::string_view::npos ? "127.0.0.1" : text.substr(0, colon);
    const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
    const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (is_bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    MetricsAddress parsed;
    const std::optional<Address> address = Address::parse(host);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
    const bool is_port = error == std::errc{} && end == port.data() + port.size() && parsed.port != 0;
    if (!address || !is_port || (address->family == Family::Ipv6) != is_bracketed) {
        return fail(std::string(text) + " is not ADDRESS:PORT, [ADDRESS]:PORT or PORT");
    }
    parsed.address = *address;
    return parsed;
}

}  // namespace portcullis
