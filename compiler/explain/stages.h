// SPDX-License-Identifier: Apache-2.0
// The stages of docs/semantics.md 1 of one packet at one of its ends, apart, so that every one that blocks is named. Called by explain.cpp
// alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/evaluate/flows.h"
#include "compiler/evaluate/packet.h"
#include "compiler/evaluate/port.h"
#include "compiler/explain/ends.h"
#include "compiler/explain/explain.h"

namespace portcullis {

// A packet of the question: its first, or the one that answers it.
struct Probe {
    Ends ends;
    Question question;
    bool is_answer = false;
};

// One end judging one packet.
struct Judgement {
    // Pre: both ends have an address, and the one that judges an interface; the index outlives the judgement.
    Judgement(const ModelIndex& index, const Probe& probe, Direction direction);
    // The passage points to the port and the packet.
    Judgement(const Judgement&) = delete;
    Judgement& operator=(const Judgement&) = delete;
    Judgement(Judgement&&) = delete;
    Judgement& operator=(Judgement&&) = delete;
    ~Judgement() = default;

    [[nodiscard]] const ModelIndex& index() const { return port.index(); }
    [[nodiscard]] const NetworkInterface& interface() const { return port.interface(); }

    Port port;
    std::vector<std::uint8_t> frame;
    IpPacket packet;  // what the frame holds
    Passage passage;
};

[[nodiscard]] std::string stage_name(std::uint8_t stage);

// Of the first packet, which has no flow.
[[nodiscard]] std::vector<StageAnswer> first_stages(const Judgement& judgement);
// Of its answer, were `first` admitted at the same port: only the stages that look at answers, and those that block.
[[nodiscard]] std::vector<StageAnswer> answer_stages(const Judgement& judgement, const Judgement& first);

}  // namespace portcullis
