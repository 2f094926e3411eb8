// SPDX-License-Identifier: Apache-2.0
// How much a model may hold. The limits keep below the capacities of the kernel's maps, so that what is accepted here can be numbered
// there.
#include "compiler/validate/parts.h"

namespace portcullis {
namespace {

constexpr std::size_t kMostVpcs = 4'000;
constexpr std::size_t kMostSubnets = 50'000;
constexpr std::size_t kMostGroups = 50'000;
constexpr std::size_t kMostInterfaces = 50'000;
constexpr std::size_t kMostRules = 1'000'000;
constexpr std::size_t kMostPrefixListEntries = 1'000'000;
constexpr std::size_t kMostPorts = 1'024;
constexpr std::size_t kMostGroupsPerInterface = 16;

struct Count {
    std::size_t counted;
    std::size_t limit;
    std::string_view what;
};

void check(const Count& count, const Position& position, Findings& findings) {
    if (count.counted > count.limit) {
        findings.error(position, std::to_string(count.counted) + " " + std::string(count.what) + " are more than the limit of " +
                                     std::to_string(count.limit));
    }
}

// The whole model has no place of its own: the finding points at the object with which the limit is passed.
template <class T>
void check_objects(const std::vector<T>& objects, std::size_t limit, std::string_view what, Findings& findings) {
    if (objects.size() > limit) {
        check({objects.size(), limit, what}, objects[limit].position, findings);
    }
}

// Adds up a size of every object and points at the first with which the limit is passed.
class Sum {
   public:
    Sum(std::size_t limit, std::string_view what) : count_{0, limit, what} {}
    void add(std::size_t number, const Position& position) {
        count_.counted += number;
        if (count_.counted > count_.limit && passed_at_ == nullptr) {
            passed_at_ = &position;
        }
    }
    void check_in(Findings& findings) const {
        if (passed_at_ != nullptr) {
            check(count_, *passed_at_, findings);
        }
    }

   private:
    Count count_;
    const Position* passed_at_ = nullptr;
};

}  // namespace

void validate_limits(const Model& model, Findings& findings) {
    check_objects(model.vpcs, kMostVpcs, "VPCs", findings);
    check_objects(model.subnets, kMostSubnets, "subnets", findings);
    check_objects(model.security_groups, kMostGroups, "security groups", findings);
    check_objects(model.network_interfaces, kMostInterfaces, "network interfaces", findings);
    check_objects(model.ports, kMostPorts, "ports of one host", findings);
    Sum rules(kMostRules, "rules and ACL entries");
    for (const SecurityGroup& group : model.security_groups) {
        rules.add(group.rules[0].size() + group.rules[1].size(), group.position);
    }
    for (const NetworkAcl& acl : model.network_acls) {
        rules.add(acl.entries[0].size() + acl.entries[1].size(), acl.position);
    }
    rules.check_in(findings);
    Sum entries(kMostPrefixListEntries, "prefix list entries");
    for (const PrefixList& list : model.prefix_lists) {
        entries.add(list.cidrs.size(), list.position);
    }
    entries.check_in(findings);
    for (const NetworkInterface& interface : model.network_interfaces) {
        check({interface.group_ids.size(), kMostGroupsPerInterface, "groups of one interface"}, interface.position, findings);
    }
}

}  // namespace portcullis
