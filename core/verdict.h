// SPDX-License-Identifier: Apache-2.0
// What becomes of a packet, and why: the vocabulary of every back end, of the reference evaluator and of the tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bpf/reasons.h"

namespace portcullis {

// As the instance sees it: Outbound leaves it, Inbound goes to it. Values are the abi's PC_OUTBOUND and PC_INBOUND.
enum class Direction : std::uint8_t { Outbound = 0, Inbound = 1 };
[[nodiscard]] std::string_view to_string(Direction direction);

// enum pc_reason with a name and a sentence. Reason::passed is the only one of a packet that passes.
using Reason = pc_reason;
[[nodiscard]] std::string_view name_of(Reason reason);  // "source_mac"
[[nodiscard]] std::string_view text_of(Reason reason);  // "the source MAC is not the sender's own"
[[nodiscard]] std::uint8_t stage_of(Reason reason);     // stage of docs/semantics.md, 0 where none
[[nodiscard]] std::optional<Reason> reason_named(std::string_view name);

}  // namespace portcullis
