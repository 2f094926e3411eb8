// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_references.h"

namespace portcullis {
namespace {

class SetNames {
   public:
    void operator()(const NftCompare& one) { add(one.load); }
    void operator()(const NftRange& one) { add(one.load); }
    void operator()(const NftLookup& one) { add(one.key, one.set); }
    void operator()(const NftVerdictLookup& one) { add(one.key, one.map); }
    void operator()(const NftUpdate& one) { add(one.key, one.set); }
    void operator()(const NftMapUpdate& one) {
        add(one.data);
        add(one.key, one.map);
    }
    void operator()(const NftSetMark&) {}
    void operator()(const NftLimit&) {}
    void operator()(const NftCounter&) {}
    void operator()(const NftVerdict&) {}
    std::vector<std::string_view> names;

   private:
    void add(const std::vector<NftLoad>& key, std::string_view set) {
        names.push_back(set);
        for (const NftLoad& field : key) {
            add(field);
        }
    }
    void add(const NftLoad& load) {
        if (load.kind == NftLoad::Kind::Map) {
            add(load.key, load.map);
        }
    }
};

}  // namespace

std::vector<std::string_view> sets_of(const NftRule& rule) {
    SetNames found;
    for (const NftStatement& statement : rule.statements) {
        std::visit(found, statement);
    }
    return std::move(found.names);
}

std::vector<std::string_view> chains_of(const NftRule& rule) {
    std::vector<std::string_view> chains;
    for (const NftStatement& statement : rule.statements) {
        if (const auto* verdict = std::get_if<NftVerdict>(&statement); verdict != nullptr && !verdict->chain.empty()) {
            chains.emplace_back(verdict->chain);
        }
    }
    return chains;
}

}  // namespace portcullis
