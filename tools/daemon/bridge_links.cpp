// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/bridge_links.h"

#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <string_view>

#include "tools/daemon/netlink_attributes.h"

namespace portcullis {
namespace {

constexpr std::uint16_t kLocked = 39;  // IFLA_BRPORT_LOCKED, since Linux 5.18

std::string_view text_of(const nlattr* attribute) {
    return mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attribute) : "";
}

bool is_set(const nlattr* attribute) { return mnl_attr_validate(attribute, MNL_TYPE_U8) < 0 || mnl_attr_get_u8(attribute) != 0; }

// `port`: IFLA_BRPORT_* attributes.
bool is_plain(const nlattr* port) {
    bool forwards = false;
    bool is_restricted = false;
    each_nested_attribute(port, [&](const nlattr* attribute) {
        switch (mnl_attr_get_type(attribute)) {
            case IFLA_BRPORT_STATE:
                forwards = mnl_attr_validate(attribute, MNL_TYPE_U8) >= 0 && mnl_attr_get_u8(attribute) == BR_STATE_FORWARDING;
                break;
            case IFLA_BRPORT_ISOLATED:
            case kLocked:
                is_restricted = is_restricted || is_set(attribute);
                break;
            default:
                break;
        }
    });
    return forwards && !is_restricted;
}

bool filters_vlans(const nlattr* bridge) {
    bool filters = false;
    each_nested_attribute(bridge, [&filters](const nlattr* attribute) {
        if (mnl_attr_get_type(attribute) == IFLA_BR_VLAN_FILTERING) {
            filters = is_set(attribute);
        }
    });
    return filters;
}

}  // namespace

BridgeLink parse_bridge_link(const nlattr* link_info) {
    std::string_view kind;
    std::string_view port_kind;
    const nlattr* data = nullptr;
    const nlattr* port = nullptr;
    each_nested_attribute(link_info, [&](const nlattr* attribute) {
        switch (mnl_attr_get_type(attribute)) {
            case IFLA_INFO_KIND:
                kind = text_of(attribute);
                break;
            case IFLA_INFO_DATA:
                data = attribute;
                break;
            case IFLA_INFO_SLAVE_KIND:
                port_kind = text_of(attribute);
                break;
            case IFLA_INFO_SLAVE_DATA:
                port = attribute;
                break;
            default:
                break;
        }
    });
    return {.filters_vlans = kind == "bridge" && data != nullptr && filters_vlans(data),
            .is_plain_port = port_kind == "bridge" && port != nullptr && is_plain(port),
            .is_veth = kind == "veth"};
}

std::optional<BridgePortState> parse_bridge_port(const nlmsghdr* message) {
    const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
    if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg) || header->ifi_family != AF_BRIDGE) {
        return std::nullopt;
    }
    std::optional<BridgePortState> found;
    each_attribute(message, sizeof(ifinfomsg), [&](const nlattr* attribute) {
        if (mnl_attr_get_type(attribute) == IFLA_PROTINFO) {
            found = {.ifindex = static_cast<std::uint32_t>(header->ifi_index), .is_plain_port = is_plain(attribute)};
        }
    });
    return found;
}

}  // namespace portcullis
