// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/tunnel_links.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>

#include <array>
#include <string_view>

#include "tools/daemon/netlink_attributes.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kUdp = 17;

// Kinds whose packets come in UDP: the attribute of their data that holds the port, and the ports where they have none.
struct UdpKind {
    std::string_view kind;
    std::uint16_t port_attribute;  // 0: the device does not say
    std::array<std::uint16_t, 2> usual;
};
// IFLA_BAREUDP_PORT; since Linux 5.7.
constexpr std::uint16_t kBareudpPort = 1;
constexpr std::array<UdpKind, 4> kUdpKinds{{{"vxlan", IFLA_VXLAN_PORT, {4789, 8472}},
                                            {"geneve", IFLA_GENEVE_PORT, {6081, 6081}},
                                            {"bareudp", kBareudpPort, {6635, 6635}},
                                            {"gtp", 0, {2152, 3386}}}};

constexpr std::array<std::string_view, 5> kIpKinds{"ipip", "sit", "ip6tnl", "vti", "vti6"};
constexpr std::array<std::uint8_t, 3> kIpProtocols{4, 41, 137};
constexpr std::array<std::string_view, 6> kGreKinds{"gre", "gretap", "erspan", "ip6gre", "ip6gretap", "ip6erspan"};
constexpr std::uint8_t kGre = 47;

std::vector<TunnelEndpoint> udp_endpoints(const UdpKind& kind, const nlattr* data) {
    std::vector<TunnelEndpoint> endpoints;
    const auto take = [&](const nlattr* attribute) {
        if (kind.port_attribute != 0 && mnl_attr_get_type(attribute) == kind.port_attribute &&
            mnl_attr_validate(attribute, MNL_TYPE_U16) >= 0) {
            endpoints.push_back({.protocol = kUdp, .port = ntohs(mnl_attr_get_u16(attribute))});
        }
    };
    if (data != nullptr) {
        each_nested_attribute(data, take);
    }
    if (endpoints.empty()) {
        endpoints.push_back({.protocol = kUdp, .port = kind.usual[0]});
        endpoints.push_back({.protocol = kUdp, .port = kind.usual[1]});
    }
    return endpoints;
}

template <std::size_t Count>
bool holds(const std::array<std::string_view, Count>& kinds, std::string_view kind) {
    for (const std::string_view one : kinds) {
        if (one == kind) {
            return true;
        }
    }
    return false;
}

std::vector<TunnelEndpoint> endpoints_of(std::string_view kind, const nlattr* data) {
    for (const UdpKind& udp : kUdpKinds) {
        if (udp.kind == kind) {
            return udp_endpoints(udp, data);
        }
    }
    std::vector<TunnelEndpoint> endpoints;
    if (holds(kGreKinds, kind)) {
        endpoints.push_back({.protocol = kGre, .port = 0});
    }
    if (holds(kIpKinds, kind)) {
        for (const std::uint8_t protocol : kIpProtocols) {
            endpoints.push_back({.protocol = protocol, .port = 0});
        }
    }
    return endpoints;
}

}  // namespace

std::vector<TunnelEndpoint> parse_tunnels(const nlattr* link_info) {
    std::string_view kind;
    const nlattr* data = nullptr;
    const auto take = [&](const nlattr* attribute) {
        if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0) {
            kind = mnl_attr_get_str(attribute);
        } else if (mnl_attr_get_type(attribute) == IFLA_INFO_DATA) {
            data = attribute;
        }
    };
    each_nested_attribute(link_info, take);
    return endpoints_of(kind, data);
}

}  // namespace portcullis
