// SPDX-License-Identifier: Apache-2.0
// The evaluator's host policies (docs/semantics.md 13). Called by evaluate/stages.cpp, evaluate/untracked.cpp and the link guards.
#pragma once

#include <cstdint>

#include "compiler/evaluate/flows.h"
#include "core/verdict.h"

namespace portcullis {

// What `Egress.DenyCidrs` say of an address.
enum class Denial : std::uint8_t { None, NewOnly, Always };
[[nodiscard]] Denial denial_of(const Model& model, const Address& address);

// What is known of a packet from its flow.
struct Standing {
    bool is_begun_inbound = false;  // it belongs to a live flow that was begun inbound, or is an error related to one
    bool is_related = false;        // an error related to a live flow
    bool is_service = false;        // a service packet, or of a service flow
};

// Stage 6.
[[nodiscard]] Reason judge_host_policies(const Passage& passage, const Standing& standing);

// 13.2 for a message that stage 2 admitted: of an IP packet, and of any frame by the way it came or, outbound, by the target it asks for.
[[nodiscard]] bool is_isolated(const Passage& passage);
[[nodiscard]] bool is_isolated(const Port& port, Direction direction, const Way& way);
[[nodiscard]] bool is_isolated_target(const Port& port, const Address& target);

}  // namespace portcullis
