// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/scale_host.h"

#include <algorithm>

namespace portcullis::bench {
namespace {

constexpr std::uint32_t kFirstIfindex = 1'000;

}  // namespace

ScaleHost::ScaleHost(const Scale& scale) {
    for (const test::NetNamespace* where : {&host_, &far_}) {
        where->set_sysctl("net/ipv6/conf/all/disable_ipv6", "1");
        where->set_sysctl("net/ipv6/conf/default/disable_ipv6", "1");
    }
    std::string near = "link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0\nlink set br0 up arp off\n";
    std::string far;
    for (std::size_t port = 0; port < scale.ports; ++port) {
        const auto number = static_cast<std::uint32_t>(kFirstIfindex + port);
        near += "link add " + scale_device(port) + " index " + std::to_string(number) + " type veth peer name " + far_device(port) +
                " netns " + far_.path() + "\nlink set " + scale_device(port) + " master br0 up\n";
        far += "link set " + far_device(port) + " address " + scale_mac(port).to_string() + " arp off up\n";
        ifindexes_.push_back(number);
    }
    host_.ip(near);
    far_.ip(far);
    for (const char* family : {"arptables", "iptables", "ip6tables"}) {
        host_.set_sysctl("net/bridge/bridge-nf-call-" + std::string(family), "0");
    }
    bridge_ = host_.ifindex_of("br0");
}

std::vector<DeviceBinding> ScaleHost::bindings(const Ruleset& ruleset) const {
    std::vector<DeviceBinding> devices{{.ifindex = bridge_, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = bridge_}};
    for (std::size_t port = 0; port < ifindexes_.size(); ++port) {
        DeviceBinding device{.ifindex = ifindexes_[port], .device = scale_device(port), .bridge = bridge_};
        const auto bound = std::find_if(ruleset.ports.begin(), ruleset.ports.end(),
                                        [&](const Port& candidate) { return candidate.device == device.device; });
        if (bound != ruleset.ports.end()) {
            device.kind = DeviceBinding::Kind::Bound;
            device.port = static_cast<Index>(bound - ruleset.ports.begin());
        }
        devices.push_back(device);
    }
    return devices;
}

}  // namespace portcullis::bench
