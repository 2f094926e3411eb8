// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/netlink_messages.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "tools/daemon/bridge_links.h"
#include "tools/daemon/netlink_attributes.h"
#include "tools/daemon/tunnel_links.h"

namespace portcullis {
namespace {

bool is_text(const nlattr* attribute) { return mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0; }

bool is_bridge_kind(const nlattr* link_info) {
    bool is_bridge = false;
    const auto look = [&is_bridge](const nlattr* attribute) {
        if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND && is_text(attribute)) {
            is_bridge = std::string_view(mnl_attr_get_str(attribute)) == "bridge";
        }
    };
    each_nested_attribute(link_info, look);
    return is_bridge;
}

void take_attribute(const nlattr* attribute, Device& device) {
    switch (mnl_attr_get_type(attribute)) {
        case IFLA_IFNAME:
            device.name = is_text(attribute) ? mnl_attr_get_str(attribute) : "";
            break;
        case IFLA_IFALIAS:
            device.alias = is_text(attribute) ? mnl_attr_get_str(attribute) : "";
            break;
        case IFLA_MASTER:
            device.master = mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0 ? mnl_attr_get_u32(attribute) : 0;
            break;
        case IFLA_LINKINFO:
            device.is_bridge = is_bridge_kind(attribute);
            device.tunnels = parse_tunnels(attribute);
            device.link = parse_bridge_link(attribute);
            break;
        case IFLA_LINK_NETNSID:
            device.is_linked_elsewhere = true;
            break;
        case IFLA_PARENT_DEV_NAME:  // since Linux 5.14
            device.is_physical = true;
            break;
        default:
            break;
    }
}

void add_next_hops(const nlattr* multipath, std::set<std::uint32_t>& devices) {
    std::string_view left(static_cast<const char*>(mnl_attr_get_payload(multipath)), mnl_attr_get_payload_len(multipath));
    rtnexthop hop{};
    while (left.size() >= sizeof hop) {
        std::memcpy(&hop, left.data(), sizeof hop);
        if (hop.rtnh_len < sizeof hop || hop.rtnh_len > left.size()) {
            return;
        }
        devices.insert(static_cast<std::uint32_t>(hop.rtnh_ifindex));
        left.remove_prefix(std::min<std::size_t>(RTNH_ALIGN(hop.rtnh_len), left.size()));
    }
}

}  // namespace

std::optional<Device> parse_device(const nlmsghdr* message) {
    const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
    if (mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg) || header->ifi_family != AF_UNSPEC) {
        return std::nullopt;
    }
    Device device{.ifindex = static_cast<std::uint32_t>(header->ifi_index), .is_ethernet = header->ifi_type == ARPHRD_ETHER};
    const auto take = [&device](const nlattr* attribute) { take_attribute(attribute, device); };
    each_attribute(message, sizeof(ifinfomsg), take);
    return device.name.empty() ? std::nullopt : std::optional(std::move(device));
}

namespace {

// What the kernel delivers to a host with an address in such a network, in frames to the host alone as well: the last address (IPv4) as
// broadcast, the first one as broadcast (IPv4, before Linux 5.14) or, on routers, as anycast (IPv6).
std::vector<Address> shared_addresses(const Address& address, std::uint8_t prefix_length) {
    const std::uint8_t bits = address_bits(address.family);
    std::vector<Address> shared;
    if (prefix_length == 0 || prefix_length >= bits - 1) {
        return shared;  // of which two addresses are two hosts
    }
    Address first = address;
    Address last = address;
    for (std::size_t bit = prefix_length; bit < bits; ++bit) {
        const auto mask = static_cast<std::uint8_t>(0x80U >> bit % 8);
        first.bytes[bit / 8] = static_cast<std::uint8_t>(first.bytes[bit / 8] & ~mask);
        last.bytes[bit / 8] = static_cast<std::uint8_t>(last.bytes[bit / 8] | mask);
    }
    shared.push_back(first);
    if (address.family == Family::Ipv4) {
        shared.push_back(last);
    }
    return shared;
}

// An attribute of the family; none where its length is another's.
std::optional<Address> address_in(const nlattr* attribute, Family family) {
    Address address{.family = family, .bytes = {}};
    if (mnl_attr_get_payload_len(attribute) != address_bits(family) / 8U) {
        return std::nullopt;
    }
    std::memcpy(address.bytes.data(), mnl_attr_get_payload(attribute), address_bits(family) / 8U);
    return address;
}

}  // namespace

std::optional<DeviceAddress> parse_address(const nlmsghdr* message) {
    const auto* header = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
    if (mnl_nlmsg_get_payload_len(message) < sizeof(ifaddrmsg) || (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)) {
        return std::nullopt;
    }
    const Family family = header->ifa_family == AF_INET ? Family::Ipv4 : Family::Ipv6;
    std::optional<Address> local;
    std::optional<Address> network;  // of a point-to-point link the other end's
    std::optional<Address> broadcast;
    const auto take = [&](const nlattr* attribute) {
        const std::uint16_t type = mnl_attr_get_type(attribute);
        if (type == IFA_LOCAL) {
            local = address_in(attribute, family);
        } else if (type == IFA_ADDRESS) {
            network = address_in(attribute, family);
        } else if (type == IFA_BROADCAST) {
            broadcast = address_in(attribute, family);
        }
    };
    each_attribute(message, sizeof(ifaddrmsg), take);
    if (!local && !network) {
        return std::nullopt;
    }
    DeviceAddress found{.ifindex = header->ifa_index, .address = local ? *local : *network};
    found.shared = shared_addresses(network ? *network : *local, header->ifa_prefixlen);
    if (broadcast) {
        found.shared.push_back(*broadcast);
    }
    return found;
}

std::set<std::uint32_t> parse_default_route(const nlmsghdr* message) {
    std::set<std::uint32_t> devices;
    const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
    if (mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg) || header->rtm_dst_len != 0 || header->rtm_type != RTN_UNICAST) {
        return devices;
    }
    const auto take = [&devices](const nlattr* attribute) {
        if (mnl_attr_get_type(attribute) == RTA_OIF && mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0) {
            devices.insert(mnl_attr_get_u32(attribute));
        } else if (mnl_attr_get_type(attribute) == RTA_MULTIPATH) {
            add_next_hops(attribute, devices);
        }
    };
    each_attribute(message, sizeof(rtmsg), take);
    return devices;
}

}  // namespace portcullis
