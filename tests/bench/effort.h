// SPDX-License-Identifier: Apache-2.0
// How much of everything: a result, a glance, or only that it runs at all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace portcullis::bench {

struct Effort {
    std::string extent = "full";
    std::size_t turns = 5;              // interleaved repetitions, where nothing else is said
    std::uint32_t packets = 1'000'000;  // of one sample
    std::uint32_t new_flows = 60'000;   // of one sample in which every packet opens one; at most 60,000: of one address
    std::vector<std::uint64_t> rotations{100'000, 1'000'000};            // flows in rotation besides one
    std::uint64_t live_flows = 50'000;                                   // of the live path besides one
    std::size_t prefixes = 10'000;                                       // of a large policy
    std::vector<std::size_t> sizes{1, 10, 100, 1'000, 10'000, 100'000};  // of policies, in rules and in members
    std::vector<std::size_t> models{100, 10'000, 1'000'000};             // rules
    std::size_t changes = 100;                                           // of each kind to a small model; a twentieth to the largest
    std::size_t interfaces = 10'000;                                     // and as many groups, of the cold start
    std::size_t ports = 1'000;
    std::uint32_t connections = 20'000;  // of one sample
    std::string bulk = "-t 5";           // how much of one stream, as iperf3 takes it
    std::uint32_t round_trips = 20'000;  // of one sample
    std::uint32_t flood = 1'000'000;     // packets
};

[[nodiscard]] inline Effort full_effort() { return {}; }

[[nodiscard]] inline Effort quick_effort() {
    return {.extent = "quick",
            .turns = 5,
            .packets = 200'000,
            .new_flows = 32'768,
            .rotations = {100'000},
            .live_flows = 50'000,
            .prefixes = 10'000,
            .sizes = {1, 100, 10'000},
            .models = {100, 10'000},
            .changes = 20,
            .interfaces = 1'000,
            .ports = 100,
            .connections = 5'000,
            .bulk = "-t 1",
            .round_trips = 5'000,
            .flood = 200'000};
}

[[nodiscard]] inline Effort smoke_effort() {
    return {.extent = "smoke",
            .turns = 1,
            .packets = 200,
            .new_flows = 100,
            .rotations = {100},
            .live_flows = 50,
            .prefixes = 20,
            .sizes = {1, 10},
            .models = {100},
            .changes = 2,
            .interfaces = 10,
            .ports = 5,
            .connections = 50,
            .bulk = "-n 1M",
            .round_trips = 10,
            .flood = 1'000};
}

}  // namespace portcullis::bench
