// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate_model.h"

#include <algorithm>

namespace portcullis {
namespace {

template <class Thing>
std::unordered_map<std::string_view, const Thing*> by_id(const std::vector<Thing>& things) {
    std::unordered_map<std::string_view, const Thing*> index;
    for (const Thing& thing : things) {
        index.emplace(thing.id, &thing);
    }
    return index;
}

template <class Thing>
const Thing* find(const std::unordered_map<std::string_view, const Thing*>& index, std::string_view id) {
    const auto found = index.find(id);
    return found == index.end() ? nullptr : found->second;
}

// Length of the longest of the prefixes that hold the address; -1: none does.
int longest_match(const std::vector<Prefix>& prefixes, const Address& address) {
    int longest = -1;
    for (const Prefix& prefix : prefixes) {
        if (prefix.contains(address)) {
            longest = std::max<int>(longest, prefix.length);
        }
    }
    return longest;
}

int longest_match(const NetworkInterface& interface, const Address& address) {
    if (std::find(interface.addresses.begin(), interface.addresses.end(), address) != interface.addresses.end()) {
        return address_bits(address.family);
    }
    return longest_match(interface.delegated_prefixes, address);
}

bool has_link_local(const NetworkInterface& interface, const Address& address) {
    return interface.mac.has_value() && interface.mac->link_local() == address;
}

}  // namespace

ModelIndex::ModelIndex(const Model& model)
    : model_(&model),
      interfaces_(by_id(model.network_interfaces)),
      groups_(by_id(model.security_groups)),
      prefix_lists_(by_id(model.prefix_lists)),
      vpcs_(by_id(model.vpcs)),
      subnets_(by_id(model.subnets)) {
    for (const PortClaim& claim : model.ports) {
        bound_.insert(claim.network_interface_id);
    }
}

const NetworkInterface* ModelIndex::interface(std::string_view id) const { return find(interfaces_, id); }
const SecurityGroup* ModelIndex::group(std::string_view id) const { return find(groups_, id); }
const PrefixList* ModelIndex::prefix_list(std::string_view id) const { return find(prefix_lists_, id); }
const Vpc* ModelIndex::vpc(std::string_view id) const { return find(vpcs_, id); }
const Subnet* ModelIndex::subnet(std::string_view id) const { return find(subnets_, id); }

const NetworkInterface* ModelIndex::owner(std::string_view vpc_id, const Address& address) const {
    const NetworkInterface* owner = nullptr;
    int longest = -1;
    for (const NetworkInterface& interface : model_->network_interfaces) {
        if (interface.vpc_id != vpc_id) {
            continue;
        }
        if (const int length = longest_match(interface, address); length > longest) {
            longest = length;
            owner = &interface;
        }
    }
    return owner;
}

bool ModelIndex::is_in_subnet_of(const NetworkInterface& interface, const Address& address) const {
    if (is_link_local(address)) {
        return std::any_of(model_->network_interfaces.begin(), model_->network_interfaces.end(), [&](const NetworkInterface& other) {
            return other.vpc_id == interface.vpc_id && other.subnet_id == interface.subnet_id && has_link_local(other, address);
        });
    }
    if (const NetworkInterface* const other = owner(interface.vpc_id, address)) {
        return other->subnet_id == interface.subnet_id;
    }
    const Subnet* nearest = nullptr;
    int longest = -1;
    for (const Subnet& candidate : model_->subnets) {
        const int length = candidate.vpc_id == interface.vpc_id ? longest_match(candidate.cidrs, address) : -1;
        if (length > longest) {
            longest = length;
            nearest = &candidate;
        }
    }
    return nearest != nullptr && nearest->id == interface.subnet_id;
}

const NetworkAcl* ModelIndex::acl_of(const NetworkInterface& interface) const {
    const NetworkAcl* of_vpc = nullptr;
    for (const NetworkAcl& acl : model_->network_acls) {
        if (std::find(acl.subnet_ids.begin(), acl.subnet_ids.end(), interface.subnet_id) != acl.subnet_ids.end()) {
            return &acl;
        }
        if (acl.is_default && acl.vpc_id == interface.vpc_id) {
            of_vpc = &acl;
        }
    }
    return of_vpc;
}

bool is_own_address(const NetworkInterface& interface, const Address& address) {
    return longest_match(interface, address) >= 0 || has_link_local(interface, address);
}

bool is_link_local(const Address& address) {
    return address.family == Family::Ipv6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

}  // namespace portcullis
