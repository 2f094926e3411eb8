// SPDX-License-Identifier: Apache-2.0
#include "tests/support/raw_socket.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace portcullis::test {
namespace {

template <class T>
void set_option(int socket, int option, T value) {
    if (::setsockopt(socket, SOL_PACKET, option, &value, sizeof value) != 0) {
        end_test_run("set an option of a packet socket");
    }
}

// The tag that the kernel moved from the frame into metadata, as four bytes behind the addresses again.
void put_tag_back(Bytes& frame, const tpacket_auxdata& aux) {
    const std::uint16_t tpid = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? aux.tp_vlan_tpid : std::uint16_t{0x8100};
    const std::array<std::uint8_t, 4> tag{static_cast<std::uint8_t>(tpid >> 8), static_cast<std::uint8_t>(tpid),
                                          static_cast<std::uint8_t>(aux.tp_vlan_tci >> 8), static_cast<std::uint8_t>(aux.tp_vlan_tci)};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
}

}  // namespace

RawSocket::RawSocket(const NetNamespace& where, const std::string& device) : device_(device) {
    const NetNamespace::Entered here = where.enter();
    socket_ = UniqueFd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
    if (!socket_.is_open()) {
        end_test_run("open a packet socket");
    }
    set_option(socket_.value(), PACKET_AUXDATA, 1);
    set_option(socket_.value(), PACKET_IGNORE_OUTGOING, 1);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(where.ifindex_of(device));
    if (::bind(socket_.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        end_test_run("bind a packet socket to " + device);
    }
    drain();  // between its creation and the bind it heard every device
}

void RawSocket::send(std::span<const std::uint8_t> frame) const {
    const ssize_t sent = ::send(socket_.value(), frame.data(), frame.size(), 0);
    if (sent != static_cast<ssize_t>(frame.size()) && errno != ENOBUFS) {
        end_test_run("send a frame of " + std::to_string(frame.size()) + " bytes on " + device_);
    }
}

void RawSocket::set_mark(std::uint32_t mark) const {
    if (::setsockopt(socket_.value(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) {
        end_test_run("mark a packet socket");
    }
}

std::optional<Bytes> RawSocket::receive() const {
    Bytes frame(65536);
    iovec part{.iov_base = frame.data(), .iov_len = frame.size()};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(tpacket_auxdata))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = ::recvmsg(socket_.value(), &message, 0);
    if (length < 0) {
        if (errno != EAGAIN) {
            end_test_run("receive on " + device_);
        }
        return std::nullopt;
    }
    frame.resize(static_cast<std::size_t>(length));
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_type == PACKET_AUXDATA) {
        tpacket_auxdata aux;
        std::memcpy(&aux, CMSG_DATA(header), sizeof aux);
        if ((aux.tp_status & TP_STATUS_VLAN_VALID) != 0) {
            put_tag_back(frame, aux);
        }
    }
    return frame;
}

void RawSocket::drain() const {
    while (receive()) {
    }
}

}  // namespace portcullis::test
