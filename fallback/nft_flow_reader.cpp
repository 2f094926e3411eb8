// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_flow_reader.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "fallback/nft_read_whole.h"
#include "fallback/nft_readback.h"

namespace portcullis {
namespace {

constexpr std::size_t kFlowsPerPage = 8192;
constexpr int kMostAttempts = 100;

struct FoundFlow {
    Flow flow;
    NftElement element;
};

// Those that match.
Result<std::vector<FoundFlow>> find_flows(NftSocket& socket, const NftTable& table, const NftSet& set, const NftFlowMap& map,
                                          const FlowFilter& filter) {
    std::vector<NftElement> elements;
    auto read = read_whole(elements, [&] {
        auto whole = read_elements(socket, {.family = table.family, .name = table.name}, set);
        elements = std::move(whole).value_or(std::vector<NftElement>());
        return whole ? Result<>() : fail(whole.error());
    });
    if (!read) {
        return fail(read.error().with_context("cannot read " + set.name));
    }
    std::vector<FoundFlow> found;
    for (NftElement& element : elements) {
        auto flow = NftFlowList::flow_of(map, element);
        if (flow && filter.matches(*flow)) {
            found.push_back({.flow = std::move(*flow), .element = std::move(element)});
        }
    }
    return found;
}

// All that matches of one port; and how many of that are flows.
struct Cut {
    std::vector<NftElementChange> changes;
    std::uint64_t flows = 0;
};

Result<Cut> find_cut(NftSocket& socket, const NftTable& table, const std::vector<NftFlowMap>& maps, const FlowFilter& filter) {
    Cut cut;
    for (const NftFlowMap& map : maps) {
        const NftSet* const set = find_set(table, map.name);
        auto found = set == nullptr ? Result<std::vector<FoundFlow>>() : find_flows(socket, table, *set, map, filter);
        if (!found) {
            return fail(found.error());
        }
        if (found->empty()) {
            continue;
        }
        NftElementChange change{.family = table.family, .set = set, .gone = {}, .fresh = {}};
        for (FoundFlow& one : *found) {
            change.gone.push_back(std::move(one.element));
        }
        cut.flows += map.is_memory ? 0 : found->size();
        cut.changes.push_back(std::move(change));
    }
    return cut;
}

// What changed between reading and writing is read again.
Result<std::uint64_t> cut_port(NftWriter& writer, const NftTable& table, const std::vector<NftFlowMap>& maps, const FlowFilter& filter) {
    for (int i = 0; i < kMostAttempts; ++i) {
        const auto cut = find_cut(writer.socket(), table, maps, filter);
        if (!cut) {
            return fail(cut.error());
        }
        if (cut->changes.empty()) {
            return std::uint64_t{0};
        }
        const auto written = writer.change_elements(cut->changes);
        if (!written) {
            return fail(written.error().with_context("cannot end flows"));
        }
        if (*written) {
            return cut->flows;
        }
    }
    return fail("cannot end flows: packets keep changing them", EBUSY);
}

}  // namespace

Result<FlowPage> read_flows(NftSocket& socket, const NftImage& image, const NftFlowList& list, const FlowFilter& filter,
                            std::uint64_t from) {
    const NftTable* const bridge = find_table(image, NftFamily::Bridge);
    FlowPage page;
    std::uint64_t port = from;
    for (; bridge != nullptr && port < list.ports() && page.flows.size() < kFlowsPerPage; ++port) {
        if (!filter.has_port(list.ifindex_of(port))) {
            continue;
        }
        for (const NftFlowMap& map : list.maps_of(port)) {
            const NftSet* const set = map.is_memory ? nullptr : find_set(*bridge, map.name);
            auto found = set == nullptr ? Result<std::vector<FoundFlow>>() : find_flows(socket, *bridge, *set, map, filter);
            if (!found) {
                return fail(found.error());
            }
            for (FoundFlow& one : *found) {
                page.flows.push_back(std::move(one.flow));
            }
        }
    }
    if (bridge != nullptr && port < list.ports()) {
        page.next = port;
    }
    return page;
}

Result<FlowsEnded> cut_flows(NftWriter& writer, const NftImage& image, const NftFlowList& list, const FlowFilter& filter,
                             std::uint64_t from) {
    const NftTable* const bridge = find_table(image, NftFamily::Bridge);
    FlowsEnded ended;
    std::uint64_t port = from;
    while (bridge != nullptr && port < list.ports() && !filter.has_port(list.ifindex_of(port))) {
        ++port;
    }
    if (bridge == nullptr || port >= list.ports()) {
        return ended;
    }
    const auto count = cut_port(writer, *bridge, list.maps_of(port), filter);
    if (!count) {
        return fail(count.error());
    }
    ended.count = *count;
    if (port + 1 < list.ports()) {
        ended.next = port + 1;
    }
    return ended;
}

}  // namespace portcullis
