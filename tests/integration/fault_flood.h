// SPDX-License-Identifier: Apache-2.0
// The first probe: forbidden packets from one instance to another without pause, of several kinds, and whoever would get them.
//
// Each kind is delivered where nothing is enforced, which `wait_until_delivered` asks for: so that none arrives later says something.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>

#include "tests/support/delivery_fence.h"
#include "tests/support/raw_socket.h"
#include "tests/support/stacks.h"
#include "tests/support/test_host.h"

namespace portcullis::test {

class ForbiddenFlood {
   public:
    // From the host's first instance to its second, at about ten thousand a second from a thread of its own.
    explicit ForbiddenFlood(const TestHost& host);
    ForbiddenFlood(const ForbiddenFlood&) = delete;
    ForbiddenFlood& operator=(const ForbiddenFlood&) = delete;
    ~ForbiddenFlood();

    // Returns once the second instance has had one of each kind.
    void wait_until_delivered() const;
    // Nothing that was sent before is under way any more, and only what comes from now on counts.
    void begin_counting();
    // Ends when everything that was sent has arrived or was dropped.
    void stop();
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t delivered() const;
    // Of one kind: the first letter of the datagram says which. What others send as a further kind (kOwnKinds …) counts as forbidden as
    // well, but for those from kAllowed on.
    [[nodiscard]] std::uint64_t delivered(std::size_t kind) const { return delivered_.at(kind); }

    // UDP to a closed port in both families; to the open one with an address, and with a MAC, that is not the sender's.
    static constexpr std::size_t kOwnKinds = 4;
    static constexpr std::size_t kAllowed = 9, kKinds = 16;
    [[nodiscard]] static std::string text_of(std::size_t kind) { return std::string(1, static_cast<char>('0' + kind)); }

   private:
    static constexpr std::size_t kFlows = 64;

    void start();
    void run();
    void count_arrivals();

    RawSocket sender_;
    std::array<UdpSocket, 3> sinks_;  // of the open port and the closed one
    DeliveryFence fence_;
    std::array<std::array<Bytes, kFlows>, kOwnKinds> frames_;
    std::array<std::atomic<std::uint64_t>, kKinds> delivered_{};
    std::atomic<std::uint64_t> sent_ = 0;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

}  // namespace portcullis::test
