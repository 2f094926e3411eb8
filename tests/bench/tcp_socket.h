// SPDX-License-Identifier: Apache-2.0
// TCP sockets of the first instance, which connects to 198.51.100.1, and of the second, which listens there. Failures end the process.
#pragma once

#include <cstdint>

#include "core/unique_fd.h"
#include "tests/support/netns.h"

namespace portcullis::bench {

[[nodiscard]] UniqueFd listen_tcp(const test::NetNamespace& where, std::uint16_t port);
// Waits, ten seconds at most.
[[nodiscard]] UniqueFd accept_tcp(const UniqueFd& listener);
[[nodiscard]] UniqueFd connect_tcp(const test::NetNamespace& where, std::uint16_t port);
// The thread is in the namespace; the socket becomes writable when it is connected.
[[nodiscard]] UniqueFd begin_to_connect(std::uint16_t port);

}  // namespace portcullis::bench
