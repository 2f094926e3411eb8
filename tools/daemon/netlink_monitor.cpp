// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/netlink_monitor.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "tools/daemon/fou_ports.h"
#include "tools/daemon/netlink_messages.h"

namespace portcullis {
namespace {

// A message about one device is below 16 KiB unless it has hundreds of virtual functions; what is cut anyway counts as lost.
constexpr std::size_t kBufferBytes = 65536;
// Room for the events of a few thousand devices that change at once; beyond that they are lost, and the table is read anew.
constexpr int kReceiveQueueBytes = 8 << 20;
constexpr int kDumpAttempts = 10;

using Buffer = std::array<char, kBufferBytes>;

// Calls `on_message` for each message in the first `size` bytes; negative: none.
void each_message(const Buffer& buffer, ssize_t size, const std::function<void(const nlmsghdr*)>& on_message) {
    int left = static_cast<int>(size);
    const void* position = buffer.data();
    const auto* message = static_cast<const nlmsghdr*>(position);
    while (mnl_nlmsg_ok(message, left)) {
        on_message(message);
        message = mnl_nlmsg_next(message, &left);
    }
}

// The messages of one dump, up to its end.
class DumpReader {
   public:
    explicit DumpReader(const std::function<void(const nlmsghdr*)>& on_message) : on_message_(on_message) {}

    void take(const nlmsghdr* message) {
        is_done_ = is_done_ || message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
        if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
            outcome_ = fail("devices or addresses changed while they were read", EAGAIN);
        } else if (message->nlmsg_type == NLMSG_ERROR) {
            outcome_ = fail("the kernel refused a netlink dump", EIO);
        } else if (message->nlmsg_type != NLMSG_DONE) {
            on_message_(message);
        }
    }
    [[nodiscard]] bool is_done() const { return is_done_; }
    [[nodiscard]] const Result<>& outcome() const { return outcome_; }

   private:
    const std::function<void(const nlmsghdr*)>& on_message_;
    bool is_done_ = false;
    Result<> outcome_;
};

}  // namespace

Result<NetlinkMonitor::Socket> NetlinkMonitor::open_socket(unsigned groups) {
    Socket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
    if (socket == nullptr || mnl_socket_bind(socket.get(), groups, MNL_SOCKET_AUTOPID) < 0) {
        return fail(Error::from_errno("cannot open a netlink socket", errno));
    }
    return socket;
}

Result<NetlinkMonitor> NetlinkMonitor::open() {
    Result<Socket> socket = open_socket(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
    if (!socket) {
        return fail(socket.error());
    }
    const int size = kReceiveQueueBytes;
    const int fd = mnl_socket_get_fd(socket->get());
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);  // refused: events are lost earlier, and read anew
    NetlinkMonitor monitor(std::move(*socket));
    if (Result<> synced = monitor.resync(); !synced) {
        return fail(synced.error());
    }
    return monitor;
}

Result<> NetlinkMonitor::request_dump(mnl_socket* socket, std::uint16_t type) {
    std::array<char, 64> buffer{};
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = type;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    // AF_UNSPEC, which is zero: devices of every kind, routes of every family. The headers of all requests are shorter than this one.
    (void)mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg));
    if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0) {
        return fail(Error::from_errno("cannot ask for a netlink dump", errno));
    }
    return {};
}

Result<> NetlinkMonitor::dump(std::uint16_t type, const OnMessage& on_message) {
    const Result<Socket> socket = open_socket(0);
    if (!socket) {
        return fail(socket.error());
    }
    if (Result<> requested = request_dump(socket->get(), type); !requested) {
        return requested;
    }
    Buffer buffer{};
    DumpReader reader(on_message);
    while (!reader.is_done()) {
        const ssize_t size = mnl_socket_recvfrom(socket->get(), buffer.data(), buffer.size());
        if (size < 0 && errno != EINTR) {
            return fail(Error::from_errno("cannot read a netlink dump", errno));
        }
        each_message(buffer, size, [&reader](const nlmsghdr* message) { reader.take(message); });
    }
    return reader.outcome();
}

Result<NetlinkMonitor::Tables> NetlinkMonitor::dump_tables() {
    Tables tables;
    Result<> dumped = dump(RTM_GETLINK, [&tables](const nlmsghdr* message) {
        if (std::optional<Device> device = parse_device(message)) {
            tables.devices.insert_or_assign(device->ifindex, std::move(*device));
        }
    });
    if (dumped) {
        dumped = dump(RTM_GETADDR, [&tables](const nlmsghdr* message) {
            if (const std::optional<DeviceAddress> address = parse_address(message)) {
                tables.addresses.insert(*address);
            }
        });
    }
    if (!dumped) {
        return fail(dumped.error());
    }
    Result<std::vector<TunnelEndpoint>> fou = dump_fou_ports();
    if (!fou) {
        return fail(fou.error());
    }
    tables.fou = std::move(*fou);
    return tables;
}

Result<> NetlinkMonitor::resync() {
    Result<Tables> tables = dump_tables();
    for (int attempt = 1; attempt < kDumpAttempts && !tables && tables.error().code == EAGAIN; ++attempt) {
        tables = dump_tables();
    }
    if (!tables) {
        return fail(tables.error());
    }
    devices_ = std::move(tables->devices);
    addresses_ = std::move(tables->addresses);
    fou_ = std::move(tables->fou);
    return {};
}

Result<NetlinkMonitor::Events> NetlinkMonitor::read_events(const std::function<void()>& on_reuse) {
    removed_.clear();
    Buffer buffer{};
    for (;;) {
        const ssize_t size = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return Events::Read;
        }
        if ((size < 0 && errno == ENOBUFS) || size > static_cast<ssize_t>(buffer.size())) {
            return Events::Lost;
        }
        if (size < 0) {
            return fail(Error::from_errno("cannot read netlink events", errno));
        }
        each_message(buffer, size, [&](const nlmsghdr* message) { take_event(message, on_reuse); });
    }
}

void NetlinkMonitor::take_address(const nlmsghdr* message) {
    const std::optional<DeviceAddress> address = parse_address(message);
    if (address && message->nlmsg_type == RTM_NEWADDR) {
        addresses_.insert(*address);
    } else if (address) {
        addresses_.erase(*address);
    }
}

void NetlinkMonitor::take_bridge_port(const nlmsghdr* message) {
    const std::optional<BridgePortState> port = parse_bridge_port(message);
    if (const auto device = port ? devices_.find(port->ifindex) : devices_.end(); device != devices_.end()) {
        device->second.link.is_plain_port = port->is_plain_port;
    }
}

void NetlinkMonitor::take_event(const nlmsghdr* message, const std::function<void()>& on_reuse) {
    if (message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_DELADDR) {
        return take_address(message);
    }
    const bool is_new = message->nlmsg_type == RTM_NEWLINK;
    if (!is_new && message->nlmsg_type != RTM_DELLINK) {
        return;
    }
    std::optional<Device> device = parse_device(message);
    if (!device) {
        return take_bridge_port(message);
    }
    const std::uint32_t ifindex = device->ifindex;
    if (!is_new) {
        devices_.erase(ifindex);
        std::erase_if(addresses_, [ifindex](const DeviceAddress& one) { return one.ifindex == ifindex; });
        removed_.insert(ifindex);
        return;
    }
    if (removed_.erase(ifindex) != 0) {
        on_reuse();
    }
    devices_.insert_or_assign(ifindex, std::move(*device));
}

Result<std::set<std::uint32_t>> NetlinkMonitor::default_routes() {
    std::set<std::uint32_t> devices;
    const Result<> dumped = dump(RTM_GETROUTE, [&devices](const nlmsghdr* message) { devices.merge(parse_default_route(message)); });
    // An interrupted dump is good enough: routes may change at any moment after it as well.
    if (!dumped && dumped.error().code != EAGAIN) {
        return fail(dumped.error());
    }
    return devices;
}

}  // namespace portcullis
