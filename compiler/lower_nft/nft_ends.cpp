// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_ends.h"

#include <algorithm>

#include "compiler/compile/ruleset_look_up.h"
#include "compiler/lower_nft/claims.h"
#include "compiler/lower_nft/nft_flow_element.h"
#include "compiler/lower_nft/nft_lane.h"
#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kTcp = 6, kUdp = 17;
constexpr Family kFamilies[] = {Family::Ipv4, Family::Ipv6};

const NftFate kStays;
const NftFate kEnds = {.kind = NftFate::Kind::Ends};

bool is_multicast(const Address& address) {
    return address.family == Family::Ipv4 ? (address.bytes[0] & 0xf0) == 0xe0 : address.bytes[0] == 0xff;
}

bool is_link_local(const Address& address) {
    return address.family == Family::Ipv6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

// The question that the rules are asked about the packet that opened the flow (7.8).
bool is_still_admitted(const NftPort& port, const NftFlowElement& flow) {
    const bool is_inbound = flow.word.is_begun_inbound;
    RulesetQuestion question{.direction = is_inbound ? Direction::Inbound : Direction::Outbound,
                             .remote = is_inbound && is_multicast(flow.local) ? flow.local : flow.remote,
                             .protocol = flow.protocol,
                             .counts = flow.word.counts};
    if (flow.is_icmp()) {
        question.port = static_cast<std::uint16_t>(flow.remote_port & 0xff00);  // type, code 0
    } else if (flow.protocol == kTcp || flow.protocol == kUdp) {
        question.port = is_inbound ? flow.local_port : flow.remote_port;
    }
    return is_allowed_by_groups(port.ruleset(), *port.port, question);
}

bool is_listed_service(const NftPort& port, const NftFlowElement& flow) {
    if (flow.is_icmp()) {
        return std::binary_search(port.around.echo.begin(), port.around.echo.end(), flow.remote);
    }
    const Service service{.address = flow.remote, .protocol = flow.protocol, .port = flow.remote_port};
    return std::binary_search(port.around.services.begin(), port.around.services.end(), service);
}

// Whether the flow could be the port's.
bool has_own_end(const NftPort& port, const NftFlowElement& flow) {
    const std::vector<Prefix>& own = port.port->addresses;
    return !port.port->checks_source_and_destination || is_multicast(flow.local) || is_link_local(flow.local) ||
           std::any_of(own.begin(), own.end(), [&](const Prefix& prefix) { return prefix.contains(flow.local); });
}

bool has_moved(const std::set<std::pair<std::string, Prefix>>& moved, const std::string& zone, const Address& address) {
    for (unsigned length = 0; !moved.empty() && length <= address_bits(address.family); ++length) {
        if (moved.contains({zone, Prefix::of(address, static_cast<std::uint8_t>(length))})) {
            return true;
        }
    }
    return false;
}

}  // namespace

NftEnds::NftEnds(std::optional<NftEnforced> former, NftEnforced next)
    : former_(former),
      next_host_{.ruleset = next.ruleset, .devices = next.devices, .facts = nullptr, .bindings = next.bindings},
      next_ports_(nft_ports(next_host_)) {
    find_moved();
    for (const NftPort& port : next_ports_) {
        by_number_.emplace(port.number, &port);
        claimants_.insert(nft_claimants_of(port.device->bridge));
    }
}

// 7.8
void NftEnds::find_moved() {
    if (!former_) {
        return;
    }
    const Ruleset& former = *former_->ruleset;
    const Ruleset& next = *next_host_.ruleset;
    const auto note_if_moved = [&](const std::string& zone, const Prefix& prefix) {
        const std::vector<std::string> had = owners_of(former, zone, prefix);
        if (!had.empty() && had != owners_of(next, zone, prefix)) {
            moved_.insert({zone, prefix});
        }
    };
    for (const Ruleset* const ruleset : {&former, &next}) {
        for (const AddressOwner& owner : ruleset->owners) {
            if (owner.interface) {
                note_if_moved(ruleset->zones[owner.zone], owner.prefix);
            }
        }
    }
}

std::vector<std::string> NftEnds::emptied() {
    std::vector<std::string> names;
    for (const Family family : kFamilies) {
        for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
            names.push_back(NftLane{.bridge = nullptr, .port = nullptr, .direction = direction, .family = family}.fragments());
        }
    }
    return names;
}

std::vector<std::string> NftEnds::asked() const {
    std::vector<std::string> names;
    for (const auto set : {&NftLane::renewals, &NftLane::half_open, &NftLane::answered, &NftLane::ends}) {
        for (const Family family : kFamilies) {
            names.push_back((NftLane{.bridge = nullptr, .port = nullptr, .direction = Direction::Outbound, .family = family}.*set)());
        }
    }
    names.insert(names.end(), claimants_.begin(), claimants_.end());
    names.emplace_back(kNftClaims);
    return names;
}

// An interface that has come to an address since counts for no flow that began before (7.8).
bool NftEnds::has_gained_owner(const NftPort& port, const Address& address) const {
    const std::string& zone = port.ruleset().zones[port.port->zone];
    return former_ && !is_of_interface(*former_->ruleset, zone, address) && is_of_interface(port.ruleset(), zone, address);
}

NftFate NftEnds::fate_of(const std::string& set, const NftElement& element) const {
    const bool is_claimant = claimants_.contains(set);
    const auto at = by_number_.find(is_claimant ? nft_number_of(element.data) : nft_number_of(element.from));
    if (at == by_number_.end()) {
        return kEnds;
    }
    for (const Family family : kFamilies) {
        const NftLane lane{.bridge = nullptr, .port = at->second, .direction = Direction::Outbound, .family = family};
        if (set == lane.answered() || set == lane.half_open() || set == lane.renewals()) {
            const std::optional<NftFlowElement> flow = nft_flow_of(element, family);
            return flow ? fate_of(*at->second, *flow) : kEnds;
        }
    }
    return kStays;
}

NftFate NftEnds::fate_of(const NftPort& port, NftFlowElement flow) const {
    if (!former_ && !has_own_end(port, flow)) {
        return kEnds;
    }
    if (flow.word.is_service) {
        return is_listed_service(port, flow) ? kStays : kEnds;  // 5.5
    }
    const std::string& zone = port.ruleset().zones[port.port->zone];
    if (has_moved(moved_, zone, flow.local) || has_moved(moved_, zone, flow.remote)) {
        return kEnds;
    }
    const NftFlowWord was = flow.word;
    flow.word.counts = was.counts && !has_gained_owner(port, flow.remote);
    flow.word.is_cut = port.port->on_revoke == OnRevoke::Cut && !is_still_admitted(port, flow);
    return flow.word == was ? kStays : NftFate{.kind = NftFate::Kind::Becomes, .data = nft_u32(flow.word.number())};
}

}  // namespace portcullis
