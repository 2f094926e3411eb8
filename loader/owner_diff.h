// SPDX-License-Identifier: Apache-2.0
// The part of the difference between two images that is about who owns an address: rows of pc_owners and pc_interfaces. Internal to
// image_diff.cpp.
//
// An entry of pc_members has no versions: inserted before the switch it is found at once, deleted after it it is found for a while. So the
// row of a new entry says, in the active version, what the longest prefix around it said before; and the row of an entry that goes says, in
// the version that becomes active, what the longest prefix around it says then.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "loader/image_diff.h"

namespace portcullis {

// Fills in `owners`, and `departed4/6`: each prefix, of before or after, whose address was an interface's and is so no more, by the longest
// match before and after. A departed prefix that holds a longer one which stays ends the flows of that one too: stricter than need be.
void diff_owners(const MapImage& from, const MapImage& to, std::uint32_t parity, ImageDiff& diff);
[[nodiscard]] std::vector<RowChange<pc_interface>> diff_interfaces(const HostImage& from, const HostImage& to, std::uint32_t parity);

// Groups that interfaces came into or left, of any interface that was there before or is there after.
struct MembershipChanges {
    std::set<std::uint32_t> gained;
    std::set<std::uint32_t> lost;
};
[[nodiscard]] MembershipChanges membership_changes(const std::vector<RowChange<pc_interface>>& interfaces, std::uint32_t parity);

// Zones in which an address may belong to somebody else, or to somebody at another device, than before.
[[nodiscard]] std::set<std::uint32_t> touched_zones(const MapImage& from, const MapImage& to, std::uint32_t parity, const ImageDiff& diff);

}  // namespace portcullis
