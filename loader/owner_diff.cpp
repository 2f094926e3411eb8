// SPDX-License-Identifier: Apache-2.0
#include "loader/owner_diff.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>

namespace portcullis {
namespace {

constexpr std::uint32_t kZoneBits = 32;

template <class Key>
using Members = MapImage::Entries<Key, std::uint32_t>;

const Members<pc_member4_key>& members(const MapImage& image, const pc_member4_key*) { return image.members4; }
const Members<pc_member6_key>& members(const MapImage& image, const pc_member6_key*) { return image.members6; }

template <class Key>
bool is_before(const Key& a, const Key& b) {
    return std::memcmp(&a, &b, sizeof(Key)) < 0;
}

template <class Key>
std::optional<std::uint32_t> number_at(const Members<Key>& entries, const Key& key) {
    const auto found = std::ranges::lower_bound(entries, key, is_before<Key>, &std::pair<Key, std::uint32_t>::first);
    if (found == entries.end() || is_before(key, found->first)) {
        return std::nullopt;
    }
    return found->second;
}

OwnerRow owner_at(const MapImage& image, std::uint32_t number) {
    const auto found = std::ranges::lower_bound(image.owners, number, {}, &std::pair<std::uint32_t, OwnerRow>::first);
    assert(found != image.owners.end() && found->first == number);
    return found->second;
}

// The key of the prefix of `bits` bits, the zone's included, that holds the key's.
template <class Key>
Key shortened(Key key, std::uint32_t bits) {
    key.prefixlen = bits;
    std::uint8_t bytes[sizeof(key.address)];
    std::memcpy(bytes, &key.address, sizeof(bytes));
    for (std::uint32_t bit = bits - kZoneBits; bit < sizeof(bytes) * 8; ++bit) {
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] & ~(0x80U >> bit % 8));
    }
    std::memcpy(&key.address, bytes, sizeof(bytes));
    return key;
}

// What the image says about the prefixes around a key.
template <class Key>
class Around {
   public:
    explicit Around(const MapImage& image) : image_(image), entries_(members(image, static_cast<const Key*>(nullptr))) {
        for (const auto& [key, number] : entries_) {
            lengths_.insert(key.prefixlen);
        }
    }
    [[nodiscard]] OwnerRow owner_around(const Key& key) const {
        for (auto bits = std::make_reverse_iterator(lengths_.lower_bound(key.prefixlen)); bits != lengths_.rend(); ++bits) {
            if (const auto number = number_at(entries_, shortened(key, *bits))) {
                return owner_at(image_, *number);
            }
        }
        return {};
    }

   private:
    const MapImage& image_;
    const Members<Key>& entries_;
    std::set<std::uint32_t> lengths_;
};

void write_version(pc_owner& row, std::uint32_t parity, const OwnerRow& owner) {
    row.interface[parity] = owner.interface;
    row.subnet[parity] = owner.subnet;
    row.own[parity] = !owner.own ? 0 : *owner.own == 0 ? PC_OWN_NONE : *owner.own;
}

pc_owner owner_row(std::uint32_t parity, const OwnerRow& active, const OwnerRow& inactive) {
    pc_owner row{};
    write_version(row, parity, active);
    write_version(row, 1 - parity, inactive);
    return row;
}

RowChange<pc_owner> owner_change(std::uint32_t number, const OwnerRow& before, const OwnerRow& after, std::uint32_t parity) {
    return {.number = number,
            .aside = owner_row(parity, before, after),
            .settled = owner_row(parity, after, after),
            .undone = owner_row(parity, before, before)};
}

// An address is no longer whose it was in its zone. Which interfaces of other zones it is known of changes with the rules that refer to
// them. What isolation alone looks up (PC_ZONE_ALL) holds no interfaces.
template <class Key>
void note_departure(const Key& key, const OwnerRow& before, const OwnerRow& after, std::vector<Key>& departed) {
    const std::uint32_t former = before.own.value_or(before.interface);
    if (former != 0 && former != after.own.value_or(after.interface) && key.zone != PC_ZONE_ALL) {
        departed.push_back(key);
    }
}

std::vector<pc_member4_key>& departed_of(ImageDiff& diff, const pc_member4_key*) { return diff.departed4; }
std::vector<pc_member6_key>& departed_of(ImageDiff& diff, const pc_member6_key*) { return diff.departed6; }

template <class Key>
void diff_owners_of(const MapImage& from, const MapImage& to, std::uint32_t parity, ImageDiff& diff) {
    const Key* const family = nullptr;
    std::vector<Key>& departed = departed_of(diff, family);
    std::vector<RowChange<pc_owner>>& changes = diff.owners;
    const auto& former = members(from, family);
    const auto& wanted = members(to, family);
    const Around<Key> around_before(from);
    const Around<Key> around_after(to);
    for (const auto& [key, number] : wanted) {
        const bool is_new = !number_at(former, key);
        const OwnerRow before = is_new ? around_before.owner_around(key) : owner_at(from, number);
        const OwnerRow after = owner_at(to, number);
        note_departure(key, before, after, departed);
        // The row of a new entry is written whatever it says: a former user of the number left something there.
        if (is_new || before != after) {
            changes.push_back(owner_change(number, before, after, parity));
        }
    }
    for (const auto& [key, number] : former) {
        if (number_at(wanted, key)) {
            continue;
        }
        const OwnerRow before = owner_at(from, number);
        const OwnerRow after = around_after.owner_around(key);
        note_departure(key, before, after, departed);
        if (before != after) {
            changes.push_back(owner_change(number, before, after, parity));
        }
    }
}

struct InterfaceState {
    std::uint32_t ifindex = 0;
    std::vector<std::uint32_t> groups;
    bool operator==(const InterfaceState&) const = default;
};

std::map<std::uint32_t, InterfaceState> interface_states(const HostImage& image) {
    std::map<std::uint32_t, InterfaceState> states;
    for (const auto& [number, row] : image.policy.interfaces) {
        const auto device = image.bound.find(number);
        states.emplace(number, InterfaceState{.ifindex = device == image.bound.end() ? 0 : device->second, .groups = row.groups});
    }
    return states;
}

void write_version(pc_interface& row, std::uint32_t parity, const InterfaceState& state) {
    assert(state.groups.size() <= PC_GROUPS_PER_INTERFACE);
    row.ifindex[parity] = state.ifindex;
    row.group_count[parity] = static_cast<std::uint32_t>(state.groups.size());
    std::ranges::copy(state.groups, row.groups[parity]);
}

pc_interface interface_row(std::uint32_t parity, const InterfaceState& active, const InterfaceState& inactive) {
    pc_interface row{};
    write_version(row, parity, active);
    write_version(row, 1 - parity, inactive);
    return row;
}

template <class Key>
void add_touched(const MapImage& image, const std::set<std::uint32_t>& owners, const std::set<std::uint32_t>& interfaces,
                 std::set<std::uint32_t>& zones) {
    for (const auto& [key, number] : members(image, static_cast<const Key*>(nullptr))) {
        if (!zones.contains(key.zone) && (owners.contains(number) || interfaces.contains(owner_at(image, number).interface))) {
            zones.insert(key.zone);
        }
    }
}

}  // namespace

void diff_owners(const MapImage& from, const MapImage& to, std::uint32_t parity, ImageDiff& diff) {
    diff_owners_of<pc_member4_key>(from, to, parity, diff);
    diff_owners_of<pc_member6_key>(from, to, parity, diff);
}

std::vector<RowChange<pc_interface>> diff_interfaces(const HostImage& from, const HostImage& to, std::uint32_t parity) {
    const auto former = interface_states(from);
    const auto wanted = interface_states(to);
    std::set<std::uint32_t> numbers;
    for (const auto* states : {&former, &wanted}) {
        for (const auto& [number, state] : *states) {
            numbers.insert(number);
        }
    }
    const InterfaceState none;
    std::vector<RowChange<pc_interface>> changes;
    for (const std::uint32_t number : numbers) {
        const auto before = former.find(number);
        const auto after = wanted.find(number);
        const InterfaceState& active = before == former.end() ? none : before->second;
        const InterfaceState& inactive = after == wanted.end() ? none : after->second;
        if (active != inactive) {
            changes.push_back({.number = number,
                               .aside = interface_row(parity, active, inactive),
                               .settled = interface_row(parity, inactive, inactive),
                               .undone = interface_row(parity, active, active)});
        }
    }
    return changes;
}

MembershipChanges membership_changes(const std::vector<RowChange<pc_interface>>& interfaces, std::uint32_t parity) {
    MembershipChanges changes;
    for (const auto& change : interfaces) {
        const pc_interface& row = change.aside;
        const auto groups = [&](std::uint32_t version) {
            return std::set<std::uint32_t>(row.groups[version], row.groups[version] + row.group_count[version]);
        };
        const auto before = groups(parity);
        const auto after = groups(1 - parity);
        std::ranges::set_difference(after, before, std::inserter(changes.gained, changes.gained.end()));
        std::ranges::set_difference(before, after, std::inserter(changes.lost, changes.lost.end()));
    }
    return changes;
}

std::set<std::uint32_t> touched_zones(const MapImage& from, const MapImage& to, std::uint32_t parity, const ImageDiff& diff) {
    std::set<std::uint32_t> owners;
    std::set<std::uint32_t> interfaces;
    for (const auto& change : diff.owners) {
        owners.insert(change.number);
    }
    for (const auto& change : diff.interfaces) {
        if (change.aside.ifindex[parity] != change.aside.ifindex[1 - parity]) {
            interfaces.insert(change.number);
        }
    }
    std::set<std::uint32_t> zones;
    if (owners.empty() && interfaces.empty()) {
        return zones;
    }
    for (const MapImage* image : {&from, &to}) {
        add_touched<pc_member4_key>(*image, owners, interfaces, zones);
        add_touched<pc_member6_key>(*image, owners, interfaces, zones);
    }
    return zones;
}

}  // namespace portcullis
