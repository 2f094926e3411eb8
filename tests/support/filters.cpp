// SPDX-License-Identifier: Apache-2.0
#include "tests/support/filters.h"

#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <array>
#include <memory>

#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

struct Close {
    void operator()(mnl_socket* socket) const { (void)::mnl_socket_close(socket); }  // nothing to be done about a failure
};
constexpr std::size_t kDumpBytes = 32768;  // no message of a dump is longer

using Socket = std::unique_ptr<mnl_socket, Close>;

int add_id(const nlattr* option, void* ids) {
    if (mnl_attr_get_type(option) == TCA_BPF_ID) {
        static_cast<std::vector<std::uint32_t>*>(ids)->push_back(mnl_attr_get_u32(option));
    }
    return MNL_CB_OK;
}

int add_ids_of_options(const nlattr* attribute, void* ids) {
    return mnl_attr_get_type(attribute) == TCA_OPTIONS ? mnl_attr_parse_nested(attribute, add_id, ids) : MNL_CB_OK;
}

// A classifier is listed once by itself and once for each filter in it, which alone has options.
int add_ids_of_filter(const nlmsghdr* message, void* ids) { return mnl_attr_parse(message, sizeof(tcmsg), add_ids_of_options, ids); }

void ask_for_filters(const Socket& socket, std::uint32_t ifindex, Direction direction) {
    std::array<char, 256> buffer{};
    nlmsghdr* message = ::mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = RTM_GETTFILTER;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    auto* which = static_cast<tcmsg*>(::mnl_nlmsg_put_extra_header(message, sizeof(tcmsg)));
    which->tcm_family = AF_UNSPEC;
    which->tcm_ifindex = static_cast<int>(ifindex);
    which->tcm_parent = TC_H_MAKE(TC_H_CLSACT, direction == Direction::Outbound ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
    if (::mnl_socket_sendto(socket.get(), message, message->nlmsg_len) < 0) {
        end_test_run("ask for the filters of a device");
    }
}

}  // namespace

std::vector<std::uint32_t> filter_programs(std::uint32_t ifindex, Direction direction) {
    const Socket socket(::mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
    if (!socket || ::mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
        end_test_run("open a netlink socket");
    }
    ask_for_filters(socket, ifindex, direction);
    std::vector<std::uint32_t> ids;
    std::vector<char> buffer(kDumpBytes);
    for (int state = MNL_CB_OK; state == MNL_CB_OK;) {
        const ssize_t bytes = ::mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
        state = bytes < 0 ? MNL_CB_ERROR : ::mnl_cb_run(buffer.data(), static_cast<std::size_t>(bytes), 0, 0, add_ids_of_filter, &ids);
        if (state == MNL_CB_ERROR) {
            end_test_run("list the filters of a device");
        }
    }
    return ids;
}

}  // namespace portcullis::test
