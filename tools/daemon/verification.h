// SPDX-License-Identifier: Apache-2.0
// One run of `verify`: first what the kernel holds is read back, then packets drawn from the model are put to a copy of the programs, and
// what it says is compared with the evaluator. In parts, so that the event loop goes on in between.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "compiler/explain/gate_probes.h"
#include "core/dataplane.h"
#include "core/model.h"
#include "core/result.h"

namespace portcullis {

// "tap0 (eni-1) outbound 10.0.1.11 to 10.0.1.12 udp 5353": what a packet at a gate was.
[[nodiscard]] std::string text_of(const Question& question, const GateProbe& probe);

class Verification {
   public:
    // Both outlive it; the model is the one that is enforced until it is over. Without one nothing is asked of the copy.
    Verification(Dataplane& dataplane, const Model* model, const LocalNetwork& network);

    // The next part: what differs.
    [[nodiscard]] Result<std::vector<std::string>> go_on();
    [[nodiscard]] bool is_over() const { return !reading_ && unasked_.empty() && questions_.empty(); }
    // Packets that were put to the copy so far; none: there is no copy, or nothing to ask.
    [[nodiscard]] std::optional<std::uint64_t> probes() const { return gates_ ? std::optional(probes_) : std::nullopt; }

   private:
    [[nodiscard]] Result<std::vector<std::string>> ask_some();
    [[nodiscard]] Result<> ask(const Question& question, std::vector<std::string>& differences);

    Dataplane& dataplane_;
    const Model* model_;
    std::optional<GateProbes> gates_;
    std::optional<std::uint64_t> reading_ = 0;  // where the next part of the comparison begins; none: it is over
    std::deque<const NetworkInterface*> unasked_;
    std::size_t most_of_a_port_ = 0;
    std::deque<Question> questions_;  // of the port that is asked about
    std::uint64_t probes_ = 0;
};

}  // namespace portcullis
