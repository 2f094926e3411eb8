// SPDX-License-Identifier: Apache-2.0
// One port, one direction, one family: what the chains of section 7 are made for, and the dynamic sets in which a port's state is. The sets
// belong to the port (docs/decisions/0006-nftables-state.md): their sizes are its quotas, and they go with it.
#pragma once

#include <string>
#include <vector>

#include "compiler/nft_builder.h"
#include "compiler/nft_flow_word.h"
#include "compiler/nft_port.h"

namespace portcullis {

struct NftLane {
    NftBuilder* bridge = nullptr;
    const NftPort* port = nullptr;
    Direction direction = Direction::Outbound;
    Family family = Family::Ipv4;

    [[nodiscard]] bool is_outbound() const { return direction == Direction::Outbound; }
    [[nodiscard]] std::string stem(std::string_view word) const;  // "WORD-out4"

    // ---- dynamic sets; keyed by flow, but for the fragments' ----
    [[nodiscard]] std::string answered() const { return set("flows"); }  // key -> number of the flow
    [[nodiscard]] std::string half_open() const { return set("half"); }  // likewise; service flows without an answer too
    [[nodiscard]] std::string quota_of(Direction side) const { return set(side == Direction::Outbound ? "half-out" : "half-in"); }
    [[nodiscard]] std::string service_quota() const { return set("services"); }
    [[nodiscard]] std::string renewals() const { return set("renew"); }  // key -> number once the bare SYN is answered (7.6)
    [[nodiscard]] std::string ends() const { return set("ends"); }       // {address, the same address}: compiler/lower_nft_errors.h
    [[nodiscard]] std::string fragment_count() const { return set("fragment-count"); }
    [[nodiscard]] std::string fragments() const { return set(is_outbound() ? "fragments-out" : "fragments-in"); }

    // ---- loads ----
    [[nodiscard]] std::vector<NftLoad> key(NftForm form) const;
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

// Names of the maps of a device's flows, of both families: each flow is an element of one of them.
[[nodiscard]] std::vector<std::string> nft_flow_maps(std::uint32_t ifindex);

// Adds the dynamic sets of the port.
void add_nft_state(NftBuilder& bridge, const NftPort& port);

// Flags of a segment, as nft_flow_word.h has them: 1 byte.
[[nodiscard]] NftLoad nft_segment_flags();

// Type and code of the messages that have a flow: queries and replies, and replies alone (7.2); sets of {Half}.
[[nodiscard]] std::string nft_queries_and_replies(NftBuilder& bridge, Family family);
[[nodiscard]] std::string nft_replies(NftBuilder& bridge, Family family);

}  // namespace portcullis
