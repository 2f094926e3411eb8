// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_port.h"

#include <algorithm>

namespace portcullis {
namespace {

template <class T>
void join(std::vector<T>& into, const std::vector<T>& more) {
    into.insert(into.end(), more.begin(), more.end());
    std::sort(into.begin(), into.end());
    into.erase(std::unique(into.begin(), into.end()), into.end());
}

void join(Surroundings& into, const Surroundings& more) {
    join(into.services, more.services);
    join(into.echo, more.echo);
    join(into.dhcp_servers, more.dhcp_servers);
    join(into.router_addresses, more.router_addresses);
    join(into.router_macs, more.router_macs);
    join(into.multicast, more.multicast);
    join(into.vlans, more.vlans);
    join(into.macs, more.macs);
}

const DeviceBinding* bridge_of(const NftHost& host, const DeviceBinding& device) {
    const auto at = std::find_if(host.devices.begin(), host.devices.end(), [&](const DeviceBinding& one) {
        return one.kind == DeviceBinding::Kind::Bridge && device.bridge != 0 && one.ifindex == device.bridge;
    });
    return at == host.devices.end() ? nullptr : &*at;
}

}  // namespace

std::vector<NftPort> nft_ports(const NftHost& host) {
    std::vector<NftPort> ports;
    for (const DeviceBinding& device : host.devices) {
        if (device.kind != DeviceBinding::Kind::Bound) {
            continue;
        }
        const Ruleset& ruleset = *host.ruleset;
        NftPort port{.host = &host,
                     .device = &device,
                     .port = &ruleset.ports[device.port],
                     .number = host.bindings == nullptr ? 0 : host.bindings->number_of(device.ifindex),
                     .around = {},
                     .uplinks = {},
                     .peers = {}};
        port.around = ruleset.surroundings[port.port->surroundings];
        if (const DeviceBinding* const bridge = bridge_of(host, device)) {
            for (std::size_t i = 0; i < ruleset.bridges.size(); ++i) {
                if (ruleset.bridges[i].device == bridge->device && !ruleset.bridge_surroundings[i].empty()) {
                    join(port.around, ruleset.surroundings[ruleset.bridge_surroundings[i][port.port->zone]]);
                }
            }
        }
        for (const DeviceBinding& other : host.devices) {
            if (other.kind == DeviceBinding::Kind::Uplink && (other.bridge == device.bridge || other.bridge == 0)) {
                port.uplinks.push_back(other.ifindex);
            } else if (other.kind == DeviceBinding::Kind::Bound && other.bridge == device.bridge && other.ifindex != device.ifindex) {
                port.peers.push_back(&other);
            }
        }
        ports.push_back(std::move(port));
    }
    return ports;
}

std::uint32_t nft_ifindex_of(const NftHost& host, const std::string& device) {
    const auto at = std::find_if(host.devices.begin(), host.devices.end(), [&](const DeviceBinding& one) { return one.device == device; });
    return at == host.devices.end() ? 0 : at->ifindex;
}

}  // namespace portcullis
