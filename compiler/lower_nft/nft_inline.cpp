// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_inline.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/nft_references.h"

namespace portcullis {
namespace {

constexpr std::size_t kMostVerdicts = 8;  // of a map that becomes rules: about what a look-up costs
constexpr std::size_t kRegister = 4;      // fields of keys are padded to a multiple of it

using Sets = std::unordered_map<std::string_view, const NftSet*>;
using Statements = std::vector<NftStatement>;

bool may_go(const NftSet& set) { return !set.is_dynamic && !nft_keeps_name(set.name); }

const NftSet* find(const Sets& sets, const std::string& name) {
    const auto found = sets.find(name);
    return found == sets.end() ? nullptr : found->second;
}

// Reading it twice costs little and gives the same.
bool is_plain(const NftLoad& load) { return load.kind == NftLoad::Kind::Payload || load.kind == NftLoad::Kind::Meta; }

// May be run again for the same packet.
bool is_pure(const NftStatement& statement) {
    return std::holds_alternative<NftCompare>(statement) || std::holds_alternative<NftRange>(statement) ||
           std::holds_alternative<NftLookup>(statement);
}

// That the key has the element; none: no comparisons say that.
std::optional<Statements> comparisons(const NftSet& set, const std::vector<NftLoad>& key, const NftElement& element) {
    Statements all;
    std::size_t offset = 0;
    for (std::size_t field = 0; field < key.size(); ++field) {
        const NftLoad& load = key[field];
        const auto part = [&](const NftBytes& bytes) {
            const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
            return NftBytes(begin, begin + load.length);
        };
        if (!is_plain(load) || field >= set.key.size() || load.length != bytes_of(set.key[field])) {
            return std::nullopt;
        }
        const NftBytes from = part(element.from);
        const NftBytes to = element.to.empty() ? from : part(element.to);
        if (from == to) {
            all.emplace_back(NftCompare{.load = load, .op = NftCompare::Op::Equal, .value = from});
        } else if (!is_host_order(set.key[field])) {
            all.emplace_back(NftRange{.load = load, .from = from, .to = to});
        } else {
            return std::nullopt;
        }
        offset += (load.length + kRegister - 1) / kRegister * kRegister;
    }
    return all;
}

void invert(NftStatement& statement) {
    if (auto* const compare = std::get_if<NftCompare>(&statement)) {
        compare->op = NftCompare::Op::NotEqual;
    } else {
        std::get<NftRange>(statement).is_inverted = true;
    }
}

// Look-ups in sets of one element.
void write_out_lookups(const Sets& sets, NftRule& rule) {
    Statements all;
    for (NftStatement& statement : rule.statements) {
        const auto* const lookup = std::get_if<NftLookup>(&statement);
        const NftSet* const set = lookup == nullptr ? nullptr : find(sets, lookup->set);
        if (set == nullptr || !may_go(*set) || set->counts || set->elements.size() != 1 ||
            (lookup->is_inverted && lookup->key.size() != 1)) {
            all.push_back(std::move(statement));
            continue;
        }
        std::optional<Statements> said = comparisons(*set, lookup->key, set->elements.front());
        if (!said) {
            all.push_back(std::move(statement));
            continue;
        }
        if (lookup->is_inverted) {
            invert(said->front());
        }
        std::move(said->begin(), said->end(), std::back_inserter(all));
    }
    rule.statements = std::move(all);
}

// A rule that ends in a look-up of a verdict, as a rule for each; none: it stays.
std::optional<std::vector<NftRule>> write_out_verdicts(const Sets& sets, const NftRule& rule) {
    const auto* const lookup = rule.statements.empty() ? nullptr : std::get_if<NftVerdictLookup>(&rule.statements.back());
    const NftSet* const map = lookup == nullptr ? nullptr : find(sets, lookup->map);
    if (map == nullptr || !may_go(*map) || map->elements.size() > kMostVerdicts || !rule.comment.empty() ||
        !std::all_of(rule.statements.begin(), rule.statements.end() - 1, is_pure)) {
        return std::nullopt;
    }
    std::vector<NftRule> rules;
    for (const NftElement& element : map->elements) {
        std::optional<Statements> said = comparisons(*map, lookup->key, element);
        if (!said || !element.verdict) {
            return std::nullopt;
        }
        NftRule one{.statements = {rule.statements.begin(), rule.statements.end() - 1}, .comment = element.comment};
        std::move(said->begin(), said->end(), std::back_inserter(one.statements));
        if (map->counts) {
            one.statements.emplace_back(NftCounter{});
        }
        one.statements.emplace_back(*element.verdict);
        rules.push_back(std::move(one));
    }
    return rules;
}

void inline_small_sets(NftTable& table) {
    Sets sets;
    for (const NftSet& set : table.sets) {
        sets.emplace(set.name, &set);
    }
    std::unordered_set<std::string> named;
    for (NftChain& chain : table.chains) {
        std::vector<NftRule> rules;
        for (NftRule& rule : chain.rules) {
            write_out_lookups(sets, rule);
            if (std::optional<std::vector<NftRule>> said = write_out_verdicts(sets, rule)) {
                std::move(said->begin(), said->end(), std::back_inserter(rules));
            } else {
                rules.push_back(std::move(rule));
            }
        }
        chain.rules = std::move(rules);
        for (const NftRule& rule : chain.rules) {
            for (const std::string_view name : sets_of(rule)) {
                named.emplace(name);
            }
        }
    }
    table.sets.erase(
        std::remove_if(table.sets.begin(), table.sets.end(), [&](const NftSet& set) { return may_go(set) && !named.contains(set.name); }),
        table.sets.end());
}

}  // namespace

void inline_small_sets(NftImage& image) {
    for (NftTable& table : image.tables) {
        inline_small_sets(table);
    }
}

}  // namespace portcullis
