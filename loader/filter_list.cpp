// SPDX-License-Identifier: Apache-2.0
#include "loader/filter_list.h"

#include <libmnl/libmnl.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace portcullis {
namespace {

constexpr std::size_t kDumpBytes = 32768;  // no message of a dump is longer
constexpr unsigned kPriorityShift = 16;    // of tcm_info, whose other half is the protocol

int note_option(const nlattr* option, void* into) {
    if (mnl_attr_get_type(option) == TCA_BPF_ID && mnl_attr_validate(option, MNL_TYPE_U32) == 0) {
        static_cast<ListedFilter*>(into)->program_id = mnl_attr_get_u32(option);
    }
    return MNL_CB_OK;
}

struct Attributes {
    ListedFilter filter;
    std::uint32_t chain = 0;
};

int note_attribute(const nlattr* attribute, void* into) {
    auto* const found = static_cast<Attributes*>(into);
    switch (mnl_attr_get_type(attribute)) {
        case TCA_KIND:
            found->filter.kind = mnl_attr_get_str(attribute);
            break;
        case TCA_CHAIN:
            found->chain = mnl_attr_get_u32(attribute);
            break;
        case TCA_OPTIONS:
            return found->filter.kind == "bpf" ? mnl_attr_parse_nested(attribute, note_option, &found->filter) : MNL_CB_OK;
        default:
            break;
    }
    return MNL_CB_OK;
}

// A classifier is listed once by itself, without a handle, and once for each filter in it.
int note_filter(const nlmsghdr* message, void* into) {
    if (message->nlmsg_type != RTM_NEWTFILTER || mnl_nlmsg_get_payload_len(message) < sizeof(tcmsg)) {
        return MNL_CB_OK;
    }
    const auto* const head = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(message));
    Attributes found;
    found.filter.handle = head->tcm_handle;
    found.filter.priority = head->tcm_info >> kPriorityShift;
    if (mnl_attr_parse(message, sizeof(tcmsg), note_attribute, &found) == MNL_CB_OK && found.filter.handle != 0 && found.chain == 0) {
        static_cast<std::vector<ListedFilter>*>(into)->push_back(std::move(found.filter));
    }
    return MNL_CB_OK;
}

}  // namespace

void FilterList::Closer::operator()(mnl_socket* socket) const noexcept { (void)mnl_socket_close(socket); }

Result<FilterList> FilterList::open() {
    FilterList list;
    list.socket_.reset(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
    if (!list.socket_ || mnl_socket_bind(list.socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
        return fail(Error::from_errno("cannot open a netlink socket for filters", errno));
    }
    list.buffer_.resize(kDumpBytes);
    return list;
}

Result<std::vector<ListedFilter>> FilterList::read(const Hook& hook) {
    std::array<char, 256> request{};
    nlmsghdr* const message = mnl_nlmsg_put_header(request.data());
    message->nlmsg_type = RTM_GETTFILTER;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = ++sequence_;
    auto* const which = static_cast<tcmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(tcmsg)));
    which->tcm_family = AF_UNSPEC;
    which->tcm_ifindex = static_cast<int>(hook.ifindex);
    which->tcm_parent = TC_H_MAKE(TC_H_CLSACT, hook.direction == Direction::Outbound ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
    std::vector<ListedFilter> filters;
    int state = mnl_socket_sendto(socket_.get(), message, message->nlmsg_len) < 0 ? MNL_CB_ERROR : MNL_CB_OK;
    while (state == MNL_CB_OK) {
        const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
        state = got < 0 ? MNL_CB_ERROR
                        : mnl_cb_run(buffer_.data(), static_cast<std::size_t>(got), sequence_, mnl_socket_get_portid(socket_.get()),
                                     note_filter, &filters);
    }
    if (state == MNL_CB_ERROR) {
        return fail(Error::from_errno("cannot list the filters at " + hook.to_string(), errno));
    }
    return filters;
}

}  // namespace portcullis
