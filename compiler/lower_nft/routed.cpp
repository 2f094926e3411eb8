// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/routed.h"

#include <string>
#include <vector>

#include "compiler/lower_nft/lower_nft.h"
#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

constexpr std::int32_t kPriority = 1'000'000'000;  // behind all others, which may set marks

using Kind = DeviceBinding::Kind;

std::string interfaces(NftBuilder& inet, const NftHost& host, std::string stem, const std::vector<Kind>& kinds) {
    NftSet set{.name = std::move(stem), .key = {NftType::Interface}};
    for (const DeviceBinding& device : host.devices) {
        for (const Kind kind : kinds) {
            if (device.kind == kind) {
                set.elements.push_back({.from = nft_ifindex(device.ifindex), .to = {}, .verdict = {}, .data = {}, .comment = {}});
            }
        }
    }
    return set.elements.empty() ? std::string() : inet.set(std::move(set));
}

void append(std::vector<NftRule>& rules, NftLoad device, const std::string& set, std::vector<NftStatement> statements) {
    if (!set.empty()) {
        statements.insert(statements.begin(), nft_in({std::move(device)}, set));
        rules.push_back(nft_rule(std::move(statements)));
    }
}

}  // namespace

NftTable nft_routed(const NftHost& host) {
    NftBuilder inet(NftFamily::Inet, std::string(kNftTable));
    std::vector<NftRule> rules;
    // What the host sends itself has no input device.
    rules.push_back(nft_rule({nft_is(nft_iif(), nft_ifindex(0)), nft_accept()}));
    // By these no bridge is reached, so nothing is to be said.
    append(rules, nft_oif(), interfaces(inet, host, "off-host", {Kind::Uplink, Kind::Routed}), {nft_accept()});
    append(rules, nft_iif(), interfaces(inet, host, "host", {Kind::Bridge, Kind::Routed}), {nft_accept()});
    append(rules, nft_iif(), interfaces(inet, host, "uplinks", {Kind::Uplink}),
           {NftSetMark{.keep = ~kNftEntranceBits, .bits = kNftFromUplink}, nft_accept()});
    rules.push_back(nft_rule({NftSetMark{.keep = ~kNftEntranceBits, .bits = kNftFromElsewhere}, nft_accept()}));
    // Since Linux 5.7 it is told the input device.
    inet.add_chain(
        {.name = "postrouting", .hook = NftHook{.point = NftHook::Point::Postrouting, .priority = kPriority}, .rules = std::move(rules)});
    return std::move(inet).take();
}

}  // namespace portcullis
