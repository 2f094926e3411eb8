// SPDX-License-Identifier: Apache-2.0
// One bound device, with all that lowering to nftables asks about it and the host around it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/lower_nft/nft_bindings.h"
#include "core/dataplane.h"
#include "core/host_facts.h"
#include "core/ruleset.h"

namespace portcullis {

// How an inbound packet came to the bridge (docs/semantics.md, "Entrance"). Chains of a port exist once for each; outbound ones do not ask.
enum class NftEntrance : std::uint8_t { Port, Host, Uplink, Elsewhere, Router };
inline constexpr NftEntrance kNftEntrances[] = {NftEntrance::Port, NftEntrance::Host, NftEntrance::Uplink, NftEntrance::Elsewhere,
                                                NftEntrance::Router};

// The host as one lowering sees it; outlives the ports.
struct NftHost {
    const Ruleset* ruleset = nullptr;
    std::span<const DeviceBinding> devices;
    const HostFacts* facts = nullptr;
    const NftBindings* bindings = nullptr;  // none: nothing is asked about state
};

struct NftPort {
    const NftHost* host = nullptr;
    const DeviceBinding* device = nullptr;
    const Port* port = nullptr;
    std::uint32_t number = 0;                 // of the binding: what its state in the kernel is found by
    Surroundings around;                      // the port's own and its bridge's, joined; sorted, without duplicates
    std::vector<std::uint32_t> uplinks;       // listed uplinks of its bridge and those without a bridge: ifindexes, sorted
    std::vector<const DeviceBinding*> peers;  // the other bound devices of its bridge
    [[nodiscard]] const Ruleset& ruleset() const { return *host->ruleset; }
    [[nodiscard]] const Port& port_of(const DeviceBinding& other) const { return ruleset().ports[other.port]; }
    [[nodiscard]] std::uint32_t ifindex() const { return device->ifindex; }
};

// Of every Bound device, in the order of `host.devices`.
[[nodiscard]] std::vector<NftPort> nft_ports(const NftHost& host);

// ifindex of a device of the host by name, for DHCP servers with a `Device`; 0: not there.
[[nodiscard]] std::uint32_t nft_ifindex_of(const NftHost& host, const std::string& device);

}  // namespace portcullis
