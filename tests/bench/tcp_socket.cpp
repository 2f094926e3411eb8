// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/tcp_socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace portcullis::bench {
namespace {

constexpr int kBacklog = 4'096;
constexpr time_t kPatience_s = 10;

sockaddr_in server(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(0xc6336401);  // 198.51.100.1
    return address;
}

UniqueFd tcp(int flags) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    const int on = 1;
    const timeval patience{.tv_sec = kPatience_s, .tv_usec = 0};
    if (!socket.is_open() || ::setsockopt(socket.value(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::setsockopt(socket.value(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        ::setsockopt(socket.value(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
        test::end_test_run("make a TCP socket");
    }
    return socket;
}

int connect_to(const UniqueFd& socket, std::uint16_t port) {
    const sockaddr_in address = server(port);
    return ::connect(socket.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace

UniqueFd listen_tcp(const test::NetNamespace& where, std::uint16_t port) {
    const test::NetNamespace::Entered here = where.enter();
    UniqueFd socket = tcp(0);
    const sockaddr_in address = server(port);
    if (::bind(socket.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket.value(), kBacklog) != 0) {
        test::end_test_run("listen");
    }
    return socket;
}

UniqueFd accept_tcp(const UniqueFd& listener) {
    UniqueFd accepted(::accept4(listener.value(), nullptr, nullptr, SOCK_CLOEXEC));
    const int on = 1;
    if (!accepted.is_open() || ::setsockopt(accepted.value(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        test::end_test_run("accept a connection");
    }
    return accepted;
}

UniqueFd connect_tcp(const test::NetNamespace& where, std::uint16_t port) {
    const test::NetNamespace::Entered here = where.enter();
    UniqueFd socket = tcp(0);
    if (connect_to(socket, port) != 0) {
        test::end_test_run("connect");
    }
    return socket;
}

UniqueFd begin_to_connect(std::uint16_t port) {
    UniqueFd socket = tcp(SOCK_NONBLOCK);
    if (connect_to(socket, port) != 0 && errno != EINPROGRESS) {
        test::end_test_run("begin to connect");
    }
    return socket;
}

}  // namespace portcullis::bench
