// SPDX-License-Identifier: Apache-2.0
// Sockets in namespaces: real TCP, UDP and ICMP of the kernel, without processes. Nothing blocks; what must happen is waited for with
// wait_until (tests/support/netns.h), what must not is told by a counter or by something else that happened after it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/unique_fd.h"
#include "tests/support/netns.h"

namespace portcullis::test {

// A connection attempt or an accepted connection.
class TcpConnection {
   public:
    explicit TcpConnection(UniqueFd socket) : socket_(std::move(socket)) {}
    // The handshake is through, or was refused by the peer's stack.
    [[nodiscard]] bool is_established() const;
    [[nodiscard]] bool is_reset() const;
    // The errno that the stack holds ready, which it then forgets; 0: none.
    [[nodiscard]] int take_error() const;
    void send(std::string_view text) const;
    // As much as the stack takes now; how much that was.
    [[nodiscard]] std::size_t send_some(std::string_view text) const;
    // What waits to be read, at most 64 KiB; empty when nothing does.
    [[nodiscard]] std::string receive() const;
    // What the stack found out about the peer and the path.
    struct Findings {
        unsigned our_window_shift = 0;
        unsigned their_window_shift = 0;
        unsigned path_mtu = 0;
    };
    [[nodiscard]] Findings findings() const;

   private:
    UniqueFd socket_;
};

class TcpListener {
   public:
    TcpListener(const NetNamespace& where, const Address& address, std::uint16_t port);
    // None when nobody has connected.
    [[nodiscard]] std::optional<TcpConnection> accept() const;

   private:
    UniqueFd socket_;
};

// Starts a connection from `source` (any port) or ends the process where the stack itself refuses to try.
[[nodiscard]] TcpConnection connect_tcp(const NetNamespace& where, const Address& source, const Address& destination, std::uint16_t port);

class UdpSocket {
   public:
    // Port 0: any.
    UdpSocket(const NetNamespace& where, const Address& address, std::uint16_t port);
    void send(const Address& destination, std::uint16_t port, std::string_view text) const;
    // Text of the next datagram that waits, and its sender as the address to answer to.
    struct Datagram {
        std::string text;
        Address sender;
        std::uint16_t port = 0;
    };
    [[nodiscard]] std::optional<Datagram> receive() const;
    // From now on the stack tells what becomes of datagrams to there.
    void connect(const Address& destination, std::uint16_t port) const;
    [[nodiscard]] int take_error() const;  // as TcpConnection's

   private:
    UniqueFd socket_;
};

// Echo requests of one identifier.
class PingSocket {
   public:
    PingSocket(const NetNamespace& where, const Address& source, std::uint16_t identifier);
    // With that many bytes behind the ICMP header: more than a link takes at once leave as fragments.
    void send(const Address& destination, std::uint16_t sequence, std::size_t data_bytes = 0) const;
    // An echo reply with our identifier waits; its sequence.
    [[nodiscard]] std::optional<std::uint16_t> receive() const;

   private:
    UniqueFd socket_;
    Family family_;
    std::uint16_t identifier_;
};

}  // namespace portcullis::test
