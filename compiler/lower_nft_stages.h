// SPDX-License-Identifier: Apache-2.0
// The order of the stages (docs/semantics.md 1) for a packet of IP: guards, live flow, services, host policies, groups and ACL. Terminal
// chains, by port, family and, inbound, entrance; what two entrances do not tell apart is one chain.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_nft_judgements.h"
#include "compiler/nft_lane.h"

namespace portcullis {

[[nodiscard]] std::string nft_outbound(NftBuilder& bridge, const NftPort& port, Family family);
[[nodiscard]] std::string nft_inbound(NftBuilder& bridge, const NftPort& port, Family family, NftEntrance entrance);

// ---- what both directions have in common ----

// Rules of stages 3, 2 and 4 and of the memory of first fragments, up to the flows; a later fragment goes to `later`.
[[nodiscard]] std::vector<NftRule> nft_up_to_flows(const NftLane& lane, NftEntrance entrance, const std::string& later);

// The last rules of stages: the packet is judged by the chain of its form (by NftForm) in `judged`, which returns for one of a live flow
// that may pass and ends all others, and goes to that in `advanced`. So what comes behind judging is there once, however many ways judging
// has: the kernel walks every way through a table's chains at each commit.
[[nodiscard]] std::vector<NftRule> nft_by_form(const NftLane& lane, const std::vector<std::string>& judged,
                                               const std::vector<std::string>& advanced);

// Goes to the check of its live flow's kind, else to `none`.
struct NftLiveChains {
    std::string begun_outbound, begun_inbound, service;
};
[[nodiscard]] std::string nft_by_flow(const NftLane& lane, NftForm form, const NftLiveChains& live, const std::string& none);

// 7.4: drops what needs a flow and has none.
[[nodiscard]] std::vector<NftRule> nft_if_flow_is_needed(const NftLane& lane, NftForm form);

// 7.6: goes to `exempt` for a bare SYN of the side that did not open the flow, which is in SYN sent; then to `again` for other bare SYNs.
[[nodiscard]] std::vector<NftRule> nft_if_bare_syn(const NftLane& lane, const std::string& exempt, const std::string& again);

// Terminal: a later fragment of a remembered packet passes (9.3); another one does after the checks, or goes to `end` behind them.
[[nodiscard]] std::string nft_later_fragment(const NftLane& lane, const std::vector<std::string>& checks, const std::string& end = {});

// A check chain that admits everything.
[[nodiscard]] std::string nft_go_on(NftBuilder& bridge);
// A check chain of these checks, those that there are, and of `more` behind them.
[[nodiscard]] std::string nft_checks(const NftLane& lane, std::string_view stem, const std::vector<std::string>& checks,
                                     std::vector<NftRule> more = {});

// "jump CHAIN" where there is one.
void append_check(std::vector<NftRule>& rules, const std::string& chain);
void append_rules(std::vector<NftRule>& rules, std::vector<NftRule> more);

}  // namespace portcullis
