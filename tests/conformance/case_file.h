// SPDX-License-Identifier: Apache-2.0
// The case files (README.md): JSON -> models, frames and expectations, with nothing left to look up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/evaluate/evaluate.h"
#include "core/host_facts.h"
#include "core/model.h"
#include "core/result.h"
#include "tests/support/packet.h"

namespace portcullis::test {

struct Step {
    std::string interface_id;
    Direction direction = Direction::Outbound;
    Entrance entrance;
    Bytes frame;
    Reason reason = PC_REASON_passed;               // expected
    std::optional<std::vector<std::string>> rules;  // expected, sorted
    unsigned wait_s = 0;
    std::shared_ptr<const Model> model;  // replaces the one in force; null: none

    [[nodiscard]] Arrival arrival() const;  // refers to the frame
};

struct Case {
    std::string name;
    std::string section;
    std::shared_ptr<const Model> model;
    HostFacts host = {};
    std::vector<Step> steps;
};

struct CaseFile {
    std::string name;  // "groups"
    std::vector<Case> cases;
};

// As a step has it: an interface id, "host", "uplink" or "elsewhere".
[[nodiscard]] std::string entrance_text(const Entrance& entrance);

// All of `directory`/cases/*.json, by name. Fails on anything that README.md does not know, naming file and case.
[[nodiscard]] Result<std::vector<CaseFile>> read_case_files(const std::string& directory);

}  // namespace portcullis::test
