// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/model.h"

#include <algorithm>
#include <utility>

#include "compiler/evaluate/packet.h"

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
    if (std::ranges::find(interface.addresses, address) != interface.addresses.end()) {
        return address_bits(address.family);
    }
    return longest_match(interface.delegated_prefixes, address);
}

int longest_match(const std::vector<AllowedAddress>& allowed, const Address& address) {
    int longest = -1;
    for (const AllowedAddress& entry : allowed) {
        if (entry.prefix.contains(address)) {
            longest = std::max<int>(longest, entry.prefix.length);
        }
    }
    return longest;
}

}  // namespace

ModelIndex::ModelIndex(const Model& model, Place place)
    : model_(&model),
      place_(std::move(place)),
      interfaces_(by_id(model.network_interfaces)),
      groups_(by_id(model.security_groups)),
      prefix_lists_(by_id(model.prefix_lists)),
      vpcs_(by_id(model.vpcs)),
      subnets_(by_id(model.subnets)) {
    for (const PortClaim& claim : model.ports) {
        claims_.emplace(claim.network_interface_id, &claim);
    }
}

const NetworkInterface* ModelIndex::interface(std::string_view id) const { return find(interfaces_, id); }
const SecurityGroup* ModelIndex::group(std::string_view id) const { return find(groups_, id); }
const PrefixList* ModelIndex::prefix_list(std::string_view id) const { return find(prefix_lists_, id); }
const Vpc* ModelIndex::vpc(std::string_view id) const { return find(vpcs_, id); }
const Subnet* ModelIndex::subnet(std::string_view id) const { return find(subnets_, id); }

const PortClaim& ModelIndex::port_claim(const NetworkInterface& interface) const {
    static const PortClaim defaults;
    const PortClaim* const claim = find(claims_, interface.id);
    return claim != nullptr ? *claim : defaults;
}

bool ModelIndex::has_address(const NetworkInterface& interface, const Address& address) const {
    return longest_match(interface, address) >= 0 || longest_match(port_claim(interface).allowed_addresses, address) >= 0;
}

std::vector<const NetworkInterface*> ModelIndex::owners(std::string_view vpc_id, const Address& address) const {
    std::vector<const NetworkInterface*> owners;
    if (is_link_local(address)) {
        return owners;
    }
    int longest = 0;
    for (const NetworkInterface& interface : model_->network_interfaces) {
        if (interface.vpc_id != vpc_id) {
            continue;
        }
        const int length = std::max(longest_match(interface, address), longest_match(port_claim(interface).allowed_addresses, address));
        if (length < longest) {
            continue;
        }
        if (length > longest) {
            owners.clear();
            longest = length;
        }
        owners.push_back(&interface);
    }
    return owners;
}

bool ModelIndex::is_of_any_interface(const Address& address) const {
    return std::ranges::any_of(model_->network_interfaces, [&](const NetworkInterface& interface) {
        return has_address(interface, address) || has_eui64(interface, address);
    });
}

const Subnet* ModelIndex::subnet_around(std::string_view vpc_id, const Address& address) const {
    const Subnet* nearest = nullptr;
    int longest = -1;
    for (const Subnet& candidate : model_->subnets) {
        const int length = candidate.vpc_id == vpc_id ? longest_match(candidate.cidrs, address) : -1;
        if (length > longest) {
            longest = length;
            nearest = &candidate;
        }
    }
    return nearest;
}

const NetworkAcl* ModelIndex::acl_of(const NetworkInterface& interface) const {
    const NetworkAcl* of_vpc = nullptr;
    for (const NetworkAcl& acl : model_->network_acls) {
        if (std::ranges::find(acl.subnet_ids, interface.subnet_id) != acl.subnet_ids.end()) {
            return &acl;
        }
        if (acl.is_default && acl.vpc_id == interface.vpc_id) {
            of_vpc = &acl;
        }
    }
    return of_vpc;
}

bool ModelIndex::is_of_host(const Address& address) const {
    return std::ranges::find(place_.host.addresses, address) != place_.host.addresses.end();
}

bool is_own_address(const NetworkInterface& interface, const Address& address) {
    return longest_match(interface, address) >= 0 || has_eui64(interface, address);
}

bool has_eui64(const NetworkInterface& interface, const Address& address) {
    return interface.mac.has_value() && interface.mac->link_local() == address;
}

bool is_in_any(const std::vector<Prefix>& prefixes, const Address& address) { return longest_match(prefixes, address) >= 0; }

}  // namespace portcullis
