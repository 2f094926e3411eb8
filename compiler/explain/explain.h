// SPDX-License-Identifier: Apache-2.0
// Why can X (not) reach Y? Answers from the model alone, stage by stage, forward and back (docs/semantics.md 12).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/model.h"
#include "core/result.h"
#include "core/verdict.h"

namespace portcullis {

struct Question {
    std::string from;  // interface id, instance id or address
    std::string to;
    std::optional<std::string> vpc_id;  // where an address is ambiguous
    std::int16_t protocol = 6;          // 0-255
    std::uint16_t source_port = 49152;
    std::uint16_t destination_port = 0;
    std::uint8_t icmp_type = 8;
    std::uint8_t icmp_code = 0;
    // What the packet says instead of X's and Y's own: an instance that forwards.
    std::optional<Address> source_address;
    std::optional<Address> destination_address;
};

// One stage of one port, in the order of docs/semantics.md 1.
struct StageAnswer {
    std::string interface_id;
    Direction direction = Direction::Outbound;
    std::string stage;  // "security groups", "network ACL", "address binding", "services"
    bool allows = false;
    Reason reason = PC_REASON_passed;    // when it blocks
    std::string reason_code;             // EC2 Reachability Analyzer's explanation code, or empty
    std::vector<std::string> deciding;   // labels of the rules that allow or deny, or of the objects that have none
    std::optional<std::string> nearest;  // the rule that differs in one respect only: "sg-1 ingress tcp 443 …: port"
    std::string note;                    // what else must be said: "untracked: …"; or empty
};

struct Answer {
    bool allowed = false;           // every forward stage allows
    bool response_allowed = false;  // the answer comes back: every stage of the response path allows
    std::vector<StageAnswer> forward;
    std::vector<StageAnswer> response;
};

// Fails when X or Y is unknown or ambiguous: the message says which and how to tell them apart.
[[nodiscard]] Result<Answer> explain(const Model& model, const Question& question);

}  // namespace portcullis
