// SPDX-License-Identifier: Apache-2.0
// The parts of validate(): one function per kind of check, each in the file of its name. None of them scans pairs: they sort or hash.
#pragma once

#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "compiler/parse/findings.h"
#include "core/model.h"

namespace portcullis {

// Look-ups by id, into the model, which outlives them.
class DeclaredIndex {
   public:
    explicit DeclaredIndex(const Model& model);
    [[nodiscard]] const Vpc* vpc(std::string_view id) const { return find(vpcs_, id); }
    [[nodiscard]] const Subnet* subnet(std::string_view id) const { return find(subnets_, id); }
    [[nodiscard]] const SecurityGroup* group(std::string_view id) const { return find(groups_, id); }
    [[nodiscard]] const PrefixList* prefix_list(std::string_view id) const { return find(lists_, id); }
    [[nodiscard]] const NetworkInterface* interface(std::string_view id) const { return find(interfaces_, id); }
    // Whether a port names the interface, or an interface of the subnet or the VPC. A device may also be bound by its kernel alias, which
    // the documents do not know: what is an error for a bound interface is a warning for the others, and the compiler closes what is left.
    [[nodiscard]] bool is_bound(const NetworkInterface& interface) const { return bound_interfaces_.contains(interface.id); }
    [[nodiscard]] bool is_bound(const Subnet& subnet) const { return bound_subnets_.contains(subnet.id); }
    [[nodiscard]] bool is_bound(const Vpc& vpc) const { return bound_vpcs_.contains(vpc.id); }

   private:
    template <class T>
    using ById = std::unordered_map<std::string_view, const T*>;
    template <class T>
    static const T* find(const ById<T>& objects, std::string_view id) {
        const auto it = objects.find(id);
        return it == objects.end() ? nullptr : it->second;
    }
    ById<Vpc> vpcs_;
    ById<Subnet> subnets_;
    ById<SecurityGroup> groups_;
    ById<PrefixList> lists_;
    ById<NetworkInterface> interfaces_;
    std::unordered_set<std::string_view> bound_interfaces_;
    std::unordered_set<std::string_view> bound_subnets_;
    std::unordered_set<std::string_view> bound_vpcs_;
};

void validate_limits(const Model& model, Findings& findings);
void validate_references(const Model& model, const DeclaredIndex& index, Findings& findings);
void validate_network_acls(const Model& model, const DeclaredIndex& index, Findings& findings);
void validate_overlaps(const Model& model, const DeclaredIndex& index, Findings& findings);
void validate_host(const Model& model, const DeclaredIndex& index, Findings& findings);

}  // namespace portcullis
