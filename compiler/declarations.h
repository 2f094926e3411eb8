// SPDX-License-Identifier: Apache-2.0
// What the documents declare, as read: every occurrence of every object, before merge.h makes one model of it. Filled by one function per
// kind of object (parse_KIND.cpp), each of which reads one element of the list under its top-level key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/json_cursor.h"
#include "core/model.h"

namespace portcullis {

// A rule in the flat form of describe-security-group-rules.
struct FlatRule {
    std::string id;
    std::string group_id;
    Direction direction = Direction::Inbound;
    Traffic traffic;
    RuleSource source;
    Position position;
};

struct FlowQuota {
    std::uint32_t flows = 0;
    Position position;
};

struct Declarations {
    Model model;  // an object may occur several times; quotas are the defaults
    std::vector<FlatRule> flat_rules;
    std::vector<FlowQuota> flow_quotas;
    std::vector<std::string> available_interfaces;  // ids of those that EC2 reports as attached to nothing
};

// Each says whether the object could be told by its id; one that could not is missing in what is declared.
[[nodiscard]] bool parse_vpc(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_subnet(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_security_group(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_security_group_rule(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_network_acl(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_network_interface(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_prefix_list(const JsonCursor& object, Declarations& declared);

// The value of the key `Portcullis`.
void parse_portcullis(const JsonCursor& object, Declarations& declared);

}  // namespace portcullis
