// SPDX-License-Identifier: Apache-2.0
#include "tests/support/stacks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tests/support/packet.h"

namespace portcullis::test {
namespace {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    [[nodiscard]] const sockaddr* pointer() const { return reinterpret_cast<const sockaddr*>(&storage); }
    [[nodiscard]] sockaddr* pointer() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const Address& address, std::uint16_t port) {
    SocketAddress out;
    if (address.family == Family::Ipv4) {
        auto& in = reinterpret_cast<sockaddr_in&>(out.storage);
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        std::copy_n(address.bytes.begin(), 4, reinterpret_cast<std::uint8_t*>(&in.sin_addr));
        out.length = sizeof in;
        return out;
    }
    auto& in = reinterpret_cast<sockaddr_in6&>(out.storage);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::copy_n(address.bytes.begin(), 16, reinterpret_cast<std::uint8_t*>(&in.sin6_addr));
    out.length = sizeof in;
    return out;
}

UniqueFd open_bound(const NetNamespace& where, const Address& address, std::uint16_t port, std::pair<int, int> type_and_protocol) {
    const NetNamespace::Entered here = where.enter();
    const int family = address.family == Family::Ipv4 ? AF_INET : AF_INET6;
    UniqueFd fd(::socket(family, type_and_protocol.first | SOCK_CLOEXEC | SOCK_NONBLOCK, type_and_protocol.second));
    const SocketAddress to = socket_address(address, port);
    if (!fd.is_open() || ::bind(fd.value(), to.pointer(), to.length) != 0) {
        end_test_run("bind a socket to " + address.to_string());
    }
    return fd;
}

tcp_info tcp_state(int socket) {
    tcp_info info{};
    socklen_t length = sizeof info;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) {
        end_test_run("read the state of a connection");
    }
    return info;
}

int pending_error(int socket) {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
        end_test_run("read the error of a socket");
    }
    return error;
}

// Text of what waits; none when nothing does.
std::optional<std::string> receive_text(int socket, SocketAddress& from) {
    std::array<char, 65536> buffer{};
    const ssize_t length = ::recvfrom(socket, buffer.data(), buffer.size(), 0, from.pointer(), &from.length);
    if (length < 0) {
        return std::nullopt;
    }
    return std::string(buffer.data(), static_cast<std::size_t>(length));
}

}  // namespace

bool TcpConnection::is_established() const { return tcp_state(socket_.value()).tcpi_state == TCP_ESTABLISHED; }
bool TcpConnection::is_reset() const { return tcp_state(socket_.value()).tcpi_state == TCP_CLOSE; }

int TcpConnection::take_error() const { return pending_error(socket_.value()); }

void TcpConnection::send(std::string_view text) const {
    if (send_some(text) != text.size()) {
        end_test_run("send on a connection");
    }
}

std::size_t TcpConnection::send_some(std::string_view text) const {
    const ssize_t sent = ::send(socket_.value(), text.data(), text.size(), MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

std::string TcpConnection::receive() const {
    SocketAddress from;
    return receive_text(socket_.value(), from).value_or("");
}

TcpConnection::Findings TcpConnection::findings() const {
    const tcp_info info = tcp_state(socket_.value());
    return {.our_window_shift = info.tcpi_rcv_wscale, .their_window_shift = info.tcpi_snd_wscale, .path_mtu = info.tcpi_pmtu};
}

TcpListener::TcpListener(const NetNamespace& where, const Address& address, std::uint16_t port)
    : socket_(open_bound(where, address, port, {SOCK_STREAM, 0})) {
    if (::listen(socket_.value(), 8) != 0) {
        end_test_run("listen");
    }
}

std::optional<TcpConnection> TcpListener::accept() const {
    UniqueFd fd(::accept4(socket_.value(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.is_open()) {
        return std::nullopt;
    }
    return TcpConnection(std::move(fd));
}

TcpConnection connect_tcp(const NetNamespace& where, const Address& source, const Address& destination, std::uint16_t port) {
    UniqueFd fd = open_bound(where, source, 0, {SOCK_STREAM, 0});
    const SocketAddress to = socket_address(destination, port);
    if (::connect(fd.value(), to.pointer(), to.length) != 0 && errno != EINPROGRESS) {
        end_test_run("connect to " + destination.to_string());
    }
    return TcpConnection(std::move(fd));
}

UdpSocket::UdpSocket(const NetNamespace& where, const Address& address, std::uint16_t port)
    : socket_(open_bound(where, address, port, {SOCK_DGRAM, 0})) {}

void UdpSocket::send(const Address& destination, std::uint16_t port, std::string_view text) const {
    const SocketAddress to = socket_address(destination, port);
    if (::sendto(socket_.value(), text.data(), text.size(), 0, to.pointer(), to.length) != static_cast<ssize_t>(text.size())) {
        end_test_run("send a datagram to " + destination.to_string());
    }
}

std::optional<UdpSocket::Datagram> UdpSocket::receive() const {
    SocketAddress from;
    const std::optional<std::string> text = receive_text(socket_.value(), from);
    if (!text) {
        return std::nullopt;
    }
    Datagram datagram{.text = *text, .sender = {}};
    if (from.storage.ss_family == AF_INET) {
        const auto& in = reinterpret_cast<const sockaddr_in&>(from.storage);
        std::copy_n(reinterpret_cast<const std::uint8_t*>(&in.sin_addr), 4, datagram.sender.bytes.begin());
        datagram.port = ntohs(in.sin_port);
    } else {
        const auto& in = reinterpret_cast<const sockaddr_in6&>(from.storage);
        datagram.sender.family = Family::Ipv6;
        std::copy_n(reinterpret_cast<const std::uint8_t*>(&in.sin6_addr), 16, datagram.sender.bytes.begin());
        datagram.port = ntohs(in.sin6_port);
    }
    return datagram;
}

void UdpSocket::connect(const Address& destination, std::uint16_t port) const {
    const SocketAddress to = socket_address(destination, port);
    if (::connect(socket_.value(), to.pointer(), to.length) != 0) {
        end_test_run("connect to " + destination.to_string());
    }
}

int UdpSocket::take_error() const { return pending_error(socket_.value()); }

PingSocket::PingSocket(const NetNamespace& where, const Address& source, std::uint16_t identifier)
    : socket_(open_bound(where, source, 0, {SOCK_RAW, source.family == Family::Ipv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}})),
      family_(source.family),
      identifier_(identifier) {}

void PingSocket::send(const Address& destination, std::uint16_t sequence, std::size_t data_bytes) const {
    // The kernel computes the checksum of ICMPv6 itself.
    const std::uint8_t type = family_ == Family::Ipv4 ? 8 : 128;
    const Icmp header{.type = type, .identifier = identifier_, .sequence = sequence, .checksum = {}};
    const Bytes message = Packet{.layers = {header, Payload{Bytes(data_bytes, 'x')}}}.bytes();
    const SocketAddress to = socket_address(destination, 0);
    if (::sendto(socket_.value(), message.data(), message.size(), 0, to.pointer(), to.length) != static_cast<ssize_t>(message.size())) {
        end_test_run("send an echo request to " + destination.to_string());
    }
}

std::optional<std::uint16_t> PingSocket::receive() const {
    SocketAddress from;
    while (const std::optional<std::string> raw = receive_text(socket_.value(), from)) {
        const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(raw->at(at)); };
        const auto word = [&](std::size_t at) { return static_cast<std::uint16_t>(byte(at) << 8 | byte(at + 1)); };
        const std::size_t header = family_ == Family::Ipv4 ? static_cast<std::size_t>(byte(0) & 15) * 4 : 0;
        if (byte(header) == (family_ == Family::Ipv4 ? 0 : 129) && word(header + 4) == identifier_) {
            return word(header + 6);
        }
    }
    return std::nullopt;
}

}  // namespace portcullis::test
