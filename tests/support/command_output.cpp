// SPDX-License-Identifier: Apache-2.0
#include "tests/support/command_output.h"

#include <array>
#include <cstdio>
#include <memory>

#include "tests/support/netns.h"

namespace portcullis::test {

std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> shown(::popen(command.c_str(), "re"), ::pclose);
    if (!shown) {
        end_test_run("run " + command);
    }
    std::string output;
    std::array<char, 4096> part{};
    while (std::fgets(part.data(), part.size(), shown.get()) != nullptr) {
        output += part.data();
    }
    return output;
}

}  // namespace portcullis::test
