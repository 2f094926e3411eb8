// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/fou_ports.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/fou.h>
#include <linux/genetlink.h>

#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "tools/daemon/netlink_attributes.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kUdp = 17;
using OnMessage = std::function<void(const nlmsghdr*)>;

int call_message(const nlmsghdr* message, void* on_message) {
    (*static_cast<const OnMessage*>(on_message))(message);
    return MNL_CB_OK;
}

struct CloseSocket {
    void operator()(mnl_socket* socket) const noexcept { (void)mnl_socket_close(socket); }
};
using Socket = std::unique_ptr<mnl_socket, CloseSocket>;

// Calls `take` for every message of the dump.
Result<> dump(mnl_socket* socket, std::uint16_t family, std::uint8_t command, OnMessage take) {
    std::array<char, 32768> buffer{};
    nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = family;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    auto* header = static_cast<genlmsghdr*>(mnl_nlmsg_put_extra_header(message, sizeof(genlmsghdr)));
    header->cmd = command;
    header->version = 1;
    if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0) {
        return fail(Error::from_errno("cannot ask for foo-over-UDP ports", errno));
    }
    for (int state = MNL_CB_OK; state == MNL_CB_OK;) {
        const ssize_t bytes = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
        state = bytes < 0 ? -1 : mnl_cb_run(buffer.data(), static_cast<std::size_t>(bytes), 0, 0, call_message, &take);
        if (state < 0) {
            return fail(Error::from_errno("cannot read foo-over-UDP ports", errno));
        }
    }
    return {};
}

// 0: the kernel has none. Looked for among all families: asked for by its name, the kernel would load the module.
Result<std::uint16_t> family_number(mnl_socket* socket) {
    std::uint16_t number = 0;
    const auto listed = dump(socket, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, [&number](const nlmsghdr* answer) {
        std::uint16_t id = 0;
        bool is_fou = false;
        each_attribute(answer, sizeof(genlmsghdr), [&](const nlattr* attribute) {
            if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID && mnl_attr_validate(attribute, MNL_TYPE_U16) >= 0) {
                id = mnl_attr_get_u16(attribute);
            } else if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_NAME && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0) {
                is_fou = std::string_view(mnl_attr_get_str(attribute)) == FOU_GENL_NAME;
            }
        });
        number = is_fou ? id : number;
    });
    return listed ? Result<std::uint16_t>(number) : fail(listed.error());
}

}  // namespace

Result<std::vector<TunnelEndpoint>> dump_fou_ports() {
    const Socket socket(mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC));
    if (socket == nullptr || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
        return fail(Error::from_errno("cannot open a netlink socket", errno));
    }
    const Result<std::uint16_t> family = family_number(socket.get());
    if (!family) {
        return fail(family.error());
    }
    std::vector<TunnelEndpoint> ports;
    if (*family == 0) {
        return ports;
    }
    const auto take_port = [&ports](const nlattr* attribute) {
        if (mnl_attr_get_type(attribute) == FOU_ATTR_PORT && mnl_attr_validate(attribute, MNL_TYPE_U16) >= 0) {
            ports.push_back({.protocol = kUdp, .port = ntohs(mnl_attr_get_u16(attribute))});
        }
    };
    const auto listed =
        dump(socket.get(), *family, FOU_CMD_GET, [&](const nlmsghdr* answer) { each_attribute(answer, sizeof(genlmsghdr), take_port); });
    if (!listed) {
        return fail(listed.error());
    }
    return ports;
}

}  // namespace portcullis
