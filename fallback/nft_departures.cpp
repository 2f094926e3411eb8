// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_departures.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

namespace portcullis {
namespace {

constexpr std::size_t kMessageBytes = 1UL << 16;

// Of another family it is said when a port leaves its bridge.
int note(const nlmsghdr* message, void* into) {
    if (message->nlmsg_type == RTM_DELLINK && mnl_nlmsg_get_payload_len(message) >= sizeof(ifinfomsg)) {
        const auto* const link = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
        if (link->ifi_family == AF_UNSPEC) {
            static_cast<std::set<std::uint32_t>*>(into)->insert(static_cast<std::uint32_t>(link->ifi_index));
        }
    }
    return MNL_CB_OK;
}

}  // namespace

void NftDepartures::Closer::operator()(mnl_socket* socket) const noexcept { (void)mnl_socket_close(socket); }

Result<NftDepartures> NftDepartures::open() {
    NftDepartures departures;
    departures.socket_.reset(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!departures.socket_ || mnl_socket_bind(departures.socket_.get(), RTMGRP_LINK, MNL_SOCKET_AUTOPID) != 0) {
        return fail("cannot listen to news of devices", errno);
    }
    return departures;
}

Result<std::optional<std::set<std::uint32_t>>> NftDepartures::take() {
    std::set<std::uint32_t> gone;
    std::vector<char> buffer(kMessageBytes);
    bool is_complete = true;
    for (;;) {
        const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
        if (got > 0) {
            (void)mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 0, 0, note, &gone);  // fails only where the callback does
        } else if (got < 0 && (errno == ENOBUFS || errno == ENOSPC)) {  // the kernel's word for lost news; what there is goes on
            is_complete = false;
        } else if (got < 0 && errno == EAGAIN) {
            return is_complete ? std::optional(gone) : std::nullopt;
        } else if (got == 0 || errno != EINTR) {
            return fail("cannot read news of devices", got == 0 ? EIO : errno);
        }
    }
}

}  // namespace portcullis
