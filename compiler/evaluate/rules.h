// SPDX-License-Identifier: Apache-2.0
// The evaluator's rules: security groups (docs/semantics.md 6) and network ACLs (8), asked about one packet at one port. Called by
// evaluate*.cpp and explain*.cpp. Stateless: flows are evaluate/flows.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/evaluate/claims.h"
#include "compiler/evaluate/evaluate.h"
#include "compiler/evaluate/model.h"
#include "core/model.h"
#include "core/verdict.h"

namespace portcullis {

// What a rule looks at. The port is the one that judges; `entrance` says what an inbound remote may count as (6.6) and is unused outbound.
struct RuleQuestion {
    const NetworkInterface* port = nullptr;
    Direction direction = Direction::Outbound;
    Entrance entrance;
    Address remote;
    std::uint8_t protocol = 0;
    std::uint16_t destination_port = 0;  // TCP and UDP
    std::uint8_t icmp_type = 0;          // ICMP and ICMPv6
    std::uint8_t icmp_code = 0;
    bool is_from_router = false;              // the entrance counts as by a router
    bool has_unknown_ports = false;           // a later fragment without memory (9.4): neither ports nor type are known
    std::optional<bool> counts = {};          // whether the remote counts as an interface's, where that is settled (7.8)
    const LinkLocalClaims* claims = nullptr;  // none: nobody has claimed anything
};

struct GroupMatch {
    const SecurityGroup* group = nullptr;
    const SecurityGroupRule* rule = nullptr;
};

struct AclAnswer {
    const NetworkAcl* acl = nullptr;         // none: the subnet has none
    const NetworkAclEntry* entry = nullptr;  // none: no entry matched, so the packet is denied
    [[nodiscard]] bool allows() const { return entry != nullptr && entry->allow; }
};

// The parts of a match, apart so that `explain` can tell what a rule lacks.
[[nodiscard]] bool matches_protocol(const Traffic& traffic, const RuleQuestion& question);
// Ports, or type and code, where both the rule and the packet have them; else true. Of unknown ones: whether it is about all.
[[nodiscard]] bool matches_ports(const Traffic& traffic, const RuleQuestion& question);
[[nodiscard]] bool matches_source(const ModelIndex& index, const RuleSource& source, const RuleQuestion& question);

// Every rule of the port's groups that allows it; none: denied.
[[nodiscard]] std::vector<GroupMatch> matching_rules(const ModelIndex& index, const RuleQuestion& question);
// Those of them whose source is literally anywhere (7.5).
[[nodiscard]] std::vector<GroupMatch> literal_rules(const ModelIndex& index, const RuleQuestion& question);

// 6.6: whether the remote counts as an interface's that has its address; false also where none has.
[[nodiscard]] bool counts_as_interface(const ModelIndex& index, const RuleQuestion& question);

// Rule::label of each.
[[nodiscard]] std::vector<std::string> labels_of(const std::vector<GroupMatch>& matches, Direction direction);

// Whether the ACL is asked at all (8.1): not in a model without ACLs, nor inside the subnet.
[[nodiscard]] bool concerns_acl(const ModelIndex& index, const RuleQuestion& question);
// 8.2. Pre: concerns_acl.
[[nodiscard]] AclAnswer ask_acl(const ModelIndex& index, const RuleQuestion& question);

}  // namespace portcullis
