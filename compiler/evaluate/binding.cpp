// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/binding.h"

#include <algorithm>
#include <array>

namespace portcullis {
namespace {

// 4.3: what no packet comes from, whatever else a port may send from.
bool is_never_source(const Address& address) {
    static const std::array never = {
        Prefix{.address = Address::ipv4(0, 0, 0, 0), .length = 8},
        Prefix{.address = Address::ipv4(127, 0, 0, 0), .length = 8},
        Prefix{.address = Address::ipv4(169, 254, 0, 0), .length = 16},
        Prefix{.address = {.family = Family::Ipv6, .bytes = {}}, .length = 128},
        Prefix{.address = {.family = Family::Ipv6, .bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}, .length = 128},
        Prefix{.address = {.family = Family::Ipv6, .bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}}, .length = 96},
    };
    return is_multicast(address) || is_broadcast(address) || is_link_local(address) ||
           std::ranges::any_of(never, [&](const Prefix& prefix) { return prefix.contains(address); });
}

// 4.3
bool may_forward_from(const Port& port, const Address& source) {
    if (port.has(source)) {
        return true;
    }
    const std::vector<Prefix>& allowed = port.claim().allowed_sources;
    return !is_never_source(source) && !port.is_reserved(source) && (allowed.empty() || is_in_any(allowed, source));
}

bool is_bound(const Passage& passage) {
    const Port& port = *passage.port;
    const IpPacket& packet = *passage.packet;
    if (!port.interface().source_dest_check) {
        return !passage.is_outbound() || may_forward_from(port, packet.source);
    }
    if (!port.has_any_address()) {
        return false;
    }
    if (passage.is_outbound()) {
        return port.has(packet.source);
    }
    return port.has(packet.destination) || port.is_listed_multicast(packet.destination);
}

}  // namespace

Reason judge_binding(const Passage& passage) {
    if (is_bound(passage)) {
        return PC_REASON_passed;
    }
    return passage.is_outbound() ? PC_REASON_source_address : PC_REASON_destination_address;
}

}  // namespace portcullis
