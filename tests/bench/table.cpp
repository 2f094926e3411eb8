// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/table.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace portcullis::bench {
namespace {

template <class Operation>
std::vector<double> pairwise(const std::vector<double>& left, const std::vector<double>& right, Operation operation) {
    std::vector<double> result;
    for (std::size_t turn = 0; turn < std::min(left.size(), right.size()); ++turn) {
        result.push_back(operation(left[turn], right[turn]));
    }
    return result;
}

}  // namespace

double median(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    const std::size_t middle = samples.size() / 2;
    return samples.size() % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

double quantile(std::vector<double> samples, double part) {
    std::sort(samples.begin(), samples.end());
    const auto number = static_cast<std::size_t>(std::ceil(part * static_cast<double>(samples.size())));
    return samples[std::clamp<std::size_t>(number, 1, samples.size()) - 1];
}

double lowest(const std::vector<double>& samples) { return *std::min_element(samples.begin(), samples.end()); }
double highest(const std::vector<double>& samples) { return *std::max_element(samples.begin(), samples.end()); }

std::vector<double> ratios(const Table& table, const Row& row) {
    const std::vector<double>& first = table.rows.front().samples;
    switch (table.ratio) {
        case Ratio::None:
            return {};
        case Ratio::OfRate:
            return quotients(first, row.samples);
        case Ratio::OfCost:
        case Ratio::Of:
            return quotients(row.samples, first);
    }
    return {};
}

std::vector<double> differences(const std::vector<double>& more, const std::vector<double>& less) {
    return pairwise(more, less, std::minus<>());
}

std::vector<double> quotients(const std::vector<double>& dividends, const std::vector<double>& divisors) {
    return pairwise(dividends, divisors, std::divides<>());
}

double held_to_budget(const Table& table, const Row& row) {
    return median(row.budget->of == Budget::Of::Ratio ? ratios(table, row) : row.samples);
}

}  // namespace portcullis::bench
