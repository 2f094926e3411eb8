// SPDX-License-Identifier: Apache-2.0
// A port's quotas: sets without data, of a size each, in which a flow of the port has a place as long as it counts. A set belongs to one
// binding, so rules that change it do too: short chains that return, to which a verdict map leads by the packet's device. All rules around
// them are the same for all ports.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/lower_nft/nft_lane.h"

namespace portcullis {

enum class NftRoom : std::uint8_t { Flows, HalfOutbound, HalfInbound, Services };

// Of half-open flows begun by that side.
[[nodiscard]] constexpr NftRoom nft_half_room(Direction side) {
    return side == Direction::Outbound ? NftRoom::HalfOutbound : NftRoom::HalfInbound;
}

// Takes a place for the packet's flow, or keeps it, for that time. Where there is none the packet is dropped, reason flow_quota.
[[nodiscard]] NftRule nft_take_place(const NftLane& lane, NftRoom room, NftForm form, std::uint64_t timeout_ms);
// The same, but that the packet goes on where there is none.
[[nodiscard]] NftRule nft_try_place(const NftLane& lane, NftRoom room, NftForm form, std::uint64_t timeout_ms);
// Gives back the places of the packet's flow.
[[nodiscard]] NftRule nft_leave_places(const NftLane& lane, const std::vector<NftRoom>& rooms, NftForm form);

// Leads by the packet's device to rules of the port, which return or end the packet; those of all ports that have something to do there are
// in the verdict map of that name. Where none are, the packet goes on.
[[nodiscard]] NftRule nft_by_port(const NftLane& lane, std::string_view name, std::vector<NftRule> rules);

// The same, to a chain that is there.
[[nodiscard]] NftRule nft_to_port(const NftLane& lane, std::string_view name, const std::string& chain);

// A check chain of rules that differ between ports: leads to those of the packet's port, which return or end it; drops what is of none.
[[nodiscard]] std::string nft_check_of_port(const NftLane& lane, std::string_view name, std::vector<NftRule> rules, const NftVerdict& drop);
[[nodiscard]] std::string nft_check_of_port(const NftLane& lane, std::string_view name, const std::string& chain, const NftVerdict& drop);

// The size of a set that has room for so many. Buckets for all elements of a size are there from the beginning, but for the size that a set
// has without naming one, which stands for the default of quotas, one more.
[[nodiscard]] std::uint32_t nft_room_for(std::uint32_t elements);

// The name of a set that belongs to the binding: "WORD4.NUMBER".
[[nodiscard]] std::string nft_name_of_binding(const NftLane& lane, std::string_view word);

}  // namespace portcullis
