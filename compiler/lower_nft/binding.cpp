// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md section 4, but for claims (4.5).
#include "compiler/lower_nft/guards.h"
#include "compiler/lower_nft/own.h"
#include "compiler/lower_nft/reserved.h"

namespace portcullis {
namespace {

// 4.3: what no packet comes from, whatever else a port may send from.
std::vector<Prefix> never_sources() {
    std::vector<Prefix> never;
    for (const char* const text : {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32", "::/127",
                                   "::ffff:0:0/96", "fe80::/10", "ff00::/8"}) {
        never.push_back(Prefix::parse(text)->prefix);
    }
    return never;
}

std::string forwarded_out(NftBuilder& bridge, const NftPort& port, Family family) {
    const NftVerdict drop = bridge.drop(Direction::Outbound, PC_REASON_source_address);
    const bool is_ipv4 = family == Family::Ipv4;
    std::vector<NftRule> rules;
    for (const NftStatement& is_own : nft_own_alternatives(bridge, port, Direction::Outbound, family, nft_source(family))) {
        rules.push_back(nft_when({is_own}, nft_return()));
    }
    std::vector<Prefix> never = never_sources();
    for (const Address& address : nft_reserved(port)) {
        never.push_back(Prefix::host(address));
    }
    rules.push_back(
        nft_when({nft_in({nft_source(family)}, nft_prefix_set(bridge, is_ipv4 ? "no-source4" : "no-source6", family, never))}, drop));
    if (!port.port->allowed_sources.empty()) {
        const std::string allowed = nft_prefix_set(bridge, is_ipv4 ? "sources4" : "sources6", family, port.port->allowed_sources);
        rules.push_back(nft_when({nft_in({nft_source(family)}, allowed)}, nft_return()));
        rules.push_back(nft_always(drop));
    }
    return bridge.chain("forwarded-out", std::move(rules));
}

}  // namespace

std::string nft_binding(NftBuilder& bridge, const NftPort& port, Direction direction, Family family) {
    const bool is_outbound = direction == Direction::Outbound;
    if (!port.port->checks_source_and_destination) {
        return is_outbound ? forwarded_out(bridge, port, family) : bridge.chain("forwarded-in", {nft_always(nft_return())});
    }
    std::vector<NftRule> rules;
    if (port.port->has_addresses) {
        for (const NftStatement& is_own : nft_own_alternatives(bridge, port, direction, family, nft_local(family, direction))) {
            rules.push_back(nft_when({is_own}, nft_return()));
        }
        if (!is_outbound && !port.around.multicast.empty()) {
            const std::string listed =
                nft_address_set(bridge, family == Family::Ipv4 ? "multicast4" : "multicast6", family, port.around.multicast);
            rules.push_back(nft_when({nft_in({nft_destination(family)}, listed)}, nft_return()));
        }
    }
    rules.push_back(nft_always(bridge.drop(direction, is_outbound ? PC_REASON_source_address : PC_REASON_destination_address)));
    return bridge.chain(is_outbound ? "binding-out" : "binding-in", std::move(rules));
}

}  // namespace portcullis
