// SPDX-License-Identifier: Apache-2.0
// A subnet has one ACL: the one associated with it, else its VPC's default. An entry is told by direction, family and number.
#include <algorithm>
#include <map>
#include <tuple>

#include "compiler/validate/parts.h"

namespace portcullis {
namespace {

// Which ACL claims what, by id. The second that claims the same is an error.
class Claims {
   public:
    Claims(std::string_view what, Findings& findings) : what_(what), findings_(findings) {}
    void add(std::string_view id, const NetworkAcl& acl) {
        const auto [it, is_first] = acls_.try_emplace(id, &acl);
        if (!is_first && it->second != &acl) {
            findings_.error(acl.position, std::string(what_) + " " + quoted(id) + " has another ACL in " + place(it->second->position));
        }
    }
    [[nodiscard]] bool contain(std::string_view id) const { return acls_.contains(id); }

   private:
    std::string_view what_;
    Findings& findings_;
    std::unordered_map<std::string_view, const NetworkAcl*> acls_;
};

// Entries with equal contents have been merged, so two of one number differ.
void validate_entries(const std::vector<NetworkAclEntry>& entries, Findings& findings) {
    std::map<std::pair<Family, std::uint16_t>, const NetworkAclEntry*> seen;
    for (const NetworkAclEntry& entry : entries) {
        const auto [it, is_first] = seen.try_emplace({entry.cidr.family(), entry.number}, &entry);
        if (!is_first) {
            findings.error(entry.position, "rule number " + std::to_string(entry.number) +
                                               " stands in its direction and family already, with other contents, in " +
                                               place(it->second->position));
        }
    }
}

void validate_associations(const NetworkAcl& acl, const DeclaredIndex& index, Claims& subnets, Findings& findings) {
    for (const std::string& subnet_id : acl.subnet_ids) {
        subnets.add(subnet_id, acl);
        const Subnet* subnet = index.subnet(subnet_id);
        if (subnet != nullptr && subnet->vpc_id != acl.vpc_id) {
            findings.error(acl.position, "the subnet " + quoted(subnet_id) + " is in another VPC, " + quoted(subnet->vpc_id));
        }
    }
}

}  // namespace

void validate_network_acls(const Model& model, const DeclaredIndex& index, Findings& findings) {
    Claims subnets("the subnet", findings);
    Claims defaults("the default of VPC", findings);
    for (const NetworkAcl& acl : model.network_acls) {
        for (const auto& entries : acl.entries) {
            validate_entries(entries, findings);
        }
        if (acl.is_default) {
            defaults.add(acl.vpc_id, acl);
        }
        validate_associations(acl, index, subnets, findings);
    }
    for (const Subnet& subnet : model.subnets) {
        const bool has_acl = subnets.contain(subnet.id) || defaults.contain(subnet.vpc_id);
        if (model.has_network_acls && !has_acl && index.is_bound(subnet)) {
            findings.error(subnet.position,
                           "neither an ACL of the subnet nor a default one of its VPC is given, and the model uses NetworkAcls");
        }
    }
}

}  // namespace portcullis
