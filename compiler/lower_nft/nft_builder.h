// SPDX-License-Identifier: Apache-2.0
// Collects the objects of one table while a ruleset is lowered. What is the same twice is there once: chains and sets are named by a stem
// and a digest of their content, so that ports with equal rules share them, and an unchanged one has the same name in every generation.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "core/verdict.h"

namespace portcullis {

class NftBuilder {
   public:
    NftBuilder(NftFamily family, std::string name) : family_(family), name_(std::move(name)) {}

    // The name of a chain with just these rules: "STEM-DIGEST".
    [[nodiscard]] std::string chain(std::string_view stem, std::vector<NftRule> rules);
    // The name of a set or map like `set`, whose name is taken as the stem. Not for dynamic ones. Elements need not be sorted.
    [[nodiscard]] std::string set(NftSet set);

    // Objects under the name they have: base chains, the chains of a device, dynamic sets. Adding the same again is in order; another one
    // under that name ends the process (a mistake of the caller).
    void add_chain(NftChain chain);
    void add_set(NftSet set);

    // An element of a verdict map or another set of interfaces that keeps its name whatever is in it: `shape` says the name and what it is
    // like, and is the same each time. An element that is there already is the same.
    void add_element(const NftSet& shape, NftElement element);

    // The name that `make` gave for the key the first time: what many ports share is lowered once. A key says all that `make` depends on.
    [[nodiscard]] std::string once(const std::string& key, const std::function<std::string()>& make);
    // The same for a set under the name it has.
    [[nodiscard]] std::string once_set(const std::string& key, const std::function<NftSet()>& make);
    // The same for rules that stand in several chains. Valid as long as the builder.
    [[nodiscard]] const std::vector<NftRule>& once_rules(const std::string& key, const std::function<std::vector<NftRule>()>& make);

    // Goto a chain that counts the packet for the port (by iif outbound, oif inbound) and drops it, or lets it pass (`pass`).
    // The counts are in dynamic sets "count-out-REASON", "count-in-REASON", keyed by interface number.
    [[nodiscard]] NftVerdict drop(Direction direction, Reason reason);
    [[nodiscard]] NftVerdict pass(Direction direction);

    [[nodiscard]] NftTable take() &&;

   private:
    [[nodiscard]] NftVerdict end(Direction direction, Reason reason);
    NftFamily family_;
    std::string name_;
    std::unordered_map<std::string, NftSet> sets_;
    struct Gathered {
        NftSet shape;
        std::map<NftBytes, NftElement> elements;
    };
    std::unordered_map<std::string, Gathered> gathered_;  // of add_element()
    std::unordered_map<std::string, NftChain> chains_;
    std::unordered_map<std::string, std::string> made_;  // of once()
    std::unordered_map<std::string, std::vector<NftRule>> made_rules_;
};

// Name of the set that counts for the reason.
[[nodiscard]] std::string nft_count_set(Direction direction, Reason reason);

}  // namespace portcullis
