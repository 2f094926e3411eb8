// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sampling.h"

namespace portcullis::bench {

std::vector<Row> interleave(const std::vector<Contender>& contenders, std::size_t turns) {
    std::vector<Row> rows;
    for (const Contender& contender : contenders) {
        rows.push_back({.name = contender.name, .samples = {}, .unit = {}, .budget = contender.budget, .x = {}});
    }
    for (std::size_t turn = 0; turn < turns; ++turn) {
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            rows[i].samples.push_back(contenders[i].sample());
        }
    }
    return rows;
}

}  // namespace portcullis::bench
