// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_diff.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "compiler/lower_nft/nft_references.h"
#include "fallback/nft_chain_order.h"

namespace portcullis {
namespace {

// Walks two sequences that are sorted by `key`: `only_old`, `only_new` or `both` for each key.
template <class T, class Key, class OnlyOld, class OnlyNew, class Both>
void merge(const std::vector<T>& had, const std::vector<T>& wanted, Key key, OnlyOld only_old, OnlyNew only_new, Both both) {
    auto old = had.begin();
    auto now = wanted.begin();
    while (old != had.end() || now != wanted.end()) {
        if (now == wanted.end() || (old != had.end() && key(*old) < key(*now))) {
            only_old(*old++);
        } else if (old == had.end() || key(*now) < key(*old)) {
            only_new(*now++);
        } else {
            both(*old++, *now++);
        }
    }
}

const NftBytes& key_of(const NftElement& element) { return element.from; }

template <class Object>
const std::string& name_of_object(const Object& object) {
    return object.name;
}

NftSetDelta elements_between(const NftSet& had, const NftSet& wanted) {
    NftSetDelta delta{.set = &wanted, .gone = {}, .fresh = {}};
    if (wanted.is_dynamic) {
        return delta;  // they are the packets'
    }
    merge(
        had.elements, wanted.elements, key_of, [&](const NftElement& old) { delta.gone.push_back(&old); },
        [&](const NftElement& now) { delta.fresh.push_back(&now); },
        [&](const NftElement& old, const NftElement& now) {
            if (!(old == now)) {
                delta.gone.push_back(&old);
                delta.fresh.push_back(&now);
            }
        });
    return delta;
}

// The kernel finds a set by walking the list of its table's, in the order in which they came: what rules name most often comes first.
std::vector<const NftSet*> most_named_first(const NftTable& wanted, std::vector<const NftSet*> sets) {
    std::unordered_map<std::string_view, std::size_t> named;
    for (const NftChain& chain : wanted.chains) {
        for (const NftRule& rule : chain.rules) {
            for (const std::string_view name : sets_of(rule)) {
                ++named[name];
            }
        }
    }
    std::stable_sort(sets.begin(), sets.end(), [&](const NftSet* a, const NftSet* b) { return named[a->name] > named[b->name]; });
    return sets;
}

// One table that is in both images.
class TableDiff {
   public:
    TableDiff(const NftTable& had, const NftTable& wanted) {
        diff_.had = &had;
        diff_.wanted = &wanted;
    }

    NftTableDiff run() && {
        diff_sets();
        diff_chains();
        diff_.filled = callers_first(*diff_.wanted, std::move(diff_.filled));
        diff_.new_sets = most_named_first(*diff_.wanted, std::move(diff_.new_sets));
        return std::move(diff_);
    }

   private:
    void remove(const NftSet& set) {
        diff_.gone_sets.push_back(&set);
        if (set.kind == NftSet::Kind::VerdictMap && !set.elements.empty()) {
            diff_.drained.push_back(&set);
        }
    }

    void diff_sets() {
        merge(
            diff_.had->sets, diff_.wanted->sets, name_of_object<NftSet>, [&](const NftSet& old) { remove(old); },
            [&](const NftSet& now) { diff_.new_sets.push_back(&now); },
            [&](const NftSet& old, const NftSet& now) {
                if (!has_same_shape(old, now)) {
                    remove(old);
                    diff_.new_sets.push_back(&now);
                    reshaped_.insert(now.name);
                } else if (NftSetDelta delta = elements_between(old, now); !delta.gone.empty() || !delta.fresh.empty()) {
                    diff_.deltas.push_back(std::move(delta));
                }
            });
    }

    void remove(const NftChain& chain) {
        diff_.gone_chains.push_back(&chain);
        if (!chain.rules.empty()) {
            diff_.emptied.push_back(&chain);
        }
    }

    void add(const NftChain& chain) {
        diff_.new_chains.push_back(&chain);
        if (!chain.rules.empty()) {
            diff_.filled.push_back(&chain);
        }
    }

    // A set of another shape is another set, so the rules that name it have to let go of it.
    bool names_reshaped(const NftChain& chain) const {
        return !reshaped_.empty() && std::any_of(chain.rules.begin(), chain.rules.end(), [&](const NftRule& rule) {
            const auto names = sets_of(rule);
            return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return reshaped_.contains(name); });
        });
    }

    void diff_chains() {
        merge(
            diff_.had->chains, diff_.wanted->chains, name_of_object<NftChain>, [&](const NftChain& old) { remove(old); },
            [&](const NftChain& now) { add(now); },
            [&](const NftChain& old, const NftChain& now) {
                if (!(old.hook == now.hook)) {
                    remove(old);
                    add(now);
                } else if (!(old.rules == now.rules) || names_reshaped(now)) {
                    if (!old.rules.empty()) {
                        diff_.emptied.push_back(&old);
                    }
                    diff_.filled.push_back(&now);
                }
            });
    }

    NftTableDiff diff_;
    std::unordered_set<std::string_view> reshaped_;
};

// All of a table that is not there.
NftTableDiff whole(const NftTable& wanted) {
    NftTableDiff diff;
    diff.wanted = &wanted;
    for (const NftSet& set : wanted.sets) {
        diff.new_sets.push_back(&set);
    }
    for (const NftChain& chain : wanted.chains) {
        diff.new_chains.push_back(&chain);
        if (!chain.rules.empty()) {
            diff.filled.push_back(&chain);
        }
    }
    diff.filled = callers_first(wanted, std::move(diff.filled));
    diff.new_sets = most_named_first(wanted, std::move(diff.new_sets));
    return diff;
}

}  // namespace

bool has_same_shape(const NftSet& a, const NftSet& b) {
    return a.kind == b.kind && a.key == b.key && (a.kind != NftSet::Kind::DataMap || a.data == b.data) && a.is_interval == b.is_interval &&
           a.is_dynamic == b.is_dynamic && a.timeout_ms == b.timeout_ms && a.has_timeout == b.has_timeout && a.size == b.size &&
           a.counts == b.counts;
}

bool NftTableDiff::is_empty() const {
    return had != nullptr && wanted != nullptr && emptied.empty() && drained.empty() && deltas.empty() && gone_chains.empty() &&
           gone_sets.empty() && new_sets.empty() && new_chains.empty() && filled.empty();
}

std::vector<NftTableDiff> diff_images(const NftImage& had, const NftImage& wanted) {
    std::vector<NftTableDiff> diffs;
    const auto key = [](const NftTable& table) { return std::pair(table.family, std::string_view(table.name)); };
    merge(
        had.tables, wanted.tables, key, [&](const NftTable& old) { diffs.push_back({.had = &old}); },
        [&](const NftTable& now) { diffs.push_back(whole(now)); },
        [&](const NftTable& old, const NftTable& now) {
            if (NftTableDiff diff = TableDiff(old, now).run(); !diff.is_empty()) {
                diffs.push_back(std::move(diff));
            }
        });
    return diffs;
}

std::size_t count_writes(const std::vector<NftTableDiff>& diffs) {
    std::size_t writes = 0;
    for (const NftTableDiff& diff : diffs) {
        writes += diff.had == nullptr || diff.wanted == nullptr ? 1 : 0;
        writes += diff.emptied.size() + diff.drained.size() + diff.gone_chains.size() + diff.gone_sets.size() + diff.new_sets.size() +
                  diff.new_chains.size();
        for (const NftSetDelta& delta : diff.deltas) {
            writes += delta.gone.size() + delta.fresh.size();
        }
        for (const NftSet* set : diff.new_sets) {
            writes += set->elements.size();
        }
        for (const NftChain* chain : diff.filled) {
            writes += chain->rules.size();
        }
    }
    return writes;
}

}  // namespace portcullis
