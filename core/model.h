// SPDX-License-Identifier: Apache-2.0
// The model: what the operator's documents declare, in EC2's terms. Made by compiler/parse/parse.h and checked by
// compiler/validate/validate.h; read by compiler/compile/compile.h and, independently, by compiler/evaluate/evaluate.h. Passive data: order
// of vectors is the order of the documents; identifiers are opaque text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/address.h"
#include "core/verdict.h"

namespace portcullis {

// Where in the documents something stands, for messages: "security-groups.json: /SecurityGroups/3".
struct Position {
    std::string file;
    std::string pointer;  // RFC 6901
};

struct Vpc {
    std::string id;
    std::vector<Prefix> cidrs;  // associated blocks only, both families
    Position position;
};

struct Subnet {
    std::string id;
    std::string vpc_id;
    std::vector<Prefix> cidrs;
    Position position;
};

// Which packets a rule or an ACL entry is about, apart from addresses. ICMP: from/to are unused. Others: `ports` and `icmp_*` are unused.
struct Traffic {
    static constexpr std::int16_t kAnyProtocol = -1;
    static constexpr std::int16_t kAnyIcmp = -1;
    std::int16_t protocol = kAnyProtocol;  // -1, or the IP protocol number
    std::uint16_t from_port = 0;           // TCP and UDP: inclusive range of destination ports
    std::uint16_t to_port = 65535;
    std::int16_t icmp_type = kAnyIcmp;  // ICMP (1) and ICMPv6 (58)
    std::int16_t icmp_code = kAnyIcmp;  // a code with any type matches nothing (docs/semantics.md 10)
    auto operator<=>(const Traffic&) const = default;
};

struct PrefixListReference {
    std::string prefix_list_id;
    auto operator<=>(const PrefixListReference&) const = default;
};
struct GroupReference {
    std::string group_id;
    auto operator<=>(const GroupReference&) const = default;
};
using RuleSource = std::variant<Prefix, PrefixListReference, GroupReference>;

// One permission with one source: what EC2 calls a security group rule.
struct SecurityGroupRule {
    std::string id;  // sgr-…, empty where the documents give none
    Traffic traffic;
    RuleSource source;
    Position position;
};

struct SecurityGroup {  // NOLINT(bugprone-reserved-identifier,readability-identifier-naming): clang's loop over arrays in its ==
    std::string id;
    std::string name;
    std::string vpc_id;
    std::vector<SecurityGroupRule> rules[2];  // by Direction: Outbound is IpPermissionsEgress
    Position position;
};

struct NetworkAclEntry {
    std::uint16_t number = 0;  // 1-32766; the printed final deny is not kept
    bool allow = false;
    Traffic traffic;
    Prefix cidr;
    Position position;
};

struct NetworkAcl {  // NOLINT(bugprone-reserved-identifier,readability-identifier-naming): clang's loop over arrays in its ==
    std::string id;
    std::string vpc_id;
    bool is_default = false;
    std::vector<NetworkAclEntry> entries[2];  // by Direction: Outbound is Egress true; as the documents order them, not sorted
    std::vector<std::string> subnet_ids;
    Position position;
};

struct PrefixList {
    std::string id;
    bool is_known = false;  // false: no entries were given, so its contents are unknown and it matches nothing
    std::vector<Prefix> cidrs;
    Position position;
};

// Seconds; 0 where the documents leave EC2's default.
struct ConnectionTracking {
    std::uint32_t tcp_established_s = 0;
    std::uint32_t udp_s = 0;
    std::uint32_t udp_stream_s = 0;
    bool operator==(const ConnectionTracking&) const = default;
};

struct NetworkInterface {
    std::string id;
    std::string vpc_id;
    std::string subnet_id;
    std::string instance_id;  // empty when not attached
    std::optional<Mac> mac;
    std::vector<Address> addresses;  // primary first, then secondary, then IPv6
    std::vector<Prefix> delegated_prefixes;
    std::vector<std::string> group_ids;
    bool source_dest_check = true;
    ConnectionTracking tracking;
    Position position;
};

// ---- what EC2 does not know: the key `Portcullis` (docs/model.md) ----------------------------------------------------------------

// What an instance may reach although no rule says so (docs/semantics.md 5), and who is believed on its network.
struct Service {
    Address address;
    std::uint8_t protocol = 0;  // 6 or 17
    std::uint16_t port = 0;
    auto operator<=>(const Service&) const = default;
};
struct DhcpServer {
    Address address;
    std::string device;  // where its messages enter: "host", a device's name, or empty: the host, a router or any listed uplink
    auto operator<=>(const DhcpServer&) const = default;
};
struct Router {
    Mac mac;
    std::vector<Address> addresses;
    auto operator<=>(const Router&) const = default;
};
struct Services {
    bool is_ec2 = false;          // the word "ec2": EC2's own list besides
    std::vector<Service> listed;  // DnsResolvers, Metadata, TimeServers and Other, written out
    std::vector<DhcpServer> dhcp_servers;
    std::vector<Router> routers;
    bool operator==(const Services&) const = default;
};

struct AllowedAddress {
    Prefix prefix;
    std::optional<Mac> mac;  // a further MAC of the port's own
    auto operator<=>(const AllowedAddress&) const = default;
};

struct DenyCidr {
    Prefix prefix;
    bool new_only = false;  // spares flows that were begun from there
    auto operator<=>(const DenyCidr&) const = default;
};

// A port of the host that instances may begin flows to.
struct HostService {
    std::uint8_t protocol = 0;
    std::optional<std::uint16_t> port;  // given exactly for TCP and UDP
    auto operator<=>(const HostService&) const = default;
};

enum class OnRevoke : std::uint8_t { Keep, Cut };

struct OnDeny {
    bool reject = false;  // answers outbound denials of stages 6 to 8
    bool log = false;
    bool operator==(const OnDeny&) const = default;
};

constexpr std::uint32_t kDefaultFlowsPerPort = 65'536;
constexpr std::uint32_t kDefaultHalfOpenPerPort = 4'096;

// What stands under a port overrides what stands under `Portcullis` itself, but for `services`, which join.
struct PortClaim {
    std::string network_interface_id;
    std::string device;
    std::vector<AllowedAddress> allowed_addresses;
    std::vector<Prefix> allowed_sources;
    std::vector<Address> multicast;
    std::vector<std::uint16_t> vlans;  // 0-4094
    bool track_all = false;
    bool claims_link_local = true;    // LinkLocal "claimed"
    bool relates_icmp_errors = true;  // IcmpErrors "related"
    Services services;
    std::optional<OnDeny> on_deny;
    std::optional<OnRevoke> on_revoke;
    std::optional<std::uint32_t> flows_per_port;
    std::optional<std::uint32_t> half_open_per_port;
    Position position;
};

enum class UnknownPorts : std::uint8_t { Closed, Open };

struct Bridge {
    std::string device;
    std::vector<std::string> uplinks;
    UnknownPorts unknown_ports = UnknownPorts::Closed;
    Services services;
    Position position;
};

// An interface without a document: whatever device is claimed for it, or has its id as alias, stays closed.
struct ClosedInterface {
    std::string id;
    Position position;
};

struct Quotas {
    std::uint32_t flows = 1'000'000;
    std::uint32_t flows_per_port = kDefaultFlowsPerPort;
    std::uint32_t half_open_per_port = kDefaultHalfOpenPerPort;  // of each side
    bool operator==(const Quotas&) const = default;
};

struct Model {
    std::vector<Vpc> vpcs;
    std::vector<Subnet> subnets;
    std::vector<SecurityGroup> security_groups;
    std::vector<NetworkAcl> network_acls;
    bool has_network_acls = false;  // the key occurs, be it empty: ACLs are in use
    std::vector<PrefixList> prefix_lists;
    std::vector<NetworkInterface> network_interfaces;
    std::vector<PortClaim> ports;
    std::vector<Bridge> bridges;
    std::vector<ClosedInterface> closed_interfaces;
    Services services;
    std::vector<DenyCidr> deny_cidrs;
    bool isolates_instances = false;
    std::optional<std::vector<HostService>> host_services;  // none: the groups alone decide
    OnDeny on_deny;
    OnRevoke on_revoke = OnRevoke::Keep;
    Quotas quotas;
};

// One remark about the documents. Errors refuse the whole model; warnings do not.
struct Finding {
    enum class Severity : std::uint8_t { Error, Warning };
    Severity severity = Severity::Error;
    Position position;
    std::string message;
    std::optional<Position> other = {};  // what it is at odds with: an object without which this one would be right
    // "FILE: POINTER: MESSAGE", control characters escaped.
    [[nodiscard]] std::string to_string() const;
};

}  // namespace portcullis
