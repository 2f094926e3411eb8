// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_flow_reader.h"

#include <cerrno>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "fallback/nft_read_whole.h"
#include "fallback/nft_readback.h"

namespace portcullis {
namespace {

constexpr std::size_t kFlowsPerPage = 8192;
constexpr int kMostAttempts = 100;

// Where a page ends, unless one port has more.
bool is_full(std::size_t flows) { return flows >= kFlowsPerPage; }

struct FoundFlow {
    Flow flow;
    NftElement element;
    std::size_t map = 0;  // place among NftFlowList::maps()
};

using FlowsByPort = std::map<std::size_t, std::vector<FoundFlow>>;

// Those that match, of ports from `from` on.
Result<FlowsByPort> find_flows(NftSocket& socket, const NftTable& table, const NftFlowList& list, const FlowFilter& filter,
                               std::uint64_t from, bool with_memory) {
    const std::vector<NftFlowMap> maps = NftFlowList::maps();
    FlowsByPort flows;
    for (std::size_t i = 0; i < maps.size(); ++i) {
        const NftSet* const set = maps[i].is_memory && !with_memory ? nullptr : find_set(table, maps[i].name);
        if (set == nullptr) {
            continue;
        }
        std::vector<NftElement> elements;
        auto read = read_whole(elements, [&] {
            auto whole = read_elements(socket, {.family = table.family, .name = table.name}, *set);
            elements = std::move(whole).value_or(std::vector<NftElement>());
            return whole ? Result<>() : fail(whole.error());
        });
        if (!read) {
            return fail(read.error().with_context("cannot read " + set->name));
        }
        for (NftElement& element : elements) {
            const auto port = list.port_of(element);
            auto flow = port && *port >= from ? list.flow_of(*port, maps[i], element) : std::nullopt;
            if (flow && filter.has_port(flow->ifindex) && filter.matches(*flow)) {
                flows[*port].push_back({.flow = std::move(*flow), .element = std::move(element), .map = i});
            }
        }
    }
    return flows;
}

// What goes of a page of ports, set by set; how many of that are flows; and the port behind the page, if there are more.
struct Cut {
    std::vector<NftElementChange> changes;
    std::uint64_t flows = 0;
    std::optional<std::uint64_t> next;
};

Cut cut_of(const NftTable& table, FlowsByPort found) {
    const std::vector<NftFlowMap> maps = NftFlowList::maps();
    std::vector<NftElementChange> by_map(maps.size());
    Cut cut;
    for (auto& [port, flows] : found) {
        if (is_full(cut.flows)) {
            cut.next = port;
            break;
        }
        for (FoundFlow& one : flows) {
            by_map[one.map].gone.push_back(std::move(one.element));
            cut.flows += maps[one.map].is_memory ? 0 : 1;
        }
    }
    for (std::size_t i = 0; i < maps.size(); ++i) {
        if (!by_map[i].gone.empty()) {
            by_map[i].family = table.family;
            by_map[i].set = find_set(table, maps[i].name);
            cut.changes.push_back(std::move(by_map[i]));
        }
    }
    return cut;
}

}  // namespace

Result<FlowPage> read_flows(NftSocket& socket, const NftImage& image, const NftFlowList& list, const FlowFilter& filter,
                            std::uint64_t from) {
    const NftTable* const bridge = find_table(image, NftFamily::Bridge);
    FlowPage page;
    if (bridge == nullptr) {
        return page;
    }
    auto found = find_flows(socket, *bridge, list, filter, from, false);
    if (!found) {
        return fail(found.error());
    }
    for (auto& [port, flows] : *found) {
        if (is_full(page.flows.size())) {
            page.next = port;
            break;
        }
        for (FoundFlow& one : flows) {
            page.flows.push_back(std::move(one.flow));
        }
    }
    return page;
}

// What changed between reading and writing is read again.
Result<FlowsEnded> cut_flows(NftWriter& writer, const NftImage& image, const NftFlowList& list, const FlowFilter& filter,
                             std::uint64_t from) {
    const NftTable* const bridge = find_table(image, NftFamily::Bridge);
    for (int i = 0; bridge != nullptr && i < kMostAttempts; ++i) {
        auto found = find_flows(writer.socket(), *bridge, list, filter, from, true);
        if (!found) {
            return fail(found.error());
        }
        const Cut cut = cut_of(*bridge, std::move(*found));
        if (cut.changes.empty()) {
            return FlowsEnded{};
        }
        const auto written = writer.change_elements(cut.changes);
        if (!written) {
            return fail(written.error().with_context("cannot end flows"));
        }
        if (*written) {
            return FlowsEnded{.count = cut.flows, .next = cut.next};
        }
    }
    return bridge == nullptr ? Result<FlowsEnded>(FlowsEnded{}) : fail("cannot end flows: packets keep changing them", EBUSY);
}

}  // namespace portcullis
