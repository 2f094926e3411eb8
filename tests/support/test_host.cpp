// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_host.h"

#include "tests/support/running_devices.h"

namespace portcullis::test {
namespace {

// One veth pair: `near` in the bridge, `far` in the other namespace.
std::string add_pair(const std::string& near, const std::string& far, const NetNamespace& there) {
    return "link add " + near + " type veth peer name " + far + " netns " + there.path() + "\nlink set " + near + " master br0 up\n";
}

}  // namespace

TestHost::TestHost(const TestHostOptions& options) {
    if (options.separate_namespaces) {
        instances_.resize(options.ports);
        outside_.resize(1);
    }
    if (!options.has_stacks) {
        quieten(host_);
        quieten(outside());
        for (const NetNamespace& instance : instances_) {
            quieten(instance);
        }
    }
    // No spanning tree and no delay: a port forwards as soon as it is up.
    std::string batch = "link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0\nlink set br0 up\n";
    for (std::size_t port = 0; port < options.ports; ++port) {
        batch += add_pair(port_device(port), instance_device(port), instance(port));
    }
    batch += add_pair("up0", outside_device(), outside());
    if (options.has_stranger) {
        batch += add_pair("x0", stranger_device(), outside());
    }
    host_.ip(batch);
    // Since Linux 5.3 each namespace has its own three, all 1 in a new one.
    for (const char* family : {"arptables", "iptables", "ip6tables"}) {
        host_.set_sysctl("net/bridge/bridge-nf-call-" + std::string(family), options.calls_netfilter ? "1" : "0");
    }
    const std::string arp = options.has_stacks ? "" : " arp off";
    for (std::size_t port = 0; port < options.ports; ++port) {
        const std::string address = port < options.instance_macs.size() ? " address " + options.instance_macs[port].to_string() : "";
        instance(port).ip("link set " + instance_device(port) + address + arp + " up");
        port_ifindexes_.push_back(host_.ifindex_of(port_device(port)));
    }
    outside().ip("link set " + outside_device() + arp + " up");
    if (options.has_stranger) {
        outside().ip("link set " + stranger_device() + arp + " up");
    }
    wait_until_running(options);
    uplink_ifindex_ = host_.ifindex_of("up0");
    bridge_ifindex_ = host_.ifindex_of("br0");
}

void TestHost::wait_until_running(const TestHostOptions& options) const {
    std::vector<std::string> ports{"br0", "up0"};
    std::vector<std::string> far_ends{outside_device()};
    if (options.has_stranger) {
        ports.emplace_back("x0");
        far_ends.push_back(stranger_device());
    }
    for (std::size_t port = 0; port < options.ports; ++port) {
        ports.push_back(port_device(port));
        test::wait_until_running(instance(port), {instance_device(port)});
    }
    test::wait_until_running(host_, ports);
    test::wait_until_running(outside(), far_ends);
}

std::string TestHost::instance_device(std::size_t port) const { return instances_.empty() ? "i" + std::to_string(port + 1) : "eth0"; }

void TestHost::quieten(const NetNamespace& where) const {
    where.set_sysctl("net/ipv6/conf/all/disable_ipv6", "1");
    where.set_sysctl("net/ipv6/conf/default/disable_ipv6", "1");
}

}  // namespace portcullis::test
