// SPDX-License-Identifier: Apache-2.0
#include "compiler/explain/ends.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace portcullis {
namespace {

// What one text may mean.
struct Candidates {
    std::string text;
    std::optional<Address> address;  // the text is one
    std::vector<const NetworkInterface*> interfaces;
};

std::vector<const NetworkInterface*> holders(const ModelIndex& index, const Address& address) {
    std::vector<const NetworkInterface*> found;
    std::set<std::string> vpcs;
    for (const NetworkInterface& interface : index.model().network_interfaces) {
        if (vpcs.insert(interface.vpc_id).second) {
            const std::vector<const NetworkInterface*> owners = index.owners(interface.vpc_id, address);
            found.insert(found.end(), owners.begin(), owners.end());
        }
    }
    return found;
}

void keep_vpc(std::vector<const NetworkInterface*>& interfaces, const std::string& vpc_id) {
    std::erase_if(interfaces, [&](const NetworkInterface* interface) { return interface->vpc_id != vpc_id; });
}

Result<Candidates> find_candidates(const ModelIndex& index, const std::string& text, const std::optional<std::string>& vpc_id) {
    Candidates candidates{.text = text, .address = {}, .interfaces = {}};
    if (const NetworkInterface* const interface = index.interface(text)) {
        candidates.interfaces = {interface};
        return candidates;
    }
    candidates.address = Address::parse(text);
    if (candidates.address) {
        candidates.interfaces = holders(index, *candidates.address);
        if (vpc_id) {
            keep_vpc(candidates.interfaces, *vpc_id);
        }
        return candidates;
    }
    for (const NetworkInterface& interface : index.model().network_interfaces) {
        if (!text.empty() && interface.instance_id == text) {
            candidates.interfaces.push_back(&interface);
        }
    }
    if (candidates.interfaces.empty()) {
        return fail(text + " is neither an interface nor an instance of the model, nor an address");
    }
    return candidates;
}

// An address means that of the other end's own VPC where there is one.
void prefer_vpc_of(Candidates& candidates, const Candidates& other) {
    if (!candidates.address || candidates.interfaces.size() < 2 || other.interfaces.size() != 1) {
        return;
    }
    std::vector<const NetworkInterface*> preferred = candidates.interfaces;
    keep_vpc(preferred, other.interfaces.front()->vpc_id);
    if (!preferred.empty()) {
        candidates.interfaces = preferred;
    }
}

Result<> check_unambiguous(const Candidates& candidates) {
    if (candidates.interfaces.size() < 2) {
        return {};
    }
    std::string list;
    for (const NetworkInterface* const interface : candidates.interfaces) {
        list += (list.empty() ? "" : ", ") + interface->id + " (" + interface->vpc_id + ")";
    }
    const std::string advice = candidates.address ? "name the VPC or the interface" : "name the interface";
    return fail(candidates.text + " is ambiguous: " + list + "; " + advice);
}

bool has_family(const Candidates& candidates, Family family) {
    if (candidates.address) {
        return candidates.address->family == family;
    }
    const std::vector<Address>& addresses = candidates.interfaces.front()->addresses;
    return std::any_of(addresses.begin(), addresses.end(), [&](const Address& address) { return address.family == family; });
}

// An address decides; else ICMP of its own family; else whatever both have, IPv4 first.
Family talked_family(const Candidates& from, const Candidates& to, std::int16_t protocol) {
    for (const Candidates* const end : {&from, &to}) {
        if (end->address) {
            return end->address->family;
        }
    }
    if (protocol == 1 || protocol == 58) {
        return protocol == 1 ? Family::Ipv4 : Family::Ipv6;
    }
    const bool both_have_ipv6_only =
        has_family(from, Family::Ipv6) && has_family(to, Family::Ipv6) && !(has_family(from, Family::Ipv4) && has_family(to, Family::Ipv4));
    return both_have_ipv6_only ? Family::Ipv6 : Family::Ipv4;
}

End end_of(const Candidates& candidates, Family family) {
    End end{.interface = candidates.interfaces.empty() ? nullptr : candidates.interfaces.front(), .address = candidates.address};
    if (candidates.address) {
        return end;
    }
    const std::vector<Address>& addresses = end.interface->addresses;
    const auto first = std::find_if(addresses.begin(), addresses.end(), [&](const Address& address) { return address.family == family; });
    if (first != addresses.end()) {
        end.address = *first;
    }
    return end;
}

}  // namespace

Result<Ends> find_ends(const ModelIndex& index, const Question& question) {
    if (question.vpc_id && index.vpc(*question.vpc_id) == nullptr) {
        return fail(*question.vpc_id + " is not a VPC of the model");
    }
    Result<Candidates> from = find_candidates(index, question.from, question.vpc_id);
    if (!from) {
        return fail(from.error());
    }
    Result<Candidates> to = find_candidates(index, question.to, question.vpc_id);
    if (!to) {
        return fail(to.error());
    }
    prefer_vpc_of(*from, *to);
    prefer_vpc_of(*to, *from);
    for (const Candidates* const end : {&*from, &*to}) {
        if (const Result<> checked = check_unambiguous(*end); !checked) {
            return fail(checked.error());
        }
    }
    if (from->interfaces.empty() && to->interfaces.empty()) {
        return fail("neither " + question.from + " nor " + question.to +
                    " is an interface of the model, so nothing here judges this traffic");
    }
    for (const auto& [candidates, stated] : {std::pair(&*from, &question.source_address), std::pair(&*to, &question.destination_address)}) {
        if (*stated && candidates->interfaces.empty()) {
            return fail(candidates->text + " is no interface of the model, so it has no other address");
        }
        if (*stated) {
            candidates->address = *stated;
        }
    }
    const Family family = talked_family(*from, *to, question.protocol);
    if (from->address && to->address && from->address->family != to->address->family) {
        return fail(from->address->to_string() + " and " + to->address->to_string() + " are of different families");
    }
    return Ends{.from = end_of(*from, family), .to = end_of(*to, family)};
}

}  // namespace portcullis
