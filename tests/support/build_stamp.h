// SPDX-License-Identifier: Apache-2.0
// What is pinned, as a daemon that was built from other BPF programs would have left it.
#pragma once

#include <string>

namespace portcullis::test {

// `directory`: the bpffs directory of a daemon that enforces.
void pretend_another_build(const std::string& directory);

}  // namespace portcullis::test
