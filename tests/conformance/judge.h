// SPDX-License-Identifier: Apache-2.0
// Who says what becomes of a packet: the evaluator, and every back end. All are asked the same questions and must give the same answers.
#pragma once

#include <string>
#include <vector>

#include "compiler/evaluate/evaluate.h"
#include "core/host_facts.h"
#include "core/model.h"

namespace portcullis::test {

class Judge {
   public:
    Judge() = default;
    Judge(const Judge&) = delete;
    Judge& operator=(const Judge&) = delete;
    virtual ~Judge() = default;

    [[nodiscard]] virtual std::string name() const = 0;
    // From now on the model holds on such a host, and there is no state. The interfaces in Model::ports are bound. A failure is a failure
    // of the test.
    virtual void begin(const Model& model, const HostFacts& host) = 0;
    // The model changes, flows stay.
    virtual void change(const Model& model) = 0;
    // Time passes for every flow.
    virtual void wait(unsigned seconds) = 0;
    // Arrival::now_s is ignored. Of the rules a back end says nothing here.
    [[nodiscard]] virtual Verdict judge(const Arrival& arrival) = 0;
    // The rules that decided since this was asked last, or since begin or change: a back end names none for packets of a known flow.
    [[nodiscard]] virtual std::vector<std::string> rules_since_last() = 0;
};

}  // namespace portcullis::test
