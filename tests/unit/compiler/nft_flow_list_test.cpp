// SPDX-License-Identifier: Apache-2.0
// Elements of flow maps in the words of core/flow.h.
#include "compiler/lower_nft/nft_flow_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/compile/compile.h"
#include "compiler/lower_nft/nft_flow_word.h"
#include "compiler/lower_nft/nft_words.h"
#include "tests/unit/compiler/model_builder.h"

namespace portcullis {
namespace {

using testing::ElementsAre;

constexpr std::uint32_t kIfindex = 7;
constexpr std::uint8_t kUdp = 17, kIcmp = 1;
constexpr std::uint32_t kNumber = 1;  // of the binding: the first

class NftFlowListTest : public testing::Test {
   protected:
    static Model model() {
        Model model = test::base_model();
        model.security_groups = {test::group("sg-1", {})};
        model.network_interfaces = {test::interface("eni-1", 1, {"sg-1"})};
        model.ports = {{.network_interface_id = "eni-1", .device = "tap1"}};
        return model;
    }
    static NftElement element(std::uint8_t protocol, std::uint16_t local, std::uint16_t remote, const NftFlowWord& word) {
        NftElement element;
        element.from = nft_key({nft_u32(kNumber), nft_bytes(Address::ipv4(10, 0, 1, 1)), nft_bytes(Address::ipv4(198, 51, 100, 7)),
                                nft_u8(protocol), nft_u16(local), nft_u16(remote)});
        element.data = nft_u32(word.number());
        return element;
    }

    Ruleset ruleset = *compile(model());
    std::vector<DeviceBinding> devices{{.ifindex = kIfindex, .device = "tap1", .kind = DeviceBinding::Kind::Bound, .port = 0}};
    NftBindings bindings{{}, ruleset, devices, {}};
    NftFlowList list{{.ruleset = &ruleset, .devices = devices, .bindings = &bindings}};
    std::vector<NftFlowMap> maps = NftFlowList::maps();
};

TEST_F(NftFlowListTest, ElementIsOfThePortWhoseBindingItNames) {
    NftElement one = element(kUdp, 40'000, 53, {.phase = NftPhase::UdpStream});
    EXPECT_EQ(list.port_of(one), std::optional<std::size_t>(0));
    one.from[3] = kNumber + 1;
    EXPECT_EQ(list.port_of(one), std::nullopt);
}

TEST_F(NftFlowListTest, MapsAreReadInTheOrderInWhichAFlowGoesThroughThem) {
    std::vector<std::string> names;
    for (const NftFlowMap& map : maps) {
        names.push_back(map.name + (map.is_memory ? " (memory)" : ""));
    }
    EXPECT_THAT(names, ElementsAre("renew4 (memory)", "half4", "flows4", "renew6 (memory)", "half6", "flows6"));
}

TEST_F(NftFlowListTest, ElementIsAFlowWithItsEndsStateAndIdleTime) {
    NftElement answered = element(kUdp, 40'000, 53, {.phase = NftPhase::UdpStream, .is_begun_inbound = true, .is_cut = true});
    answered.expires_ms = 1000;
    const auto flow = list.flow_of(0, maps[2], answered);
    ASSERT_TRUE(flow);
    EXPECT_EQ(flow->ifindex, kIfindex);
    EXPECT_EQ(flow->begun, Direction::Inbound);
    EXPECT_EQ(flow->local, Address::ipv4(10, 0, 1, 1));
    EXPECT_EQ(flow->remote, Address::ipv4(198, 51, 100, 7));
    EXPECT_EQ(flow->local_port, 40'000);
    EXPECT_EQ(flow->remote_port, 53);
    EXPECT_EQ(flow->state, FlowState::Answered);
    EXPECT_EQ(flow->idle_seconds, ruleset.ports[0].tracking.udp_stream_s - 1);
    EXPECT_TRUE(flow->is_cut);
    EXPECT_FALSE(flow->traffic);
}

TEST_F(NftFlowListTest, RemotePortOfAQueryIsItsType) {
    const auto flow = list.flow_of(0, maps[1], element(kIcmp, 77, 8 << 8, {.phase = NftPhase::Icmp}));
    ASSERT_TRUE(flow);
    EXPECT_EQ(flow->local_port, 77);
    EXPECT_EQ(flow->remote_port, 8);
    EXPECT_EQ(flow->state, FlowState::Unanswered);
}

TEST_F(NftFlowListTest, ElementOfAnotherShapeIsNoFlow) {
    NftElement shapeless = element(kUdp, 1, 2, {.phase = NftPhase::Udp});
    shapeless.data.clear();
    EXPECT_FALSE(list.flow_of(0, maps[2], shapeless));
    EXPECT_FALSE(list.flow_of(0, maps[2], element(kUdp, 1, 2, {.phase = NftPhase{200}})));
}

}  // namespace
}  // namespace portcullis
