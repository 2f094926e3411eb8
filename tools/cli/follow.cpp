// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/follow.h"

#include <poll.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>

namespace portcullis {

// Blocked for the rest of the program: it ends when one has come.
Result<Interruption> Interruption::expect() {
    sigset_t awaited;
    ::sigemptyset(&awaited);
    ::sigaddset(&awaited, SIGINT);
    ::sigaddset(&awaited, SIGTERM);
    if (::sigprocmask(SIG_BLOCK, &awaited, nullptr) != 0) {
        return fail(Error::from_errno("cannot wait for signals", errno));
    }
    UniqueFd signals(::signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK));
    return signals.is_open() ? Result<Interruption>(Interruption(std::move(signals)))
                             : fail(Error::from_errno("cannot wait for signals", errno));
}

bool Interruption::comes_within(std::chrono::milliseconds time) const {
    pollfd waiting{.fd = signals_.value(), .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, static_cast<int>(time.count())) != 0;
}

}  // namespace portcullis
