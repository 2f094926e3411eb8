// SPDX-License-Identifier: Apache-2.0
// Interfaces and owners of addresses -> pc_interfaces, pc_owners and pc_members4/6.
#include "compiler/lower_bpf/keys.h"
#include "compiler/lower_bpf/state.h"

namespace portcullis {
namespace {

static_assert(kGroupsPerInterface == PC_GROUPS_PER_INTERFACE, "a row of pc_interfaces holds an interface's groups");

std::string interface_key_of(const Ruleset& ruleset, const InterfaceGroups& entry) {
    if (entry.stands_for.empty()) {
        return interface_key(entry.id);
    }
    std::vector<std::string_view> ids;
    for (const Index index : entry.stands_for) {
        ids.emplace_back(ruleset.interfaces[index].id);
    }
    return interface_key(ids);
}

Result<> lower_interfaces(Lowering& lowering) {
    for (const InterfaceGroups& entry : lowering.ruleset.interfaces) {
        const std::string key = interface_key_of(lowering.ruleset, entry);
        const auto number = lowering.numberings.interfaces.number_of(key);
        if (!number) {
            return fail(number.error());
        }
        add_name(PC_NAME_INTERFACE, *number, key, lowering.image.names);
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

template <class Key>
Result<> lower_owner(Lowering& lowering, const Key& member, const OwnerRow& row, MapImage::Entries<Key, std::uint32_t>& members) {
    const auto number = lowering.numberings.owners.number_of(key_of(member));
    if (!number) {
        return fail(number.error());
    }
    lowering.image.owners.emplace_back(*number, row);
    members.emplace_back(member, *number);
    return {};
}

Result<> lower_owner(Lowering& lowering, std::uint32_t zone, const Prefix& prefix, const OwnerRow& row) {
    MapImage& image = lowering.image;
    return prefix.family() == Family::Ipv4 ? lower_owner(lowering, with_prefix(pc_member4_key{.zone = zone}, prefix), row, image.members4)
                                           : lower_owner(lowering, with_prefix(pc_member6_key{.zone = zone}, prefix), row, image.members6);
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
