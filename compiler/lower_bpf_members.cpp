// SPDX-License-Identifier: Apache-2.0
// Interfaces and owners of addresses -> pc_interfaces, pc_owners and pc_members4/6.
#include "compiler/lower_bpf_state.h"

namespace portcullis {
namespace {

static_assert(kGroupsPerInterface == PC_GROUPS_PER_INTERFACE, "a row of pc_interfaces holds an interface's groups");

// Ids are opaque text, so a combined entry is not told from an interface by its id but by a count in front.
void write_identity(const Ruleset& ruleset, const InterfaceGroups& entry, ContentKey& key) {
    key.clear();
    key.add(entry.stands_for.size());
    if (entry.stands_for.empty()) {
        key.add_text(entry.id);
    }
    for (const Index index : entry.stands_for) {
        key.add_text(ruleset.interfaces[index].id);
    }
}

Result<> lower_interfaces(Lowering& lowering) {
    ContentKey key;
    for (const InterfaceGroups& entry : lowering.ruleset.interfaces) {
        write_identity(lowering.ruleset, entry, key);
        const auto number = lowering.numberings.interfaces.number_of(key.bytes());
        if (!number) {
            return fail(number.error());
        }
        lowering.interfaces.push_back(*number);
        InterfaceRow row;
        for (const Index group : entry.groups) {
            row.groups.push_back(lowering.groups[group]);
        }
        lowering.image.interfaces.emplace_back(*number, std::move(row));
    }
    lowering.image.interface_numbers = lowering.interfaces;
    return {};
}

Result<> lower_owner(Lowering& lowering, std::uint32_t zone, const Prefix& prefix, const OwnerRow& row) {
    ContentKey key;
    key.add(zone);
    key.add_prefix(prefix);
    const auto number = lowering.numberings.owners.number_of(key.bytes());
    if (!number) {
        return fail(number.error());
    }
    lowering.image.owners.emplace_back(*number, row);
    if (prefix.family() == Family::Ipv4) {
        lowering.image.members4.emplace_back(with_prefix(pc_member4_key{.zone = zone}, prefix), *number);
    } else {
        lowering.image.members6.emplace_back(with_prefix(pc_member6_key{.zone = zone}, prefix), *number);
    }
    return {};
}

}  // namespace

Result<> lower_members(Lowering& lowering) {
    if (auto done = lower_interfaces(lowering); !done) {
        return done;
    }
    for (const AddressOwner& owner : lowering.ruleset.owners) {
        OwnerRow row{.interface = owner.interface ? lowering.interfaces[*owner.interface] : 0,
                     .subnet = owner.subnet ? lowering.subnets[*owner.subnet] : 0};
        if (owner.has_peers) {
            row.own = owner.own ? lowering.interfaces[*owner.own] : 0;
        }
        if (auto done = lower_owner(lowering, lowering.zones[owner.zone], owner.prefix, row); !done) {
            return done;
        }
    }
    for (const auto& [prefix, interface] : lowering.ruleset.instance_addresses) {
        const OwnerRow row{.interface = lowering.interfaces[interface], .subnet = 0};
        if (auto done = lower_owner(lowering, PC_ZONE_ALL, prefix, row); !done) {
            return done;
        }
    }
    return {};
}

}  // namespace portcullis
