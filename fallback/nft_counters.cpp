// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_counters.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "compiler/lower_nft/nft_bindings.h"
#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_flow_element.h"
#include "compiler/lower_nft/nft_flow_list.h"
#include "fallback/nft_decode.h"
#include "fallback/nft_objects.h"
#include "fallback/nft_read_whole.h"
#include "fallback/nft_readback.h"
#include "fallback/nft_userdata.h"

namespace portcullis {
namespace {

constexpr std::string_view kRulePrefix = "rule ";

struct Counted {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
};

int add_counter(nftnl_expr* expression, void* data) {
    if (std::string_view(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME)) == "counter") {
        auto& counted = *static_cast<Counted*>(data);
        counted.packets += nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_PACKETS);
        counted.bytes += nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_BYTES);
    }
    return 0;
}

Counted counted_by(nftnl_set_elem& element) {
    Counted counted;
    (void)nftnl_set_elem_expr_foreach(&element, add_counter, &counted);  // its result is that of the function
    return counted;
}

Counted counted_by(nftnl_rule& rule) {
    Counted counted;
    (void)nftnl_expr_foreach(&rule, add_counter, &counted);  // as above
    return counted;
}

struct CountSet {
    Direction direction;
    Reason reason;
};

std::unordered_map<std::string, CountSet> count_sets() {
    std::unordered_map<std::string, CountSet> sets;
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
        for (unsigned reason = 0; reason < PC_REASON_COUNT; ++reason) {
            sets.emplace(nft_count_set(direction, static_cast<Reason>(reason)), CountSet{direction, static_cast<Reason>(reason)});
        }
    }
    return sets;
}

std::uint32_t ifindex_in(const NftBytes& key) {
    std::uint32_t ifindex = 0;
    if (key.size() == sizeof ifindex) {
        std::memcpy(&ifindex, key.data(), sizeof ifindex);
    }
    return ifindex;
}

using ByReason = std::map<std::pair<Direction, Reason>, Counted>;
using Hits = std::map<std::string, std::uint64_t>;

std::optional<std::string> label_in(const void* userdata, std::uint32_t length) {
    const std::string comment = userdata == nullptr ? std::string() : comment_in(userdata, length);
    return comment.compare(0, kRulePrefix.size(), kRulePrefix) == 0 ? std::optional(comment.substr(kRulePrefix.size())) : std::nullopt;
}

Result<> read_hits_of_elements(NftSocket& socket, const NftTable& table, const NftSet& set, Hits& hits) {
    Hits found;
    auto read = read_whole(found, [&] {
        return for_each_element(socket, {.family = table.family, .name = table.name}, set.name, [&](nftnl_set_elem& element) {
            std::uint32_t length = 0;
            const void* userdata = nftnl_set_elem_get(&element, NFTNL_SET_ELEM_USERDATA, &length);
            if (const auto label = label_in(userdata, length)) {
                found[*label] += counted_by(element).packets;
            }
        });
    });
    for (const auto& [label, count] : found) {
        hits[label] += count;
    }
    return read;
}

Result<> read_hits_of_rules(NftSocket& socket, const NftTable& table, Hits& hits) {
    Hits found;
    auto read = read_whole(found, [&] {
        return for_each_rule(socket, {.family = table.family, .name = table.name}, [&](nftnl_rule& rule) {
            std::uint32_t length = 0;
            const void* userdata = nftnl_rule_get_data(&rule, NFTNL_RULE_USERDATA, &length);
            if (const auto label = label_in(userdata, length)) {
                found[*label] += counted_by(rule).packets;
            }
        });
    });
    for (const auto& [label, count] : found) {
        hits[label] += count;
    }
    return read;
}

void add_counts(const std::map<std::uint32_t, Counted>& found, const CountSet& meaning, std::map<std::uint32_t, ByReason>& counts) {
    for (const auto& [ifindex, counted] : found) {
        const auto port = counts.find(ifindex);
        if (port != counts.end() && counted.packets != 0) {
            Counted& sum = port->second[{meaning.direction, meaning.reason}];
            sum.packets += counted.packets;
            sum.bytes += counted.bytes;
        }
    }
}

std::vector<PortCounters> listed(const std::map<std::uint32_t, ByReason>& counts) {
    std::vector<PortCounters> ports;
    for (const auto& [ifindex, reasons] : counts) {
        PortCounters& port = ports.emplace_back();
        port.ifindex = ifindex;
        for (const auto& [key, counted] : reasons) {
            port.reasons.push_back({.reason = key.second, .direction = key.first, .packets = counted.packets, .bytes = counted.bytes});
        }
    }
    return ports;
}

// By ifindex.
using FlowCounts = std::unordered_map<std::uint32_t, std::uint64_t>;

Result<FlowCounts> count_flows(NftSocket& socket, const NftImage& image) {
    const NftTable* const bridge = find_table(image, NftFamily::Bridge);
    const NftSet* const numbers = bridge == nullptr ? nullptr : find_set(*bridge, kNftNumbers);
    std::unordered_map<std::uint32_t, std::uint32_t> ifindexes;  // by number of the binding
    for (std::size_t i = 0; numbers != nullptr && i < numbers->elements.size(); ++i) {
        ifindexes[nft_number_of(numbers->elements[i].data)] = ifindex_in(numbers->elements[i].from);
    }
    FlowCounts flows;
    for (const NftFlowMap& map : NftFlowList::maps()) {
        if (numbers == nullptr || map.is_memory) {
            continue;
        }
        FlowCounts found;
        auto read = read_whole(found, [&] {
            return for_each_element(socket, {.family = bridge->family, .name = bridge->name}, map.name, [&](nftnl_set_elem& element) {
                const auto at = ifindexes.find(nft_number_of(key_of_element(element)));
                if (at != ifindexes.end()) {
                    ++found[at->second];
                }
            });
        });
        if (!read) {
            return fail(read.error());
        }
        for (const auto& [ifindex, count] : found) {
            flows[ifindex] += count;
        }
    }
    return flows;
}

bool has_labels(const NftSet& set) {
    return set.counts && !set.elements.empty() && set.elements.front().comment.compare(0, kRulePrefix.size(), kRulePrefix) == 0;
}

}  // namespace

Result<std::vector<PortCounters>> read_port_counters(NftSocket& socket, const NftImage& image, std::span<const std::uint32_t> ports) {
    std::map<std::uint32_t, ByReason> counts;
    for (const std::uint32_t ifindex : ports) {
        counts[ifindex] = {};
    }
    const auto sets = count_sets();
    for (const NftTable& table : image.tables) {
        for (const NftSet& set : table.sets) {
            const auto meaning = sets.find(set.name);
            if (meaning == sets.end()) {
                continue;
            }
            std::map<std::uint32_t, Counted> found;
            auto read = read_whole(found, [&] {
                return for_each_element(socket, {.family = table.family, .name = table.name}, set.name,
                                        [&](nftnl_set_elem& element) { found[ifindex_in(key_of_element(element))] = counted_by(element); });
            });
            if (!read) {
                return fail(read.error().with_context("cannot read " + set.name));
            }
            add_counts(found, meaning->second, counts);
        }
    }
    const auto flows = count_flows(socket, image);
    if (!flows) {
        return fail(flows.error().with_context("cannot count flows"));
    }
    std::vector<PortCounters> listing = listed(counts);
    for (PortCounters& port : listing) {
        const auto count = flows->find(port.ifindex);
        port.flows = count == flows->end() ? 0 : count->second;
    }
    return listing;
}

Result<std::vector<RuleHits>> read_rule_hits(NftSocket& socket, const NftImage& image) {
    Hits hits;
    for (const NftTable& table : image.tables) {
        for (const NftSet& set : table.sets) {
            if (!has_labels(set)) {
                continue;
            }
            if (auto read = read_hits_of_elements(socket, table, set, hits); !read) {
                return fail(read.error().with_context("cannot read the counters of " + set.name));
            }
        }
        if (auto read = read_hits_of_rules(socket, table, hits); !read) {
            return fail(read.error().with_context("cannot read the counters of rules of " + table.name));
        }
    }
    std::vector<RuleHits> all;
    for (const auto& [label, decisions] : hits) {
        if (decisions != 0) {
            all.push_back({.label = label, .decisions = decisions});
        }
    }
    return all;
}

}  // namespace portcullis
