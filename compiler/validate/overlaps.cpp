// SPDX-License-Identifier: Apache-2.0
// An address belongs to one interface of a VPC, and to one subnet. Look-ups are by (VPC, address), so different VPCs may use the same
// ranges; two whose interfaces share a bridge may not, but which bridge a port is on is known only on the host: here it is a warning.
#include <algorithm>
#include <tuple>
#include <vector>

#include "compiler/validate/parts.h"

namespace portcullis {
namespace {

// A prefix and whose it is, within a zone in which overlaps of different owners count.
template <class Owner>
struct Claim {
    std::string_view zone;
    Prefix prefix;
    const Owner* owner;
};

// Calls report(earlier, later) for claims that overlap. Of a heap of overlapping owners each is reported with at least one other.
template <class Owner, class Report>
void find_overlaps(std::vector<Claim<Owner>> claims, Report report) {
    using C = Claim<Owner>;
    std::stable_sort(claims.begin(), claims.end(),
                     [](const C& a, const C& b) { return std::tie(a.zone, a.prefix) < std::tie(b.zone, b.prefix); });
    // A prefix sorts before those it contains: the stack holds the ones around the claim at hand, all of one owner.
    std::vector<const C*> around;
    for (const C& claim : claims) {
        while (!around.empty() && (around.back()->zone != claim.zone || !around.back()->prefix.contains(claim.prefix))) {
            around.pop_back();
        }
        if (!around.empty() && around.back()->owner != claim.owner) {
            report(*around.back(), claim);
        } else {
            around.push_back(&claim);
        }
    }
}

template <class Owner>
std::string overlap_text(const Claim<Owner>& earlier, const Claim<Owner>& later) {
    return later.prefix.to_string() + " overlaps " + earlier.prefix.to_string() + " of " + quoted(earlier.owner->id) + " in " +
           place(earlier.owner->position);
}

void validate_interfaces(const Model& model, Findings& findings) {
    std::vector<Claim<NetworkInterface>> claims;
    for (const NetworkInterface& interface : model.network_interfaces) {
        for (const Address& address : interface.addresses) {
            claims.push_back({interface.vpc_id, Prefix::host(address), &interface});
        }
        for (const Prefix& prefix : interface.delegated_prefixes) {
            claims.push_back({interface.vpc_id, prefix, &interface});
        }
    }
    find_overlaps(std::move(claims), [&](const auto& earlier, const auto& later) {
        findings.error(later.owner->position, overlap_text(earlier, later) + ", an interface of the same VPC", earlier.owner->position);
    });
}

void validate_subnets(const Model& model, const DeclaredIndex& index, Findings& findings) {
    std::vector<Claim<Subnet>> claims;
    for (const Subnet& subnet : model.subnets) {
        for (const Prefix& cidr : subnet.cidrs) {
            claims.push_back({subnet.vpc_id, cidr, &subnet});
        }
    }
    find_overlaps(std::move(claims), [&](const auto& earlier, const auto& later) {
        const std::string message = overlap_text(earlier, later) + ", a subnet of the same VPC";
        if (index.is_bound(*earlier.owner) || index.is_bound(*later.owner)) {
            findings.error(later.owner->position, message);
        } else {
            findings.warn(later.owner->position, message);
        }
    });
}

void validate_vpcs(const Model& model, const DeclaredIndex& index, Findings& findings) {
    std::vector<Claim<Vpc>> claims;
    for (const Vpc& vpc : model.vpcs) {
        for (const Prefix& cidr : vpc.cidrs) {
            if (index.is_bound(vpc)) {
                claims.push_back({{}, cidr, &vpc});
            }
        }
    }
    find_overlaps(std::move(claims), [&](const auto& earlier, const auto& later) {
        findings.warn(later.owner->position, overlap_text(earlier, later) + "; ports of both must not share a bridge");
    });
}

// The EUI-64 link-local address is made of the MAC, so within a VPC a MAC is as telling as an address.
void validate_macs(const Model& model, const DeclaredIndex& index, Findings& findings) {
    std::vector<const NetworkInterface*> interfaces;
    for (const NetworkInterface& interface : model.network_interfaces) {
        if (interface.mac) {
            interfaces.push_back(&interface);
        }
    }
    // The bound ones of equal MACs come first, so that the pair with a bound one is among the neighbours.
    const auto key = [&](const NetworkInterface* i) { return std::tuple(*i->mac, std::string_view(i->vpc_id), !index.is_bound(*i)); };
    std::stable_sort(interfaces.begin(), interfaces.end(), [&](const auto* a, const auto* b) { return key(a) < key(b); });
    for (std::size_t i = 1; i < interfaces.size(); ++i) {
        const NetworkInterface& earlier = *interfaces[i - 1];
        const NetworkInterface& later = *interfaces[i];
        if (earlier.mac != later.mac) {
            continue;
        }
        const bool is_error = earlier.vpc_id == later.vpc_id && index.is_bound(earlier);
        const std::string message =
            "the MAC " + later.mac->to_string() + " is also that of " + quoted(earlier.id) + " in " + place(earlier.position);
        if (is_error) {
            findings.error(later.position, message, earlier.position);
        } else {
            findings.warn(later.position, message);
        }
    }
}

}  // namespace

void validate_overlaps(const Model& model, const DeclaredIndex& index, Findings& findings) {
    validate_interfaces(model, findings);
    validate_subnets(model, index, findings);
    validate_vpcs(model, index, findings);
    validate_macs(model, index, findings);
}

}  // namespace portcullis
