// SPDX-License-Identifier: Apache-2.0
// The large model: so many ports on one bridge, so many interfaces, so many rules in their groups. Each interface has a group of its own,
// every third port that of the next one besides; where there are more interfaces than ports, the ports share the others' groups, so that
// every rule is some port's. Groups are of 20 to 100 rules, or so that all have as many as wanted. Seven of ten rules are about IPv4
// prefixes of all lengths, two about IPv6, one about a group.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "core/model.h"
#include "tests/support/packet.h"

namespace portcullis::bench {

struct Scale {
    std::size_t ports = 1'000;
    std::size_t rules = 60'000;  // in all groups together, at least 10 for each
    std::size_t interfaces = 0;  // and as many groups; at least as many as ports, of which each has at most 14 of the groups
    [[nodiscard]] std::size_t groups() const { return std::max(ports, interfaces); }
};

[[nodiscard]] Model make_scale_model(const Scale& scale);
// The same model as one document, in the form of EC2.
[[nodiscard]] std::string document_of(const Model& model);
// An interface that no port of this host is for joins the group of a port; its number tells it from others that joined.
void add_member(Model& model, std::size_t port, std::size_t number);

[[nodiscard]] Mac scale_mac(std::size_t port);
[[nodiscard]] Address scale_address(std::size_t port);
[[nodiscard]] std::string scale_device(std::size_t port);

// 60 bytes of TCP from one port to another: of the flow that every group allows, and of one that none does.
inline constexpr std::uint16_t kScaleAllowed = 5001, kScaleDenied = 64'999;
[[nodiscard]] test::Bytes scale_frame(std::size_t from, std::size_t to, std::uint16_t destination_port, std::uint8_t flags);

}  // namespace portcullis::bench
