// SPDX-License-Identifier: Apache-2.0
// The first packet of what a question asks about, and the one that answers it, as bytes, so that `explain` asks the evaluator what it asks
// about real packets.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/explain/explain.h"
#include "core/address.h"

namespace portcullis {

struct ProbeEnvelope {
    Mac source_mac;
    Mac destination_mac;
    Address source;
    Address destination;
    bool is_answer = false;  // to the first packet
};

// A SYN (its answer: SYN+ACK), a datagram, an ICMP message or a packet without content. Checksums are left zero: nothing of ours looks at
// them.
[[nodiscard]] std::vector<std::uint8_t> probe_frame(const ProbeEnvelope& envelope, const Question& question);

// What answers the first packet; none: nothing does.
[[nodiscard]] std::optional<Question> response_to(const Question& question);

}  // namespace portcullis
