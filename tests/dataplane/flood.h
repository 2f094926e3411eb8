// SPDX-License-Identifier: Apache-2.0
// Packets that must not arrive, for as long as something is done to what keeps them from it.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "tests/dataplane/two_instances.h"
#include "tests/support/netns.h"

namespace portcullis::test {

// Sends a forbidden packet again and again, from a thread of its own.
class Flood {
   public:
    Flood(const TwoInstances& net, std::uint16_t udp_port)
        : thread_([&net, udp_port, this] {
              while (!is_over_) {
                  net.send(udp_port);
                  ++sent_;
              }
          }) {}
    Flood(const Flood&) = delete;
    Flood& operator=(const Flood&) = delete;
    ~Flood() { stop(); }
    // Returns when that many more have been sent.
    void go_on(std::uint64_t packets) const {
        const std::uint64_t goal = sent_ + packets;
        if (!wait_until([&] { return sent_ >= goal; })) {
            end_test_run("send without pause");
        }
    }
    // Packets sent.
    std::uint64_t stop() {
        is_over_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
        return sent_;
    }

   private:
    std::atomic<bool> is_over_ = false;
    std::atomic<std::uint64_t> sent_ = 0;
    std::thread thread_;
};

}  // namespace portcullis::test
