// SPDX-License-Identifier: Apache-2.0
// The normal form: what must hold on each port, whatever the back end. Made by compiler/compile/compile.h from a model that validated,
// lowered by compiler/lower_bpf/lower_bpf.h and compiler/lower_nft/lower_nft.h.
//
// Groups, ACLs and lists are one thing here: a Policy is, for one direction, a function from the remote address to a PortSet, and a PortSet
// one from (protocol, port) to a decision. First-match order, unions, nested prefixes and prefix lists are resolved already. Policies and
// port sets are shared: two with the same content are one (index equality is content equality).
//
// All cross references are indices into the vectors of the same Ruleset.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/address.h"
#include "core/model.h"

namespace portcullis {

using Index = std::uint32_t;

// What decided, for counters and `explain`. The label identifies it across compilations:
// "sg-1 ingress tcp 22 from 10.0.0.0/8" or, with EC2's id, "sgr-0a1"; "acl-1 egress 100 ipv4".
struct Rule {
    std::string label;
    std::string owner_id;  // group or ACL
    std::string rule_id;   // sgr-… or the entry's number; may be empty
    bool operator==(const Rule&) const = default;
};

struct Decision {
    Index rule = 0;
    bool allow = true;
    auto operator<=>(const Decision&) const = default;
};

// Destination ports, or ICMP type << 8 | code, from-to inclusive; 0-0 for protocols that have neither.
struct PortRange {
    std::uint8_t protocol = 0;
    std::uint16_t from = 0;
    std::uint16_t to = 0;
    Decision decision;
    auto operator<=>(const PortRange&) const = default;
};

// Index of PortSet::unknown_ports.
enum class Portless : std::uint8_t { Tcp, Udp, Icmp, Icmpv6 };

struct PortSet {
    std::vector<PortRange> ranges;  // sorted; ranges of one protocol are disjoint
    std::optional<Decision> any;    // for whatever no range holds
    // For a fragment whose ports are unknown (docs/semantics.md 9.4), by Portless: groups by rules that need none, ACLs in first-match
    // order with entries that have ports matching only if they deny. Other protocols have no ports: what `ranges` and `any` say.
    std::array<std::optional<Decision>, 4> unknown_ports;
    auto operator<=>(const PortSet&) const = default;
};

struct Policy {
    // Sorted by prefix. The set of a prefix holds whatever shorter prefixes contribute; a look-up takes the longest match alone.
    // 0.0.0.0/0 and ::/0 stand in default_set instead.
    std::vector<std::pair<Prefix, Index>> cidrs;
    std::array<std::optional<Index>, 2> default_set;  // by Family
    // Group policies alone, for docs/semantics.md 7.5. By Family: what the rules from literally 0.0.0.0/0 (::/0) give, and whether one of
    // them is for all ports of TCP ([0]) and UDP ([1]).
    std::array<std::optional<Index>, 2> literal_set;
    std::array<std::array<bool, 2>, 2> is_wide{};
    std::vector<std::pair<Index, Index>> groups;  // {group, port set}, sorted; consulted when the address gave no decision
    auto operator<=>(const Policy&) const = default;
};

// More is refused: membership is one row of a fixed size in every back end.
inline constexpr std::size_t kGroupsPerInterface = 16;

// An interface of the model, on this host or not, and those of its groups that belong to its own VPC: the only ones by which a reference
// can match it (docs/semantics.md 6.7).
struct InterfaceGroups {
    std::string id;
    std::vector<Index> groups;  // as the documents order them; at most kGroupsPerInterface
    // Empty, but where several interfaces have one address, a shared one of AllowedAddresses or as a peered zone sees it: those interfaces,
    // for whom this entry stands with the union of their groups. If one of them is bound on this host, 6.6 holds for the entry.
    std::vector<Index> stands_for;
};

// Who an address (or delegated prefix, or subnet block) of a zone belongs to. Longest prefix decides.
struct AddressOwner {
    Index zone = 0;
    Prefix prefix;
    std::optional<Index> interface;  // none: a subnet's block or a link-local address, which no group reference matches
    std::optional<Index> subnet;     // none: outside every subnet of the zone: a member in a peered VPC, or shared across subnets
    // Interfaces of other VPCs are among those that `interface` is or stands for; `own` is, or stands for, those of the zone. When they
    // change, flows end (docs/semantics.md 7.8).
    bool has_peers = false;
    std::optional<Index> own = {};  // with peers alone
    auto operator<=>(const AddressOwner&) const = default;
};

// What is believed and exempt around a port: one set for the host's and the port's own lists, one for the bridge's. Vectors are sorted,
// without duplicates.
struct Surroundings {
    std::vector<Service> services;  // "ec2" written out
    std::vector<Address> echo;      // routers of the subnet that answer echo requests (docs/semantics.md 5.1)
    std::vector<DhcpServer> dhcp_servers;
    std::vector<std::pair<Address, Mac>> router_addresses;
    std::vector<Mac> router_macs;
    std::vector<Address> multicast;    // listed for the port
    std::vector<std::uint16_t> vlans;  // listed for the port
    std::vector<Mac> macs;             // own, beside the interface's
    auto operator<=>(const Surroundings&) const = default;
};

struct Port {
    std::string interface_id;
    std::string device;  // name in the documents; empty: bound by the kernel alias of a device
    Index interface = 0;
    Index zone = 0;
    Index subnet = 0;
    Mac mac;
    std::vector<Prefix> addresses;                   // own: may be sent from and received at; the EUI-64 link-local among them; sorted
    bool has_addresses = true;                       // false: nothing but the link-local one
    bool checks_source_and_destination = true;       // SourceDestCheck
    std::vector<Prefix> allowed_sources;             // bounds the rest of SourceDestCheck false; empty: does not; sorted
    Index surroundings = 0;                          // into Ruleset::surroundings
    std::array<Index, 2> group_policy{};             // by Direction
    std::optional<std::array<Index, 2>> acl_policy;  // none: the model uses no ACLs
    ConnectionTracking tracking;                     // defaults filled in
    bool track_all = false;
    bool claims_link_local = true;
    bool relates_icmp_errors = true;
    OnDeny on_deny;
    OnRevoke on_revoke = OnRevoke::Keep;
    std::uint32_t flows = kDefaultFlowsPerPort;
    std::uint32_t half_open = kDefaultHalfOpenPerPort;  // of each side
    bool operator==(const Port&) const = default;
};

// An interface that is nowhere else in the Ruleset, and whose devices are to be closed.
struct ClosedPort {
    std::string interface_id;
    std::string device;  // name in the documents; empty: none is claimed for it
};

// What a ruleset is, told from every other one: two with the same object have the same rules, port sets and policies at the same indices.
// One that came about by a change of another (compiler/compile/recompile.h) says what stood there before, at exactly the indices whose
// content is another one now. Nothing is one content before and another after: an index is empty in between, for one change.
struct RulesetRevision {
    std::weak_ptr<const RulesetRevision> former;  // expired or none: nothing is known of what was before
    std::vector<std::pair<Index, Rule>> rules;    // sorted by index, each once
    std::vector<std::pair<Index, PortSet>> port_sets;
    std::vector<std::pair<Index, Policy>> policies;
};

// Whether the same index means the same content in both, where both refer to it: they are one, or `next` came about by a change of
// `former`. Nothing is known where either is none.
[[nodiscard]] inline bool keeps_indices(const std::shared_ptr<const RulesetRevision>& former,
                                        const std::shared_ptr<const RulesetRevision>& next) {
    return former && next && (next == former || next->former.lock() == former);
}

// In a ruleset that came about by changes, some of `rules`, `port_sets` and `policies` may be empty ones, which nothing refers to.
struct Ruleset {
    std::vector<Rule> rules;
    std::vector<PortSet> port_sets;
    std::vector<Policy> policies;
    std::vector<std::string> groups;   // ids
    std::vector<std::string> zones;    // VPC ids
    std::vector<std::string> subnets;  // ids
    std::vector<InterfaceGroups> interfaces;
    std::vector<AddressOwner> owners;  // sorted, at most one of a (zone, prefix)
    std::vector<Port> ports;           // interfaces that a device may be bound to (they have a MAC and a known subnet), as of `elsewhere`
    std::vector<Index> elsewhere;      // those without a port, since nothing here claims them (compiler/compile/compile.h); by id
    std::vector<ClosedPort> closed_ports;  // by interface id
    std::vector<Surroundings> surroundings;
    std::vector<Bridge> bridges;
    // What a bridge's own `Services` add to its ports' surroundings: by index in `bridges`, then by zone, since "ec2" differs by VPC; an
    // empty list adds nothing.
    std::vector<std::vector<Index>> bridge_surroundings;
    // Host policies (docs/semantics.md 13), the same for every port.
    std::vector<DenyCidr> deny_cidrs;  // sorted by prefix, at most one of a prefix; within one that is not new_only none is
    bool isolates_instances = false;
    // Where instances are isolated: what any interface of the model has (13.2), whatever its VPC, with one that has it. Sorted by prefix.
    std::vector<std::pair<Prefix, Index>> instance_addresses;
    std::optional<std::vector<HostService>> host_services;  // sorted
    Quotas quotas;
    std::shared_ptr<const RulesetRevision> revision;  // none: it is told from nothing, not even from itself
};

}  // namespace portcullis
