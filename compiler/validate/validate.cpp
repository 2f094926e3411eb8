// SPDX-License-Identifier: Apache-2.0
#include "compiler/validate/validate.h"

#include "compiler/validate/parts.h"

namespace portcullis {
namespace {

template <class T, class Map>
void add_all(const std::vector<T>& objects, Map& map) {
    for (const T& object : objects) {
        map.try_emplace(object.id, &object);
    }
}

}  // namespace

DeclaredIndex::DeclaredIndex(const Model& model) {
    add_all(model.vpcs, vpcs_);
    add_all(model.subnets, subnets_);
    add_all(model.security_groups, groups_);
    add_all(model.prefix_lists, lists_);
    add_all(model.network_interfaces, interfaces_);
    for (const PortClaim& port : model.ports) {
        if (const NetworkInterface* bound = interface(port.network_interface_id)) {
            bound_interfaces_.insert(bound->id);
            bound_subnets_.insert(bound->subnet_id);
            bound_vpcs_.insert(bound->vpc_id);
        }
    }
}

std::vector<Finding> validate(const Model& model) {
    Findings findings;
    const DeclaredIndex index(model);
    validate_limits(model, findings);
    validate_references(model, index, findings);
    validate_network_acls(model, index, findings);
    validate_overlaps(model, index, findings);
    validate_host(model, index, findings);
    return std::move(findings).take();
}

}  // namespace portcullis
