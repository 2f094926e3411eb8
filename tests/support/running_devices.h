// SPDX-License-Identifier: Apache-2.0
// When a device carries frames: the far end of its cable came up, and the kernel has taken that up, which it does some time after both ends
// were set up. Until then it throws away what is sent, and a port of a bridge does not forward.
#pragma once

#include <string>
#include <vector>

#include "tests/support/netns.h"

namespace portcullis::test {

// Returns when every one of these devices of the namespace is operationally up (IFF_RUNNING). Ends the process where one of them is not
// within ten seconds (`patience`).
void wait_until_running(const NetNamespace& where, const std::vector<std::string>& devices);

}  // namespace portcullis::test
