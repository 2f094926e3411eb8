// SPDX-License-Identifier: Apache-2.0
// Surroundings and host policies -> pc_services: one set for each content, and the flags that tell the programs what a set holds.
#include <iterator>

#include "compiler/lower_bpf/keys.h"
#include "compiler/lower_bpf/state.h"

namespace portcullis {
namespace {

using Entry = std::pair<pc_service_key, pc_service>;
using Entries = ServiceSetContent;

constexpr std::uint8_t kProtocolIcmp = 1;
constexpr std::uint8_t kProtocolIcmpv6 = 58;

pc_service_key key_of(std::uint8_t kind, const Address& address) {
    pc_service_key key{.kind = kind};
    if (address.family == Family::Ipv6) {
        std::memcpy(key.address, address.bytes.data(), sizeof key.address);
    } else {
        key.address[10] = key.address[11] = 0xff;
        std::memcpy(key.address + 12, address.bytes.data(), 4);
    }
    return key;
}

pc_service_key key_of(std::uint8_t kind, const Mac& mac) {
    pc_service_key key{.kind = kind};
    std::memcpy(key.address, mac.bytes.data(), mac.bytes.size());
    return key;
}

std::uint32_t where_of(const DhcpServer& server, const DeviceNumbers& devices) {
    if (server.device.empty()) {
        return PC_WHERE_ANY;
    }
    if (server.device == "host") {
        return PC_WHERE_HOST;
    }
    const auto device = devices.find(server.device);
    return device == devices.end() ? PC_WHERE_NOWHERE : device->second;
}

// A server is believed from one place. Listed with a device and without, it is believed by that device alone; with two, by none.
std::uint32_t narrower(std::uint32_t a, std::uint32_t b) {
    if (a == b || b == PC_WHERE_ANY) {
        return a;
    }
    return a == PC_WHERE_ANY ? b : PC_WHERE_NOWHERE;
}

void add_listed(const Surroundings& around, Entries& entries) {
    for (const Service& service : around.services) {
        pc_service_key key = key_of(PC_SERVICE_LISTED, service.address);
        key.protocol = service.protocol;
        key.port = service.port;
        entries.push_back({key, {}});
        entries.push_back({key_of(PC_SERVICE_RESERVED, service.address), {}});
    }
    for (const Address& address : around.echo) {
        pc_service_key key = key_of(PC_SERVICE_LISTED, address);
        key.protocol = address.family == Family::Ipv4 ? kProtocolIcmp : kProtocolIcmpv6;
        entries.push_back({key, {}});
        entries.push_back({key_of(PC_SERVICE_RESERVED, address), {}});
    }
}

// Pre: sorted by address.
void add_dhcp_servers(const Surroundings& around, const DeviceNumbers& devices, Entries& entries) {
    for (auto server = around.dhcp_servers.begin(); server != around.dhcp_servers.end();) {
        const Address address = server->address;
        std::uint32_t where = where_of(*server, devices);
        for (; server != around.dhcp_servers.end() && server->address == address; ++server) {
            where = narrower(where, where_of(*server, devices));
        }
        entries.push_back({key_of(PC_SERVICE_DHCP, address), {.where = where}});
        entries.push_back({key_of(PC_SERVICE_RESERVED, address), {}});
    }
}

// An address that several routers have is believed of none: the MAC 0 is nobody's. Pre: sorted by address.
void add_routers(const Surroundings& around, Entries& entries) {
    const auto& addresses = around.router_addresses;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const auto& [address, mac] = addresses[i];
        const bool is_first = i == 0 || addresses[i - 1].first != address;
        const bool is_last = i + 1 == addresses.size() || addresses[i + 1].first != address;
        if (!is_first) {
            continue;
        }
        pc_service router{};
        if (is_last) {
            std::memcpy(router.mac, mac.bytes.data(), sizeof router.mac);
        }
        entries.push_back({key_of(PC_SERVICE_ROUTER, address), router});
        entries.push_back({key_of(PC_SERVICE_RESERVED, address), {}});
    }
    for (const Mac& mac : around.router_macs) {
        entries.push_back({key_of(PC_SERVICE_ROUTER_MAC, mac), {}});
    }
}

Entries entries_of(const Surroundings& around, const DeviceNumbers& devices) {
    Entries entries;
    add_listed(around, entries);
    add_dhcp_servers(around, devices, entries);
    add_routers(around, entries);
    for (const Address& address : around.multicast) {
        entries.push_back({key_of(PC_SERVICE_MULTICAST, address), {}});
    }
    for (const std::uint16_t vid : around.vlans) {
        entries.push_back({{.kind = PC_SERVICE_VLAN, .port = vid}, {}});
    }
    for (const Mac& mac : around.macs) {
        entries.push_back({key_of(PC_SERVICE_MAC, mac), {}});
    }
    return entries;
}

std::uint32_t flags_of(const Surroundings& around) {
    const auto has_server = [&](Family family) {
        return std::ranges::any_of(around.dhcp_servers, [&](const DhcpServer& server) { return server.address.family == family; });
    };
    return (around.macs.empty() ? 0 : PC_PORT_HAS_MACS) | (around.multicast.empty() ? 0 : PC_PORT_HAS_MULTICAST) |
           (around.vlans.empty() ? 0 : PC_PORT_HAS_VLANS) |
           (around.router_addresses.empty() && around.router_macs.empty() ? 0 : PC_PORT_HAS_ROUTERS) |
           (has_server(Family::Ipv4) ? PC_PORT_HAS_DHCP4 : 0) | (has_server(Family::Ipv6) ? PC_PORT_HAS_DHCP6 : 0) |
           (around.services.empty() && around.echo.empty() ? 0 : PC_PORT_HAS_SERVICES);
}

// The number of the set that holds exactly `entries`; 0 where there are none.
Result<std::uint32_t> lower_set(Lowering& lowering, Entries entries) {
    if (entries.empty()) {
        return 0u;
    }
    sort_by_key(entries);
    auto number = lowering.numberings.service_sets.number_of(portcullis::key_of(entries));
    if (!number) {
        return number;
    }
    for (auto& [key, value] : entries) {
        key.set = *number;
    }
    std::ranges::move(entries, std::back_inserter(lowering.image.services));
    return number;
}

Result<> lower_host_services(Lowering& lowering) {
    if (!lowering.ruleset.host_services) {
        return {};
    }
    Entries entries;
    for (const HostService& service : *lowering.ruleset.host_services) {
        const pc_service_key key{.kind = PC_SERVICE_HOST, .protocol = service.protocol, .port = service.port.value_or(0)};
        entries.push_back({key, {}});
    }
    const auto set = lower_set(lowering, std::move(entries));
    if (!set) {
        return fail(set.error());
    }
    lowering.host_set = *set;
    return {};
}

}  // namespace

Result<> lower_surroundings(Lowering& lowering) {
    for (const Surroundings& around : lowering.ruleset.surroundings) {
        const auto set = lower_set(lowering, entries_of(around, lowering.devices));
        if (!set) {
            return fail(set.error());
        }
        lowering.surroundings.push_back({.number = *set, .flags = flags_of(around)});
    }
    for (const std::vector<Index>& by_zone : lowering.ruleset.bridge_surroundings) {
        std::vector<ServiceSet>& sets = lowering.image.bridge_services.emplace_back();
        for (const Index around : by_zone) {
            sets.push_back(lowering.surroundings[around]);
        }
    }
    return lower_host_services(lowering);
}

}  // namespace portcullis
