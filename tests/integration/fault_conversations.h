// SPDX-License-Identifier: Apache-2.0
// The second and the third probe: TCP streams whose bytes are known and that go on from beginning to end, and new connections one after
// the other, between the first instance and the second, in both families.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <thread>

#include "tests/support/stacks.h"
#include "tests/support/test_host.h"

namespace portcullis::test {

class AllowedConversations {
   public:
    // Returns once the streams are established; a thread of its own goes on.
    explicit AllowedConversations(const TestHost& host);
    AllowedConversations(const AllowedConversations&) = delete;
    AllowedConversations& operator=(const AllowedConversations&) = delete;
    ~AllowedConversations();

    // Of the streams: bytes that went out, and those that came to the other end and back again, each in its place.
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t returned() const { return returned_; }
    // Streams that were reset, or where a byte was not the one that was sent.
    [[nodiscard]] std::uint64_t broken() const { return broken_; }
    // New connections that came about and carried a message, and those that did not within ten seconds (`patience`).
    [[nodiscard]] std::uint64_t connections() const { return connections_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    // Sends no more; ends when everything that was sent is back or ten seconds later (`patience`).
    void stop();

   private:
    struct Stream {
        TcpConnection client, server;
        std::uint64_t sent = 0, received = 0, returned = 0;  // bytes; `received`: by the server
        std::string to_return;
        bool is_broken = false;
    };
    // One attempt at a new connection.
    struct Attempt {
        TcpConnection client;
        std::optional<TcpConnection> server;
        bool has_spoken = false;
        std::chrono::steady_clock::time_point deadline;
    };
    struct Ends {
        const NetNamespace& where;
        Address client, server;
        TcpListener listener;
        std::optional<Attempt> attempt;
    };

    [[nodiscard]] Stream begin_stream(const Ends& ends) const;
    void run();
    void go_on(Stream& stream, bool sends);
    void go_on(Ends& ends);

    std::deque<Ends> ends_;  // one of each family
    std::deque<Stream> streams_;
    std::atomic<std::uint64_t> sent_ = 0, returned_ = 0, broken_ = 0, connections_ = 0, refused_ = 0;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

}  // namespace portcullis::test
