// SPDX-License-Identifier: Apache-2.0
// The exposition format of Prometheus (text, version 0.0.4), read strictly.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::test {

struct Exposition {
    std::vector<std::string> faults;        // what the format does not allow, a line each; empty: all is well
    std::map<std::string, double> samples;  // by name and labels as they stand: `a_total{x="1"}`
};

// Every sample belongs to the family before it, whose HELP and TYPE stand once, in this order; names and labels are of the format's
// characters, values are escaped; counters end in _total and are whole numbers from 0; no sample stands twice; the last line ends.
[[nodiscard]] Exposition read_exposition(std::string_view text);

}  // namespace portcullis::test
