// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_probe.h"

#include <memory>
#include <utility>

#include "compiler/lower_nft/nft_words.h"
#include "fallback/nft_diff.h"
#include "fallback/nft_writer.h"

namespace portcullis {
namespace {

constexpr const char* kScratchTable = "portcullis-probe";
constexpr std::int32_t kPriority = -200;

NftHook hook(NftHook::Point point, std::string device = {}) {
    return {.point = point, .priority = kPriority, .device = std::move(device), .accepts = true};
}

NftImage image_of(NftFamily family, std::vector<NftSet> sets, std::vector<NftChain> chains) {
    return {.tables = {{.family = family, .name = kScratchTable, .sets = std::move(sets), .chains = std::move(chains)}}};
}

// A chain that no packet comes to.
NftImage aside(std::vector<NftSet> sets, std::vector<NftStatement> statements) {
    return image_of(NftFamily::Bridge, std::move(sets), {{.name = "aside", .hook = {}, .rules = {nft_rule(std::move(statements))}}});
}

NftImage at_hook(NftFamily family, NftHook where, std::vector<NftStatement> statements = {}) {
    std::vector<NftRule> rules;
    if (!statements.empty()) {
        rules.push_back(nft_rule(std::move(statements)));
    }
    return image_of(family, {}, {{.name = "base", .hook = std::move(where), .rules = std::move(rules)}});
}

NftSet range_set(std::vector<NftType> key, NftBytes from, NftBytes to) {
    NftSet set{.name = "ranges", .key = std::move(key)};
    set.is_interval = true;
    set.elements = {{.from = std::move(from), .to = std::move(to), .verdict = {}, .data = {}, .comment = {}}};
    return set;
}

NftImage ranges_of_several_fields() {
    return aside({range_set({NftType::Interface, NftType::Ipv4Address}, nft_key({nft_ifindex(1), nft_u32(1)}),
                            nft_key({nft_ifindex(1), nft_u32(9)}))},
                 {nft_in({nft_iif(), nft_source(Family::Ipv4)}, "ranges")});
}

NftImage counting_verdicts() {
    NftSet map{.name = "verdicts", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Ipv4Address}};
    map.counts = true;
    map.elements = {{.from = nft_u32(1), .to = {}, .verdict = nft_accept(), .data = {}, .comment = "probe"}};
    return aside({map}, {nft_verdict_of({nft_source(Family::Ipv4)}, "verdicts")});
}

NftSet dynamic_set(NftSet::Kind kind, bool counts) {
    NftSet set{.name = "state", .kind = kind, .key = {NftType::Ipv4Address, NftType::Port}};
    set.is_dynamic = true;
    set.has_timeout = !counts;
    set.timeout_ms = counts ? 0 : 1'000;
    set.size = 16;
    set.counts = counts;
    return set;
}

std::vector<NftLoad> state_key() { return {nft_source(Family::Ipv4), nft_source_port()}; }

NftImage counting_updates() {
    return aside({dynamic_set(NftSet::Kind::Set, true)}, {NftUpdate{.key = state_key(), .set = "state", .counts = true}});
}

NftImage state() {
    NftMapUpdate replace{.op = NftMapUpdate::Op::Replace, .key = state_key(), .map = "state", .data = {}};
    replace.data.kind = NftLoad::Kind::Map;
    replace.data.length = 4;
    replace.data.map = "state";
    replace.data.key = state_key();
    return aside({dynamic_set(NftSet::Kind::DataMap, false)}, {replace});
}

struct Probe {
    const char* name;
    NftImage image;
    bool is_needed = true;
};

std::vector<Probe> probes() {
    const NftLoad shifted = nft_masked(nft_payload(NftHeader::Network, 0, 1), nft_u8(0xf0), 4);
    return {
        {"tables of bridges",
         at_hook(NftFamily::Bridge, hook(NftHook::Point::Forward), {nft_is(nft_ether_type(), nft_u16(0)), NftCounter{}})},
        {"hooks at devices", at_hook(NftFamily::Netdev, hook(NftHook::Point::Ingress, "lo"))},
        {"hooks where the host routes", at_hook(NftFamily::Inet, hook(NftHook::Point::Forward))},
        {"bits of headers", aside({}, {nft_is(shifted, nft_u8(4)), nft_less(nft_meta(NftMeta::Length), nft_u32(60))})},
        {"limits", aside({}, {NftLimit{.packets = 10, .burst = 20, .is_over = true}})},
        {"sets of ranges",
         aside({range_set({NftType::Ipv4Address}, nft_u32(1), nft_u32(9))}, {nft_in({nft_source(Family::Ipv4)}, "ranges")})},
        {"sets of ranges of several fields", ranges_of_several_fields()},
        {"verdict maps that count", counting_verdicts()},
        {"sets that packets change and that count", counting_updates()},
        {"maps that packets change", state()},
    };
}

std::string try_out(NftWriter& writer, NftImage image) {
    normalise(image);
    const auto wanted = std::make_shared<const NftImage>(std::move(image));
    if (auto written = writer.write(wanted); !written) {
        return written.error().message;
    }
    auto found = writer.read_again();
    if (!found) {
        return found.error().message;
    }
    return **found == *wanted ? std::string() : "the kernel has something else than what was written";
}

}  // namespace

std::vector<NftCapability> probe_nft() {
    std::vector<NftCapability> capabilities;
    auto writer = NftWriter::open(kScratchTable, false);
    for (Probe& probe : probes()) {
        NftCapability& capability = capabilities.emplace_back();
        capability.name = probe.name;
        capability.is_needed = probe.is_needed;
        capability.reason = writer ? try_out(*writer, std::move(probe.image)) : writer.error().message;
        capability.is_present = capability.reason.empty();
        if (writer) {
            (void)writer->write(std::make_shared<const NftImage>());  // refused where nothing could be written; then nothing is there
        }
    }
    return capabilities;
}

Result<> check_usable(const std::vector<NftCapability>& capabilities) {
    for (const NftCapability& capability : capabilities) {
        if (capability.is_needed && !capability.is_present) {
            return fail("nf_tables has no " + capability.name + ": " + capability.reason);
        }
    }
    return {};
}

}  // namespace portcullis
