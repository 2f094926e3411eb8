// SPDX-License-Identifier: Apache-2.0
// What the evaluator asks of a model: things by id, and whose an address is. Ids are hashed so that tests over many models stay quick;
// addresses are looked for by going through all of them. Called by the other evaluate*.cpp and by explain*.cpp.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "core/model.h"

namespace portcullis {

class ModelIndex {
   public:
    // Pre: the model outlives the index.
    explicit ModelIndex(const Model& model);

    // None where the model has no such thing.
    [[nodiscard]] const NetworkInterface* interface(std::string_view id) const;
    [[nodiscard]] const SecurityGroup* group(std::string_view id) const;
    [[nodiscard]] const PrefixList* prefix_list(std::string_view id) const;
    [[nodiscard]] const Vpc* vpc(std::string_view id) const;
    [[nodiscard]] const Subnet* subnet(std::string_view id) const;
    [[nodiscard]] bool is_bound(const NetworkInterface& interface) const { return bound_.contains(interface.id); }

    // The interface that has the address, by docs/semantics.md 6.7 in that VPC; its link-local address is not asked for. The longest of
    // the prefixes that hold it decides.
    [[nodiscard]] const NetworkInterface* owner(std::string_view vpc_id, const Address& address) const;
    // 8.1: whether the address lies in the subnet of the interface, were it that of an interface when it is one's.
    [[nodiscard]] bool is_in_subnet_of(const NetworkInterface& interface, const Address& address) const;
    // 8.3. None: the model has none for that subnet, so everything is denied. Pre: model().has_network_acls.
    [[nodiscard]] const NetworkAcl* acl_of(const NetworkInterface& interface) const;

    [[nodiscard]] const Model& model() const { return *model_; }

   private:
    template <class Thing>
    using ById = std::unordered_map<std::string_view, const Thing*>;
    const Model* model_;
    ById<NetworkInterface> interfaces_;
    ById<SecurityGroup> groups_;
    ById<PrefixList> prefix_lists_;
    ById<Vpc> vpcs_;
    ById<Subnet> subnets_;
    std::unordered_set<std::string_view> bound_;
};

// 4.2: primary, secondary and IPv6 addresses, delegated prefixes, the EUI-64 link-local address of the MAC.
[[nodiscard]] bool is_own_address(const NetworkInterface& interface, const Address& address);
// fe80::/10.
[[nodiscard]] bool is_link_local(const Address& address);

}  // namespace portcullis
