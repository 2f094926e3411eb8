// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/random_run.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string_view>

#include "tests/conformance/random_model.h"
#include "tests/conformance/random_packet.h"
#include "tests/conformance/random_policy.h"
#include "tests/conformance/workers.h"

namespace portcullis::test {
namespace {

constexpr std::size_t kPacketsPerChange = 300;
constexpr std::uint64_t kUsualSeed = 7001;  // a commit's tests say the same each time

}  // namespace

std::uint64_t chosen_seed(const char* variable) {
    const char* const said = std::getenv(variable);
    const bool is_drawn = said != nullptr && std::string_view(said) == "drawn";
    const std::uint64_t seed = is_drawn ? std::random_device{}() : setting(variable, kUsualSeed);
    std::printf("%s=%llu\n", variable, static_cast<unsigned long long>(seed));
    return seed;
}

void compare_on_random_packets(const RandomRun& run, const char* variable, Comparison& comparison) {
    RandomSource random(run.seed);
    auto model = std::make_shared<const Model>(random_model(random));
    comparison.begin(model, random_host());
    PacketStream stream(*model, random);
    bool do_agree = true;
    std::uint64_t i = 0;
    for (; i < run.packets && do_agree; ++i) {
        std::shared_ptr<const Model> next;
        if (random.below(kPacketsPerChange) == 0) {
            next = model = std::make_shared<const Model>(changed_model(*model, random));
            stream.set_model(*model);
        }
        Step step = stream.next();
        step.model = std::move(next);
        if (run.bend) {
            run.bend(step, random);
        }
        std::optional<Step> again;
        if (run.comes_back != 0 && i % run.comes_back == 0) {
            again = step;
            again->model = nullptr;
        }
        do_agree = comparison.agree_on(std::move(step)) && (!again || comparison.agree_on(std::move(*again)));
    }
    if (!do_agree || !comparison.agree_on_rules()) {
        ADD_FAILURE() << variable << "=" << run.seed << ", packet " << i << ": " << comparison.difference()
                      << "\nthe same, with fewer packets: " << comparison.minimised_case();
    }
}

}  // namespace portcullis::test
