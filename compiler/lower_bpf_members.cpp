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

}  // namespace

Result<> lower_members(Lowering& lowering) {
    if (auto done = lower_interfaces(lowering); !done) {
        return done;
    }
    ContentKey key;
    for (const AddressOwner& owner : lowering.ruleset.owners) {
        const std::uint32_t zone = lowering.zones[owner.zone];
        key.clear();
        key.add(zone);
        key.add_prefix(owner.prefix);
        const auto number = lowering.numberings.owners.number_of(key.bytes());
        if (!number) {
            return fail(number.error());
        }
        const OwnerRow row{.interface = owner.interface ? lowering.interfaces[*owner.interface] : 0,
                           .subnet = owner.subnet ? lowering.subnets[*owner.subnet] : 0};
        lowering.image.owners.emplace_back(*number, row);
        if (owner.prefix.family() == Family::Ipv4) {
            lowering.image.members4.emplace_back(with_prefix(pc_member4_key{.zone = zone}, owner.prefix), *number);
        } else {
            lowering.image.members6.emplace_back(with_prefix(pc_member6_key{.zone = zone}, owner.prefix), *number);
        }
    }
    return {};
}

}  // namespace portcullis
