// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/fault_conversations.h"

#include <poll.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "tests/integration/fault_model.h"

namespace portcullis::test {
namespace {

constexpr std::size_t kPiece = 2048;            // bytes that a stream sends at a time
constexpr std::uint64_t kMostUnderWay = 65536;  // bytes
constexpr int kPause = 5;                       // milliseconds, so that connections do not use up the client's ports
constexpr std::string_view kGreeting = "hello";

char byte_at(std::uint64_t offset) { return static_cast<char>((offset * 2654435761U) >> 11U); }

std::string bytes_from(std::uint64_t offset) {
    std::string bytes(kPiece, ' ');
    for (char& byte : bytes) {
        byte = byte_at(offset++);
    }
    return bytes;
}

// Whether they are those of a stream from `offset` on, which is moved behind them.
bool are_in_place(std::string_view bytes, std::uint64_t& offset) {
    bool is_right = true;
    for (const char byte : bytes) {
        is_right = byte == byte_at(offset++) && is_right;
    }
    return is_right;
}

}  // namespace

AllowedConversations::AllowedConversations(const TestHost& host) {
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        const Address server = probe_address(1, family);
        ends_.push_back({.where = host.instance(0),
                         .client = probe_address(0, family),
                         .server = server,
                         .listener = TcpListener(host.instance(1), server, kOpenProbe),
                         .attempt = std::nullopt});
        streams_.push_back(begin_stream(ends_.back()));
    }
    thread_ = std::thread([this] { run(); });
}

AllowedConversations::~AllowedConversations() { stop(); }

void AllowedConversations::stop() {
    is_over_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

AllowedConversations::Stream AllowedConversations::begin_stream(const Ends& ends) const {
    TcpConnection client = connect_tcp(ends.where, ends.client, ends.server, kOpenProbe);
    std::optional<TcpConnection> server;
    if (!wait_until([&] { return (server = ends.listener.accept()).has_value(); })) {
        end_test_run("begin a stream that is allowed");
    }
    return {.client = std::move(client), .server = std::move(*server), .to_return = {}};
}

void AllowedConversations::run() {
    while (!is_over_) {
        for (Stream& stream : streams_) {
            go_on(stream, true);
        }
        for (Ends& ends : ends_) {
            go_on(ends);
        }
        (void)::poll(nullptr, 0, kPause);
    }
    for (Stream& stream : streams_) {
        (void)wait_until([&] {
            go_on(stream, false);
            return stream.returned == stream.sent || stream.is_broken;
        });
    }
}

void AllowedConversations::go_on(Stream& stream, bool sends) {
    if (sends && stream.sent - stream.returned < kMostUnderWay) {
        const std::size_t bytes = stream.client.send_some(bytes_from(stream.sent));
        stream.sent += bytes;
        sent_ += bytes;
    }
    const std::string arrived = stream.server.receive();
    bool is_whole = are_in_place(arrived, stream.received);
    stream.to_return += arrived;
    stream.to_return.erase(0, stream.to_return.empty() ? 0 : stream.server.send_some(stream.to_return));
    const std::string back = stream.client.receive();
    is_whole = are_in_place(back, stream.returned) && is_whole;
    returned_ += back.size();
    if (!stream.is_broken && (!is_whole || stream.client.is_reset() || stream.server.is_reset())) {
        stream.is_broken = true;
        ++broken_;
    }
}

void AllowedConversations::go_on(Ends& ends) {
    if (!ends.attempt) {
        ends.attempt = Attempt{.client = connect_tcp(ends.where, ends.client, ends.server, kOpenProbe),
                               .server = std::nullopt,
                               .deadline = std::chrono::steady_clock::now() + patience(std::chrono::seconds(10))};
        return;
    }
    Attempt& attempt = *ends.attempt;
    if (!attempt.has_spoken && attempt.client.is_established()) {
        attempt.client.send(kGreeting);
        attempt.has_spoken = true;
    }
    if (!attempt.server) {
        attempt.server = ends.listener.accept();
    }
    if (attempt.server && attempt.server->receive() == kGreeting) {
        ++connections_;
        ends.attempt.reset();
    } else if (std::chrono::steady_clock::now() > attempt.deadline) {
        ++refused_;
        ends.attempt.reset();
    }
}

}  // namespace portcullis::test
