// SPDX-License-Identifier: Apache-2.0
// One port, one direction, one family: what the chains of section 7 are made for, and the dynamic sets in which state is. All ports share
// them (docs/decisions/0006-nftables-state.md): their keys begin with the number of the port's binding (compiler/lower_nft/nft_bindings.h).
// A port's quotas are sets of its own (compiler/lower_nft/nft_room.h), which go with the binding.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_flow_word.h"
#include "compiler/lower_nft/nft_port.h"

namespace portcullis {

struct NftLane {
    NftBuilder* bridge = nullptr;
    const NftPort* port = nullptr;
    Direction direction = Direction::Outbound;
    Family family = Family::Ipv4;

    [[nodiscard]] bool is_outbound() const { return direction == Direction::Outbound; }
    [[nodiscard]] std::string stem(std::string_view word) const;  // "WORD-out4"

    // ---- dynamic sets; keyed by binding and flow, but for the fragments' ----
    [[nodiscard]] std::string answered() const { return set("flows"); }  // key -> number of the flow
    [[nodiscard]] std::string half_open() const { return set("half"); }  // likewise; service flows without an answer too
    [[nodiscard]] std::string renewals() const { return set("renew"); }  // key -> number once the bare SYN is answered (7.6)
    [[nodiscard]] std::string ends() const { return set("ends"); }       // {binding, address, the same address}: lower_nft/errors.h
    [[nodiscard]] std::string fragment_count() const { return set("fragment-count"); }
    [[nodiscard]] std::string fragments() const { return set(is_outbound() ? "fragments-out" : "fragments-in"); }

    // ---- loads ----
    [[nodiscard]] NftLoad device() const;                                         // the port's ifindex
    [[nodiscard]] NftLoad binding() const;                                        // its number
    [[nodiscard]] std::vector<NftLoad> flow_key(NftForm form) const;              // of the packet's flow among those of its port
    [[nodiscard]] std::vector<NftLoad> key(NftForm form) const;                   // the same behind the number of the binding
    [[nodiscard]] NftLoad number_in(const std::string& map, NftForm form) const;  // of the packet's flow
    // Looked up with the flow's number: nft_next_words, nft_flow_steps.
    [[nodiscard]] NftLoad looked_up(const std::string& table, const std::string& map, NftForm form) const;
    [[nodiscard]] std::uint64_t milliseconds(NftIdle idle) const;

   private:
    [[nodiscard]] std::string set(std::string_view word) const;
};

[[nodiscard]] constexpr Direction opposite_of(Direction direction) {
    return direction == Direction::Outbound ? Direction::Inbound : Direction::Outbound;
}

// Adds the dynamic sets that ports share; `flows`: most flows of the host.
void add_nft_state(NftBuilder& bridge, std::uint32_t flows);

// Types of a flow's key in the quotas of a port.
[[nodiscard]] std::vector<NftType> nft_flow_key_types(Family family);

// A dynamic set whose elements have a time.
[[nodiscard]] NftSet nft_dynamic_set(std::string name, std::vector<NftType> key, std::uint32_t size);

// Flags of a segment, as nft_flow_word.h has them: 1 byte.
[[nodiscard]] NftLoad nft_segment_flags();

// Type and code of the messages that have a flow: queries and replies, and replies alone (7.2); sets of {Half}.
[[nodiscard]] std::string nft_queries_and_replies(NftBuilder& bridge, Family family);
[[nodiscard]] std::string nft_replies(NftBuilder& bridge, Family family);

}  // namespace portcullis
