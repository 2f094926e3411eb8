// SPDX-License-Identifier: Apache-2.0
#include "compiler/explain/explain.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "compiler/explain/ends.h"
#include "compiler/explain/probe.h"
#include "compiler/explain/stages.h"

namespace portcullis {
namespace {

std::vector<StageAnswer> forward_path(const ModelIndex& index, const Probe& first) {
    std::vector<StageAnswer> stages;
    if (first.ends.from.interface != nullptr) {
        stages = first_stages({index, first, Direction::Outbound});
    }
    if (first.ends.to.interface != nullptr) {
        std::ranges::move(first_stages({index, first, Direction::Inbound}), std::back_inserter(stages));
    }
    return stages;
}

std::vector<StageAnswer> response_path(const ModelIndex& index, const Probe& first) {
    const std::optional<Question> response = response_to(first.question);
    if (!response) {
        return {};
    }
    const Probe back{.ends = {.from = first.ends.to, .to = first.ends.from}, .question = *response, .is_answer = true};
    std::vector<StageAnswer> stages;
    if (back.ends.from.interface != nullptr) {
        stages = answer_stages({index, back, Direction::Outbound}, {index, first, Direction::Inbound});
    }
    if (back.ends.to.interface != nullptr) {
        std::ranges::move(answer_stages({index, back, Direction::Inbound}, {index, first, Direction::Outbound}),
                          std::back_inserter(stages));
    }
    return stages;
}

bool do_all_allow(const std::vector<StageAnswer>& stages) { return std::ranges::all_of(stages, &StageAnswer::allows); }

// An end without an address of the family that is talked.
StageAnswer answer_no_address(const Ends& ends) {
    const bool is_sender = !ends.from.address;
    const NetworkInterface& interface = is_sender ? *ends.from.interface : *ends.to.interface;
    return {.interface_id = interface.id,
            .direction = is_sender ? Direction::Outbound : Direction::Inbound,
            .stage = stage_name(4),
            .allows = false,
            .reason = is_sender ? PC_REASON_source_address : PC_REASON_destination_address,
            .reason_code = "NO_SOURCE_OR_DESTINATION",
            .deciding = {interface.id},
            .nearest = {},
            .note = {}};
}

}  // namespace

Result<Answer> explain(const Model& model, const Question& question) {
    if (question.protocol < 0 || question.protocol > 255) {
        return fail(std::to_string(question.protocol) + " is not an IP protocol (0-255)");
    }
    const ModelIndex index(model);
    const Result<Ends> ends = find_ends(index, question);
    if (!ends) {
        return fail(ends.error());
    }
    Answer answer;
    if (!ends->from.address || !ends->to.address) {
        answer.forward = {answer_no_address(*ends)};
        return answer;
    }
    const Probe first{.ends = *ends, .question = question};
    answer.forward = forward_path(index, first);
    answer.response = response_path(index, first);
    answer.allowed = do_all_allow(answer.forward);
    answer.response_allowed = do_all_allow(answer.response);
    return answer;
}

}  // namespace portcullis
