// SPDX-License-Identifier: Apache-2.0
// Questions that user space asks a compiled ruleset as a back end would: by longest prefix, port set and groups.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/ruleset.h"
#include "core/verdict.h"

namespace portcullis {

// Ids of the interfaces of that VPC that have the address or prefix, sorted; none: nobody has it, or only a subnet's block holds it.
[[nodiscard]] std::vector<std::string> owners_of(const Ruleset& ruleset, const std::string& zone, const Prefix& prefix);

// Whether any interface has the address, those of other VPCs that the zone knows among them.
[[nodiscard]] bool is_of_interface(const Ruleset& ruleset, const std::string& zone, const Address& address);

// The first packet of a flow.
struct RulesetQuestion {
    Direction direction = Direction::Outbound;
    Address remote;
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;  // destination port, or ICMP type << 8 | code
    bool counts = true;      // the remote counts as an interface's (docs/semantics.md 6.6)
};
[[nodiscard]] bool is_allowed_by_groups(const Ruleset& ruleset, const Port& port, const RulesetQuestion& question);

}  // namespace portcullis
