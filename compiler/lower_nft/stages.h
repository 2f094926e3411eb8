// SPDX-License-Identifier: Apache-2.0
// The order of the stages (docs/semantics.md 1) for a packet of IP: guards, live flow, services, host policies, groups and ACL. Terminal
// chains, by port, family and, inbound, entrance; what two entrances do not tell apart is one chain.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/lower_nft/judgements.h"
#include "compiler/lower_nft/nft_lane.h"

namespace portcullis {

[[nodiscard]] std::string nft_outbound(NftBuilder& bridge, const NftPort& port, Family family);
[[nodiscard]] std::string nft_inbound(NftBuilder& bridge, const NftPort& port, Family family, NftEntrance entrance);

// ---- what both directions have in common ----

// Of packets of one form: checks by the kind of the live flow (`service`: may be empty, there are none), terminal chains for those of a
// flow that is cut (7.8; likewise), and the chain for those without one, which returns for what comes of a live flow and may pass, and ends
// all else.
struct NftFormChains {
    std::string begun_outbound, begun_inbound, service, cut_outbound, cut_inbound, without_flow;
};

// All stages, terminal: 3, 2, 4 and the memory of first fragments, whose later ones go to `later`; then what `chains_of` gives for the
// packet's form, and the change of its flow.
[[nodiscard]] std::string nft_stages(const NftLane& lane, NftEntrance entrance, const std::string& later,
                                     const std::function<NftFormChains(NftForm)>& chains_of);

// 7.4: drops what needs a flow and has none.
[[nodiscard]] std::vector<NftRule> nft_if_flow_is_needed(const NftLane& lane, NftForm form);

// 7.6: goes to `exempt` for a bare SYN of the side that did not open the flow, which is in SYN sent; then to `again` for other bare SYNs.
[[nodiscard]] std::vector<NftRule> nft_if_bare_syn(const NftLane& lane, const std::string& exempt, const std::string& again);

// Terminal: packets of a flow that is cut (7.8) are dropped by its groups, if not before: by `checks`, of a bare SYN by `again` as well,
// and then by `acl`, all of which may be empty. Empty where the port's flows are not cut.
[[nodiscard]] std::string nft_cut_flow(const NftLane& lane, NftForm form, const std::vector<std::string>& checks, const std::string& again,
                                       const std::string& acl);

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
