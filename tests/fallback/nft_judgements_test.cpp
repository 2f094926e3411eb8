// SPDX-License-Identifier: Apache-2.0
// What lowering makes of random models the kernel takes, and has it as it was made.
#include <gtest/gtest.h>

#include "compiler/compile/compile.h"
#include "compiler/lower_nft/judgements.h"
#include "compiler/lower_nft/nft_words.h"
#include "fallback/nft_readback.h"
#include "fallback/nft_writer.h"
#include "tests/fallback/images.h"
#include "tests/support/netns.h"
#include "tests/unit/compiler/random_model.h"

namespace portcullis::test {
namespace {

// Every chain of the port, none of which anything leads to.
void add_all(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, NftEntrance entrance) {
    for (const NftPorts ports : {NftPorts::Known, NftPorts::Unknown}) {
        const auto groups = [&](NftCounted counted) { return nft_groups(bridge, port, direction, family, counted, ports); };
        const auto acl = [&](NftCounted counted) { return nft_acl(bridge, port, direction, family, entrance, counted, ports); };
        static_cast<void>(nft_counted(bridge, port, family, entrance, groups(NftCounted::Yes), groups(NftCounted::No)));
        static_cast<void>(acl(NftCounted::Yes));
        static_cast<void>(acl(NftCounted::No));
        static_cast<void>(nft_host_policies(bridge, port, direction, family, NftFlowKind::New, entrance, ports));
    }
    static_cast<void>(nft_untracked(bridge, port, direction, family, bridge.chain("stop", {nft_rule({nft_accept()})})));
    static_cast<void>(nft_services(bridge, port, family));
    static_cast<void>(nft_echo_routers(bridge, port, family));
}

NftImage image_of(const NftHost& host) {
    NftBuilder bridge(NftFamily::Bridge, std::string(kTable));
    for (const NftPort& port : nft_ports(host)) {
        for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
            for (const Family family : {Family::Ipv4, Family::Ipv6}) {
                for (const NftEntrance entrance : kNftEntrances) {
                    add_all(bridge, port, direction, family, entrance);
                }
            }
        }
    }
    return {.tables = {std::move(bridge).take()}};
}

TEST(NftJudgements, AreInTheKernelAsTheyWereMade) {
    NetNamespace network;
    const NetNamespace::Entered here = network.enter();
    NftWriter writer = value_or_end(NftWriter::open(std::string(kTable), false), "open");
    for (std::uint32_t seed = 0; seed < 6; ++seed) {
        RandomModel random(seed, seed == 0 ? RandomKind::Plain : RandomKind::WithHostPolicies);
        const Ruleset ruleset = value_or_end(compile(random.model()), "compile");
        const HostFacts facts{.addresses = {Address::ipv4(10, 0, 0, 1), address("fe80::1")}, .tunnels = {{.protocol = 17, .port = 22}}};
        std::vector<DeviceBinding> devices;
        for (Index i = 0; i < ruleset.ports.size(); ++i) {
            devices.push_back({.ifindex = 1 + i, .device = "tap", .kind = DeviceBinding::Kind::Bound, .port = i, .bridge = 100});
        }
        const auto image = shared(image_of({.ruleset = &ruleset, .devices = devices, .facts = &facts}));
        (void)value_or_end(writer.write(image), "write");
        NftSocket socket = value_or_end(NftSocket::open(), "open");
        EXPECT_TRUE(value_or_end(read_back(socket, kTable), "read back").image == *image) << seed;
    }
}

}  // namespace
}  // namespace portcullis::test
