// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/host_devices.h"

#include <algorithm>

namespace portcullis {
namespace {

bool is_loopback(const Address& address) {
    if (address.family == Family::Ipv4) {
        return address.bytes[0] == 127;
    }
    return std::all_of(address.bytes.begin(), address.bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; }) &&
           address.bytes.back() == 1;
}

}  // namespace

HostFacts host_facts(const HostDevices& devices, const HostAddresses& addresses, const std::vector<TunnelEndpoint>& fou) {
    std::set<Address> own;
    for (const DeviceAddress& one : addresses) {
        if (!is_loopback(one.address)) {
            own.insert(one.address);
            own.insert(one.shared.begin(), one.shared.end());
        }
    }
    std::set<TunnelEndpoint> tunnels(fou.begin(), fou.end());
    for (const auto& [ifindex, device] : devices) {
        tunnels.insert(device.tunnels.begin(), device.tunnels.end());
    }
    return {.addresses = {own.begin(), own.end()}, .tunnels = {tunnels.begin(), tunnels.end()}};
}

}  // namespace portcullis
