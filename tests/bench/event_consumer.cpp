// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/event_consumer.h"

#include <poll.h>

#include "tests/bench/machine.h"
#include "tests/support/netns.h"

namespace portcullis::bench {
namespace {

constexpr int kLookEvery_ms = 20;  // whether it is over

void consume(Dataplane& dataplane, const std::atomic<bool>& is_over) {
    stay_on_cpu(0);
    while (!is_over) {
        pollfd readable{.fd = dataplane.events_fd(), .events = POLLIN, .revents = 0};
        if (::poll(&readable, 1, kLookEvery_ms) > 0) {
            (void)test::value_or_end(dataplane.take_events(), "take events");  // as fast as may be; nobody reads them
        }
    }
}

}  // namespace

EventConsumer::EventConsumer(Dataplane& dataplane) : thread_([this, &dataplane] { consume(dataplane, is_over_); }) {}

EventConsumer::~EventConsumer() {
    is_over_ = true;
    thread_.join();
}

}  // namespace portcullis::bench
