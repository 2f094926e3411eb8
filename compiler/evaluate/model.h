// SPDX-License-Identifier: Apache-2.0
// What the evaluator asks of a model and of the host: things by id, and whose an address is. Ids are hashed so that tests over many models
// stay quick; addresses are looked for by going through all of them. Called by the other evaluate*.cpp and by explain*.cpp.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/evaluate/evaluate.h"
#include "core/model.h"

namespace portcullis {

class ModelIndex {
   public:
    // Pre: the model outlives the index.
    explicit ModelIndex(const Model& model, Place place = {});

    // None where the model has no such thing.
    [[nodiscard]] const NetworkInterface* interface(std::string_view id) const;
    [[nodiscard]] const SecurityGroup* group(std::string_view id) const;
    [[nodiscard]] const PrefixList* prefix_list(std::string_view id) const;
    [[nodiscard]] const Vpc* vpc(std::string_view id) const;
    [[nodiscard]] const Subnet* subnet(std::string_view id) const;
    [[nodiscard]] bool is_bound(const NetworkInterface& interface) const {
        return place_.bound ? place_.bound->contains(interface.id) : claims_.contains(interface.id);
    }
    // What the documents say of the port of the interface; the defaults where they say nothing.
    [[nodiscard]] const PortClaim& port_claim(const NetworkInterface& interface) const;

    // Whether one of the addresses of 6.4 is that: AllowedAddresses count, link-local ones do not unless they are listed.
    [[nodiscard]] bool has_address(const NetworkInterface& interface, const Address& address) const;
    // The interfaces that have the address, by docs/semantics.md 6.7 in that VPC; link-local addresses are nobody's. The longest of the
    // prefixes that hold it decides; there are several where they share it (AllowedAddresses).
    [[nodiscard]] std::vector<const NetworkInterface*> owners(std::string_view vpc_id, const Address& address) const;
    // 13.2: whether any interface of the model has the address, the EUI-64 ones among them.
    [[nodiscard]] bool is_of_any_interface(const Address& address) const;
    // 8.1: the subnet whose block holds the address; the longest block decides.
    [[nodiscard]] const Subnet* subnet_around(std::string_view vpc_id, const Address& address) const;
    // 8.3. None: the model has none for that subnet, so everything is denied. Pre: model().has_network_acls.
    [[nodiscard]] const NetworkAcl* acl_of(const NetworkInterface& interface) const;

    [[nodiscard]] const Model& model() const { return *model_; }
    [[nodiscard]] const Place& place() const { return place_; }
    [[nodiscard]] bool is_of_host(const Address& address) const;

   private:
    template <class Thing>
    using ById = std::unordered_map<std::string_view, const Thing*>;
    const Model* model_;
    Place place_;
    ById<NetworkInterface> interfaces_;
    ById<SecurityGroup> groups_;
    ById<PrefixList> prefix_lists_;
    ById<Vpc> vpcs_;
    ById<Subnet> subnets_;
    std::unordered_map<std::string_view, const PortClaim*> claims_;
};

// What an interface has by EC2's documents alone: primary, secondary and IPv6 addresses, delegated prefixes, the EUI-64 link-local address
// of the MAC.
[[nodiscard]] bool is_own_address(const NetworkInterface& interface, const Address& address);
[[nodiscard]] bool has_eui64(const NetworkInterface& interface, const Address& address);
[[nodiscard]] bool is_in_any(const std::vector<Prefix>& prefixes, const Address& address);

}  // namespace portcullis
