// SPDX-License-Identifier: Apache-2.0
#include "tests/support/running_devices.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <set>

namespace portcullis::test {
namespace {

// Devices that still do not run, by what the kernel says of its devices.
class Awaited {
   public:
    explicit Awaited(const std::vector<std::string>& devices) : missing_(devices.begin(), devices.end()) {}
    [[nodiscard]] bool is_over() const { return missing_.empty(); }
    void take(const void* data, int bytes) {
        const auto* message = static_cast<const nlmsghdr*>(data);
        for (; mnl_nlmsg_ok(message, bytes); message = mnl_nlmsg_next(message, &bytes)) {
            if (message->nlmsg_type == RTM_NEWLINK) {
                take_device(message);
            }
        }
    }

   private:
    void take_device(const nlmsghdr* message) {
        const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
        if ((info->ifi_flags & IFF_RUNNING) != 0) {
            (void)mnl_attr_parse(message, sizeof *info, forget_name, &missing_);
        }
    }
    static int forget_name(const nlattr* attribute, void* missing) {
        if (mnl_attr_get_type(attribute) == IFLA_IFNAME) {
            static_cast<std::set<std::string>*>(missing)->erase(mnl_attr_get_str(attribute));
        }
        return MNL_CB_OK;
    }
    std::set<std::string> missing_;
};

// Subscribed to the namespace's devices, and with a list of those it has now under way.
UniqueFd follow_devices(const NetNamespace& where) {
    const NetNamespace::Entered here = where.enter();
    UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    sockaddr_nl own{};
    own.nl_family = AF_NETLINK;
    own.nl_groups = RTMGRP_LINK;
    std::array<char, 64> buffer{};
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = RTM_GETLINK;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    (void)mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg));
    if (!socket.is_open() || ::bind(socket.value(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
        ::send(socket.value(), request, request->nlmsg_len, 0) != static_cast<ssize_t>(request->nlmsg_len)) {
        end_test_run("follow the devices of a namespace");
    }
    return socket;
}

}  // namespace

void wait_until_running(const NetNamespace& where, const std::vector<std::string>& devices) {
    const UniqueFd socket = follow_devices(where);
    const auto deadline = std::chrono::steady_clock::now() + patience(std::chrono::seconds(10));
    std::array<char, 65536> buffer{};
    for (Awaited awaited(devices); !awaited.is_over();) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd waiting{.fd = socket.value(), .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
            end_test_run("wait until " + devices.front() + " and its like carry frames");
        }
        const ssize_t bytes = ::recv(socket.value(), buffer.data(), buffer.size(), 0);
        if (bytes < 0) {
            end_test_run("read about devices");
        }
        awaited.take(buffer.data(), static_cast<int>(bytes));
    }
}

}  // namespace portcullis::test
