// SPDX-License-Identifier: Apache-2.0
// Follows the devices and addresses of the network namespace it is opened in, over rtnetlink. Non-blocking; driven by the event loop.
//
// Invariant: after resync() the table equals the kernel's, and read_events() keeps it so or says that events were lost.
#pragma once

#include <libmnl/libmnl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "core/result.h"
#include "tools/daemon/host_devices.h"

namespace portcullis {

class NetlinkMonitor {
   public:
    // Subscribed, and with a first dump read.
    [[nodiscard]] static Result<NetlinkMonitor> open();

    [[nodiscard]] const HostDevices& devices() const { return devices_; }
    // Addresses and tunnels. Those without a device are as resync() found them.
    [[nodiscard]] HostFacts facts() const { return host_facts(devices_, addresses_, fou_); }
    [[nodiscard]] int fd() const { return mnl_socket_get_fd(events_.get()); }

    enum class Events : std::uint8_t {
        Read,  // the table is up to date
        Lost,  // the kernel dropped some (ENOBUFS): resync() is due
    };
    // Takes up everything that has arrived. `on_reuse` is called between the end of a device and the appearance of another with its
    // ifindex, with the table lacking both, so that the newcomer cannot be taken for the old one.
    [[nodiscard]] Result<Events> read_events(const std::function<void()>& on_reuse);
    // Reads everything anew.
    [[nodiscard]] Result<> resync();
    // The devices that a default route of either family leaves by.
    [[nodiscard]] static Result<std::set<std::uint32_t>> default_routes();

   private:
    struct CloseSocket {
        void operator()(mnl_socket* socket) const noexcept { (void)mnl_socket_close(socket); }
    };
    using Socket = std::unique_ptr<mnl_socket, CloseSocket>;

    explicit NetlinkMonitor(Socket events) noexcept : events_(std::move(events)) {}
    [[nodiscard]] static Result<Socket> open_socket(unsigned groups);
    using OnMessage = std::function<void(const nlmsghdr*)>;
    [[nodiscard]] static Result<> request_dump(mnl_socket* socket, std::uint16_t type);
    // Fails with EAGAIN when the kernel says that what it dumped changed meanwhile.
    [[nodiscard]] static Result<> dump(std::uint16_t type, const OnMessage& on_message);
    struct Tables {
        HostDevices devices;
        HostAddresses addresses;
        std::vector<TunnelEndpoint> fou;
    };
    [[nodiscard]] static Result<Tables> dump_tables();
    void take_address(const nlmsghdr* message);
    void take_bridge_port(const nlmsghdr* message);
    void take_event(const nlmsghdr* message, const std::function<void()>& on_reuse);

    Socket events_;
    HostDevices devices_;
    HostAddresses addresses_;
    std::vector<TunnelEndpoint> fou_;
    std::set<std::uint32_t> removed_;  // since the last read_events() began
};

}  // namespace portcullis
