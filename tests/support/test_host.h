// SPDX-License-Identifier: Apache-2.0
// A host in a namespace: one bridge br0, ports p1 … pN with an instance behind each, and an uplink up0 with the outside world behind it.
// Instance and outside are namespaces of their own, each with the far end of the veth pair as "eth0". Everything carries frames and nothing
// sends by itself (IPv6, ARP and multicast snooping are off) until a test asks for it.
#pragma once

#include <string>
#include <vector>

#include "tests/support/netns.h"

namespace portcullis::test {

struct TestHostOptions {
    std::size_t ports = 2;
    bool calls_netfilter = false;         // net.bridge.bridge-nf-call-{arp,ip,ip6}tables
    bool has_stacks = false;              // IPv6 and ARP on
    bool has_stranger = false;            // a further port x0 of the bridge, of which nobody knows
    bool separate_namespaces = true;      // false: all far ends are in the host's namespace, called i1 … iN and out0
    std::vector<Mac> instance_macs = {};  // of the far ends, as many as ports
};

class TestHost {
   public:
    explicit TestHost(const TestHostOptions& options);

    [[nodiscard]] const NetNamespace& host() const { return host_; }
    // Where the far end of a port (from 0) is, and its name there.
    [[nodiscard]] const NetNamespace& instance(std::size_t port) const { return instances_.empty() ? host_ : instances_.at(port); }
    [[nodiscard]] const NetNamespace& outside() const { return outside_.empty() ? host_ : outside_.front(); }
    [[nodiscard]] std::string instance_device(std::size_t port) const;
    // The far end of x0, in the outside world.
    [[nodiscard]] std::string stranger_device() const { return outside_.empty() ? "stranger0" : "eth1"; }
    [[nodiscard]] std::string outside_device() const { return outside_.empty() ? "out0" : "eth0"; }

    [[nodiscard]] static std::string port_device(std::size_t port) { return "p" + std::to_string(port + 1); }
    [[nodiscard]] std::size_t port_count() const { return port_ifindexes_.size(); }
    [[nodiscard]] std::uint32_t port_ifindex(std::size_t port) const { return port_ifindexes_.at(port); }
    [[nodiscard]] std::uint32_t uplink_ifindex() const { return uplink_ifindex_; }
    [[nodiscard]] std::uint32_t bridge_ifindex() const { return bridge_ifindex_; }

   private:
    void quieten(const NetNamespace& where) const;
    void wait_until_running(const TestHostOptions& options) const;
    NetNamespace host_;
    std::vector<NetNamespace> instances_;
    std::vector<NetNamespace> outside_;
    std::vector<std::uint32_t> port_ifindexes_;
    std::uint32_t uplink_ifindex_ = 0;
    std::uint32_t bridge_ifindex_ = 0;
};

}  // namespace portcullis::test
