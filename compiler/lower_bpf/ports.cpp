// SPDX-License-Identifier: Apache-2.0
// Ports -> views of pc_ports, and pc_addresses4/6.
#include "compiler/lower_bpf/keys.h"
#include "compiler/lower_bpf/state.h"

namespace portcullis {
namespace {

// Seconds (docs/semantics.md 7.7), by state; those that an interface may override are written after them.
constexpr std::uint32_t kTimeouts[PC_FLOW_STATES] = {0,    // dead
                                                     120,  // SYN sent
                                                     120,  // picked up
                                                     60,   // SYN received
                                                     0,    // established
                                                     120,  // FIN wait
                                                     60,   // close wait
                                                     30,   // last ACK
                                                     120,  // time wait
                                                     10,   // close
                                                     0,    // UDP
                                                     0,    // UDP, answered
                                                     30,   // ICMP
                                                     600,  // other protocols
                                                     0,   0};
static_assert(PC_FLOW_CLOSE == 9 && PC_FLOW_OTHER == 13, "order of kTimeouts");

void write_timeouts(const ConnectionTracking& tracking, pc_port_view& view) {
    for (std::size_t state = 0; state < PC_FLOW_STATES; ++state) {
        view.timeout_ticks[state] = ticks_of(kTimeouts[state]);
    }
    view.timeout_ticks[PC_FLOW_ESTABLISHED] = ticks_of(tracking.tcp_established_s);
    view.timeout_ticks[PC_FLOW_UDP] = ticks_of(tracking.udp_s);
    view.timeout_ticks[PC_FLOW_UDP_STREAM] = ticks_of(tracking.udp_stream_s);
}

using AddressSet = std::vector<std::pair<Prefix, std::uint32_t>>;

AddressSet all_of(const std::vector<Prefix>& prefixes) {
    AddressSet set;
    for (const Prefix& prefix : prefixes) {
        set.emplace_back(prefix, 1);
    }
    return set;
}

template <class Key>
void add_entries(MapImage::Entries<Key, std::uint32_t> entries, std::uint32_t set, MapImage::Entries<Key, std::uint32_t>& all) {
    for (auto& [key, value] : entries) {
        key.address_set = set;
        all.emplace_back(key, value);
    }
}

// The number of the set with exactly this content; 0 where it is empty.
Result<std::uint32_t> lower_addresses(Lowering& lowering, const AddressSet& content) {
    if (content.empty()) {
        return 0u;
    }
    AddressSetContent entries;
    for (const auto& [prefix, value] : content) {
        if (prefix.family() == Family::Ipv4) {
            entries.addresses4.emplace_back(with_prefix(pc_address4_key{}, prefix), value);
        } else {
            entries.addresses6.emplace_back(with_prefix(pc_address6_key{}, prefix), value);
        }
    }
    sort_by_key(entries.addresses4);
    sort_by_key(entries.addresses6);
    auto set = lowering.numberings.address_sets.number_of(key_of(entries));
    if (!set) {
        return set;
    }
    add_entries(std::move(entries.addresses4), *set, lowering.image.addresses4);
    add_entries(std::move(entries.addresses6), *set, lowering.image.addresses6);
    return set;
}

Result<> lower_deny_cidrs(Lowering& lowering) {
    AddressSet content;
    for (const DenyCidr& deny : lowering.ruleset.deny_cidrs) {
        content.emplace_back(deny.prefix, deny.new_only ? PC_DENIED_NEW_ONLY : PC_DENIED);
    }
    const auto set = lower_addresses(lowering, content);
    if (!set) {
        return fail(set.error());
    }
    lowering.deny_set = *set;
    return {};
}

bool has_bound_sources(const Port& port) { return !port.checks_source_and_destination && !port.allowed_sources.empty(); }

std::uint32_t flags_of(const Ruleset& ruleset, const Port& port) {
    const std::pair<bool, std::uint32_t> flags[] = {
        {!port.acl_policy, PC_PORT_NO_ACL},
        {!port.has_addresses, PC_PORT_NO_ADDRESSES},
        {!port.checks_source_and_destination, PC_PORT_ANY_ADDRESS},
        {has_bound_sources(port), PC_PORT_BOUND_SOURCES},
        {port.claims_link_local, PC_PORT_CLAIMS},
        {port.track_all, PC_PORT_TRACK_ALL},
        {!port.relates_icmp_errors, PC_PORT_STRICT_ICMP},
        {port.on_revoke == OnRevoke::Cut, PC_PORT_CUT},
        {port.on_deny.log, PC_PORT_LOG},
        {port.on_deny.reject, PC_PORT_REJECT},
        {ruleset.isolates_instances, PC_PORT_ISOLATED},
        {ruleset.host_services.has_value(), PC_PORT_HOST_SERVICES},
    };
    std::uint32_t set = 0;
    for (const auto& [is_set, flag] : flags) {
        set |= is_set ? flag : 0;
    }
    return set;
}

std::uint32_t wide_bits(const Ruleset& ruleset, const Port& port) {
    std::uint32_t bits = 0;
    for (std::uint32_t direction = 0; direction < 2; ++direction) {
        const auto& is_wide = ruleset.policies[port.group_policy[direction]].is_wide;
        for (std::uint32_t i = 0; i < 4; ++i) {
            bits |= is_wide[i / 2][i % 2] ? PC_WIDE(direction, i / 2, i % 2) : 0;
        }
    }
    return bits;
}

// Of the port's own, delegated prefixes apart; nullptr: none.
const Address* first_address(const Port& port, Family family) {
    const std::uint8_t length = family == Family::Ipv4 ? 32 : 128;
    const auto found =
        std::ranges::find_if(port.addresses, [&](const Prefix& own) { return own.family() == family && own.length == length; });
    return found == port.addresses.end() ? nullptr : &found->address;
}

// All but the sets of addresses.
pc_port_view view_of(const Lowering& lowering, const Port& port) {
    const ServiceSet& around = lowering.surroundings[port.surroundings];
    pc_port_view view{.flags = flags_of(lowering.ruleset, port) | around.flags,
                      .zone = lowering.zones[port.zone],
                      .subnet = lowering.subnets[port.subnet],
                      .interface = lowering.interfaces[port.interface],
                      .services = {around.number, 0},
                      .host_set = lowering.host_set,
                      .deny_set = lowering.deny_set,
                      .wide = wide_bits(lowering.ruleset, port),
                      .flow_quota = port.flows,
                      .half_open_quota = port.half_open};
    for (std::size_t direction = 0; direction < 2; ++direction) {
        view.group_policy[direction] = lowering.policies[port.group_policy[direction]];
        view.acl_policy[direction] = port.acl_policy ? lowering.policies[(*port.acl_policy)[direction]] : 0;
    }
    std::memcpy(view.mac, port.mac.bytes.data(), sizeof view.mac);
    if (const Address* const own = first_address(port, Family::Ipv4)) {
        std::memcpy(&view.own_ipv4, own->bytes.data(), sizeof view.own_ipv4);
    }
    if (const Address* const own = first_address(port, Family::Ipv6)) {
        std::memcpy(view.own_ipv6, own->bytes.data(), sizeof view.own_ipv6);
    }
    write_timeouts(port.tracking, view);
    return view;
}

}  // namespace

Result<> lower_ports(Lowering& lowering) {
    if (auto done = lower_deny_cidrs(lowering); !done) {
        return done;
    }
    for (const Port& port : lowering.ruleset.ports) {
        pc_port_view view = view_of(lowering, port);
        // Ports with the same addresses, in different zones, share a set.
        const auto address_set = lower_addresses(lowering, all_of(port.addresses));
        if (!address_set) {
            return fail(address_set.error());
        }
        const auto source_set = lower_addresses(lowering, has_bound_sources(port) ? all_of(port.allowed_sources) : AddressSet{});
        if (!source_set) {
            return fail(source_set.error());
        }
        view.address_set = *address_set;
        view.source_set = *source_set;
        lowering.image.ports.push_back(view);
        lowering.image.port_zones.push_back(port.zone);
    }
    return {};
}

}  // namespace portcullis
