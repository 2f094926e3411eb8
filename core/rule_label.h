// SPDX-License-Identifier: Apache-2.0
// The one text by which a rule is named in counters, in `explain` and in the tests (Rule::label of core/ruleset.h). It identifies the rule
// across compilations: two rules with the same label decide the same packets.
//
//   Security group rule: its sgr- id where it has one, else "GROUP ingress|egress PROTOCOL[ WHAT] from|to SOURCE"
//     PROTOCOL  all, tcp, udp, icmp, icmpv6 or the number
//     WHAT      tcp and udp: FROM-TO, or one number where they are equal; icmp and icmpv6: TYPE/CODE with * for any; others: nothing
//     SOURCE    the prefix, or the id of the prefix list or group
//     "sg-1 ingress tcp 22 from 10.0.0.0/8", "sg-1 egress all to 0.0.0.0/0", "sg-1 ingress icmp 8/* from sg-2"
//   Network ACL entry: "ACL ingress|egress NUMBER ipv4|ipv6"
//     "acl-1 egress 100 ipv4"
#pragma once

#include <string>

#include "core/model.h"
#include "core/verdict.h"

namespace portcullis {

[[nodiscard]] std::string rule_label(const SecurityGroup& group, Direction direction, const SecurityGroupRule& rule);
[[nodiscard]] std::string rule_label(const NetworkAcl& acl, Direction direction, const NetworkAclEntry& entry);
// "PROTOCOL[ WHAT]" of the above.
[[nodiscard]] std::string traffic_text(const Traffic& traffic);

// What the rule says, without whose it is: "tcp 22 from 10.0.0.0/8"; of an entry "100 allow tcp 22 from 10.0.0.0/8".
[[nodiscard]] std::string rule_text(Direction direction, const SecurityGroupRule& rule);
[[nodiscard]] std::string rule_text(Direction direction, const NetworkAclEntry& entry);

}  // namespace portcullis
