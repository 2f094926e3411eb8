// SPDX-License-Identifier: Apache-2.0
#include "tests/support/raw_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <chrono>

#include "tests/support/netns.h"

namespace portcullis::test {

RawClient::RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    const void* generic = &address;
    if (::connect(fd_.value(), static_cast<const sockaddr*>(generic), sizeof address) != 0) {
        end_test_run("connect to a socket");
    }
}

void RawClient::send(std::string_view text) const { (void)::send(fd_.value(), text.data(), text.size(), MSG_NOSIGNAL); }

void RawClient::finish() const { (void)::shutdown(fd_.value(), SHUT_WR); }

std::string RawClient::receive() const {
    std::string text;
    (void)receive(text);
    return text;
}

bool RawClient::receive(std::string& text) const {
    const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(patience(std::chrono::seconds(30)));
    std::array<char, 4096> buffer{};
    for (;;) {
        pollfd waiting{.fd = fd_.value(), .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, static_cast<int>(longest.count())) <= 0) {
            return false;
        }
        const ssize_t size = ::recv(fd_.value(), buffer.data(), buffer.size(), 0);
        if (size <= 0) {
            return true;
        }
        text.append(buffer.data(), static_cast<std::size_t>(size));
    }
}

}  // namespace portcullis::test
