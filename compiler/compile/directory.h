// SPDX-License-Identifier: Apache-2.0
// The objects of a model by id, in an order that does not depend on that of the documents: position here is the index in the Ruleset.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/model.h"
#include "core/ruleset.h"

namespace portcullis {

// Refers to the objects it was made from.
template <class Object>
class ById {
   public:
    explicit ById(const std::vector<Object>& objects) {
        for (const Object& object : objects) {
            sorted_.push_back(&object);
        }
        std::ranges::stable_sort(sorted_, {}, [](const Object* object) -> std::string_view { return object->id; });
        for (std::size_t i = 0; i < sorted_.size(); ++i) {
            index_.emplace(sorted_[i]->id, static_cast<Index>(i));
        }
    }
    [[nodiscard]] std::optional<Index> index_of(std::string_view id) const {
        const auto found = index_.find(id);
        return found == index_.end() ? std::nullopt : std::optional(found->second);
    }
    [[nodiscard]] const Object* find(std::string_view id) const {
        const auto index = index_of(id);
        return index ? sorted_[*index] : nullptr;
    }
    [[nodiscard]] const Object& operator[](Index index) const { return *sorted_[index]; }
    [[nodiscard]] Index size() const { return static_cast<Index>(sorted_.size()); }
    [[nodiscard]] std::vector<std::string> ids() const {
        std::vector<std::string> ids;
        for (const Object* object : sorted_) {
            ids.push_back(object->id);
        }
        return ids;
    }

   private:
    std::vector<const Object*> sorted_;
    std::unordered_map<std::string_view, Index> index_;
};

struct Directory {
    explicit Directory(const Model& model);
    ById<Vpc> zones;
    ById<Subnet> subnets;
    ById<SecurityGroup> groups;
    ById<NetworkAcl> acls;
    ById<PrefixList> prefix_lists;
    ById<NetworkInterface> interfaces;
    // What the documents say of the port of an interface, by interface; none where they name no port. Where documents contradict
    // themselves, the claim whose device sorts first.
    std::vector<const PortClaim*> claims;
};

// The groups of an interface that exist, each once, as the documents order them.
[[nodiscard]] std::vector<Index> groups_of(const Directory& directory, const NetworkInterface& interface);

// Addresses (as host prefixes), delegated prefixes and `AllowedAddresses` of an interface, sorted, each once; not its link-local address.
[[nodiscard]] std::vector<Prefix> prefixes_of(const Directory& directory, Index interface);

}  // namespace portcullis
