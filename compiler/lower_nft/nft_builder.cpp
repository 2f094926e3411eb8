// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_builder.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "compiler/lower_nft/nft_digest.h"
#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

// Interface numbers are reused; more devices than this have no counters, but are judged all the same.
constexpr std::uint32_t kMostCounted = 65'536;

template <class Object>
void add_once(std::unordered_map<std::string, Object>& objects, Object object) {
    const std::string name = object.name;
    const auto [at, is_new] = objects.try_emplace(name, std::move(object));  // one that is there leaves the object as it is
    if (!is_new && !(at->second == object)) {
        std::fprintf(stderr, "two nftables objects of the name %s\n", name.c_str());
        std::abort();
    }
}

// A digest that several contents share (which does not happen by chance) gets a number behind it.
template <class Object>
std::string add_by_content(std::unordered_map<std::string, Object>& objects, const std::string& stem, Object object) {
    object.name.clear();
    const std::string base = stem + "-" + nft_digest(object);
    for (unsigned i = 0;; ++i) {
        std::string name = i == 0 ? base : base + "-" + std::to_string(i);
        object.name = name;
        const auto [at, is_new] = objects.try_emplace(name, std::move(object));
        if (is_new || at->second == object) {
            return name;
        }
    }
}

}  // namespace

std::string nft_count_set(Direction direction, Reason reason) {
    return (direction == Direction::Outbound ? "count-out-" : "count-in-") + std::string(name_of(reason));
}

std::string NftBuilder::chain(std::string_view stem, std::vector<NftRule> rules) {
    return add_by_content(chains_, std::string(stem), NftChain{.name = {}, .hook = {}, .rules = std::move(rules)});
}

std::string NftBuilder::set(NftSet set) {
    std::sort(set.elements.begin(), set.elements.end(), [](const NftElement& a, const NftElement& b) { return a.from < b.from; });
    const std::string stem = set.name;
    return add_by_content(sets_, stem, std::move(set));
}

void NftBuilder::add_chain(NftChain chain) { add_once(chains_, std::move(chain)); }

void NftBuilder::add_set(NftSet set) { add_once(sets_, std::move(set)); }

void NftBuilder::add_element(const NftSet& shape, NftElement element) {
    auto& elements = gathered_.try_emplace(shape.name, Gathered{.shape = shape, .elements = {}}).first->second.elements;
    NftBytes key = element.from;
    elements.try_emplace(std::move(key), std::move(element));
}

std::string NftBuilder::once(const std::string& key, const std::function<std::string()>& make) {
    const auto found = made_.find(key);
    return found != made_.end() ? found->second : made_.emplace(key, make()).first->second;
}

std::string NftBuilder::once_set(const std::string& key, const std::function<NftSet()>& make) {
    return once(key, [&] {
        NftSet set = make();
        std::string name = set.name;
        add_set(std::move(set));
        return name;
    });
}

const std::vector<NftRule>& NftBuilder::once_rules(const std::string& key, const std::function<std::vector<NftRule>()>& make) {
    const auto found = made_rules_.find(key);
    return found != made_rules_.end() ? found->second : made_rules_.emplace(key, make()).first->second;
}

NftVerdict NftBuilder::end(Direction direction, Reason reason) {
    const bool passes = reason == PC_REASON_passed;
    const std::string word = direction == Direction::Outbound ? "out-" : "in-";
    const std::string name = (passes ? "end-" : "drop-") + word + std::string(name_of(reason));
    if (chains_.find(name) == chains_.end()) {
        NftSet counts{.name = nft_count_set(direction, reason), .key = {NftType::Interface}};
        counts.is_dynamic = true;
        counts.counts = true;
        counts.size = kMostCounted;
        add_set(counts);
        const NftLoad device = direction == Direction::Outbound ? nft_iif() : nft_oif();
        // Two rules: a packet that cannot be counted ends the same way.
        add_chain({.name = name,
                   .hook = {},
                   .rules = {{.statements = {NftUpdate{.key = {device}, .set = counts.name, .counts = true}}, .comment = {}},
                             {.statements = {NftVerdict{passes ? NftVerdict::Kind::Accept : NftVerdict::Kind::Drop, {}}}, .comment = {}}}});
    }
    return {NftVerdict::Kind::Goto, name};
}

NftVerdict NftBuilder::drop(Direction direction, Reason reason) { return end(direction, reason); }

NftVerdict NftBuilder::pass(Direction direction) { return end(direction, PC_REASON_passed); }

NftTable NftBuilder::take() && {
    NftTable table{.family = family_, .name = name_, .sets = {}, .chains = {}};
    for (auto& [name, set] : sets_) {
        table.sets.push_back(std::move(set));
    }
    for (auto& [name, gathered] : gathered_) {
        for (auto& [key, element] : gathered.elements) {
            gathered.shape.elements.push_back(std::move(element));
        }
        table.sets.push_back(std::move(gathered.shape));
    }
    for (auto& [name, chain] : chains_) {
        table.chains.push_back(std::move(chain));
    }
    const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
    std::sort(table.sets.begin(), table.sets.end(), by_name);
    std::sort(table.chains.begin(), table.chains.end(), by_name);
    return table;
}

}  // namespace portcullis
