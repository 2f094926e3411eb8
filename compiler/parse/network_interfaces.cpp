// SPDX-License-Identifier: Apache-2.0
// describe-network-interfaces.
#include "compiler/parse/declarations.h"
#include "compiler/parse/fields.h"
#include "compiler/parse/keep_first.h"

namespace portcullis {
namespace {

// Adds one address per element of a list: {"Ipv6Addresses": [{"Ipv6Address": …}]}.
void add_addresses(const JsonCursor& list, std::string_view key, Family family, std::vector<Address>& addresses) {
    for (const JsonCursor& element : list.objects()) {
        if (const auto address = parse_own_address(element.required(key), family)) {
            addresses.push_back(*address);
        }
    }
}

void add_prefixes(const JsonCursor& list, std::string_view key, Family family, std::vector<Prefix>& prefixes) {
    for (const JsonCursor& element : list.objects()) {
        if (const auto prefix = parse_own_prefix(element.required(key), family)) {
            prefixes.push_back(*prefix);
        }
    }
}

void parse_addresses(const JsonCursor& object, NetworkInterface& interface) {
    if (const auto primary = parse_own_address(object.member("PrivateIpAddress"), Family::Ipv4)) {
        interface.addresses.push_back(*primary);
    }
    const JsonCursor ipv4 = object.member("PrivateIpAddresses");
    const JsonCursor ipv6 = object.member("Ipv6Addresses");
    const JsonCursor prefixes4 = object.member("Ipv4Prefixes");
    const JsonCursor prefixes6 = object.member("Ipv6Prefixes");
    add_addresses(ipv4, "PrivateIpAddress", Family::Ipv4, interface.addresses);
    add_addresses(ipv6, "Ipv6Address", Family::Ipv6, interface.addresses);
    add_prefixes(prefixes4, "Ipv4Prefix", Family::Ipv4, interface.delegated_prefixes);
    add_prefixes(prefixes6, "Ipv6Prefix", Family::Ipv6, interface.delegated_prefixes);
    keep_first(interface.addresses);
    keep_first(interface.delegated_prefixes);
}

struct Range {
    std::int64_t from;
    std::int64_t to;
};

// 0 where it is not given.
std::uint32_t parse_timeout(const JsonCursor& timeout, Range seconds) {
    const auto value = timeout.integer();
    if (value && (*value < seconds.from || *value > seconds.to)) {
        timeout.error(std::to_string(*value) + " is not " + std::to_string(seconds.from) + "-" + std::to_string(seconds.to) + " seconds");
        return 0;
    }
    return static_cast<std::uint32_t>(value.value_or(0));
}

// The ranges are those that EC2 takes.
ConnectionTracking parse_tracking(const JsonCursor& configuration) {
    if (!configuration.is_object()) {
        return {};
    }
    return {.tcp_established_s = parse_timeout(configuration.member("TcpEstablishedTimeout"), {60, 432'000}),
            .udp_s = parse_timeout(configuration.member("UdpTimeout"), {30, 60}),
            .udp_stream_s = parse_timeout(configuration.member("UdpStreamTimeout"), {60, 180})};
}

std::string parse_instance(const JsonCursor& attachment) {
    return attachment.is_object() ? optional_identifier(attachment, "InstanceId") : std::string();
}

}  // namespace

bool parse_network_interface(const JsonCursor& object, Declarations& declared) {
    const auto id = required_identifier(object, "NetworkInterfaceId");
    const auto vpc_id = required_identifier(object, "VpcId");
    const auto subnet_id = required_identifier(object, "SubnetId");
    NetworkInterface interface {
        .id = id.value_or(""), .vpc_id = vpc_id.value_or(""), .subnet_id = subnet_id.value_or(""),
        .instance_id = parse_instance(object.member("Attachment")), .mac = parse_own_mac(object.member("MacAddress")), .addresses = {},
        .delegated_prefixes = {}, .group_ids = {}, .source_dest_check = object.member("SourceDestCheck").boolean().value_or(true),
        .tracking = parse_tracking(object.member("ConnectionTrackingConfiguration")), .position = object.position()
    };
    parse_addresses(object, interface);
    const JsonCursor groups = object.member("Groups");
    for (const JsonCursor& group : groups.objects()) {
        if (auto group_id = required_identifier(group, "GroupId")) {
            interface.group_ids.push_back(std::move(*group_id));
        }
    }
    keep_first(interface.group_ids);
    if (!id) {
        return false;
    }
    if (object.member("Status").text() == "available") {
        declared.available_interfaces.push_back(*id);
    }
    declared.model.network_interfaces.push_back(std::move(interface));
    return true;
}

}  // namespace portcullis
