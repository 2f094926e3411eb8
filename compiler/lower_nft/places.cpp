// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/places.h"

#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/own.h"

namespace portcullis {

std::vector<NftRule> nft_vpc_rules(NftBuilder& bridge, const NftPort& port, NftEntrance entrance) {
    if (entrance != NftEntrance::Port) {
        return {};
    }
    // Those of the same VPC are listed, so that a port that is not known here is another VPC's. The port itself belongs to it as well (a
    // hairpin), and so the set is the same for all ports of the VPC.
    const std::string name = "port.same-vpc." + std::to_string(port.device->bridge) + nft_name("", {port.ruleset().zones[port.port->zone]});
    static_cast<void>(bridge.once(name, [&] {
        const NftSet set{.name = name, .key = {NftType::Interface}};
        const auto add = [&](std::uint32_t ifindex) {
            bridge.add_element(set, {.from = nft_ifindex(ifindex), .to = {}, .verdict = {}, .data = {}, .comment = {}});
        };
        add(port.ifindex());
        for (const DeviceBinding* const peer : port.peers) {
            if (port.port_of(*peer).zone == port.port->zone) {
                add(peer->ifindex);
            }
        }
        return name;
    }));
    return {nft_when({nft_not_in({nft_iif()}, name)}, bridge.drop(Direction::Inbound, PC_REASON_vpc))};
}

std::string nft_instances(NftBuilder& bridge, const NftPort& port, Family family) {
    if (!port.ruleset().isolates_instances) {
        return {};
    }
    std::vector<Prefix> prefixes;
    for (const auto& [prefix, interface] : port.ruleset().instance_addresses) {
        prefixes.push_back(prefix);
    }
    return nft_prefix_set(bridge, family == Family::Ipv4 ? "instances4" : "instances6", family, prefixes);
}

}  // namespace portcullis
