// SPDX-License-Identifier: Apache-2.0
// Which binding has which number, by what stands in the kernel.
#include "compiler/lower_nft/nft_bindings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/compile/compile.h"
#include "compiler/lower_nft/nft_words.h"
#include "tests/unit/compiler/model_builder.h"

namespace portcullis {
namespace {

Ruleset two_ports() {
    Model model = test::base_model();
    model.security_groups = {test::group("sg-1", {})};
    model.network_interfaces = {test::interface("eni-1", 1, {"sg-1"}), test::interface("eni-2", 2, {"sg-1"})};
    model.ports = {{.network_interface_id = "eni-1", .device = "tap1"}, {.network_interface_id = "eni-2", .device = "tap2"}};
    return *compile(model);
}

class NftBindingsTest : public testing::Test {
   protected:
    static DeviceBinding bound(std::uint32_t ifindex, Index port) {
        return {.ifindex = ifindex, .device = "tap", .kind = DeviceBinding::Kind::Bound, .port = port, .bridge = 100};
    }
    // After the last ones, which the kernel has.
    NftBindings next(const std::vector<DeviceBinding>& devices, const std::set<std::uint32_t>& renewed = {}) {
        NftBindings bindings(standing_, ruleset_, devices, renewed);
        standing_ = {.tables = {{.family = NftFamily::Bridge, .name = "portcullis", .sets = {bindings.map()}, .chains = {}}}};
        return bindings;
    }

    Ruleset ruleset_ = two_ports();
    NftImage standing_;
};

TEST_F(NftBindingsTest, ABindingKeepsItsNumberAsLongAsItStands) {
    const NftBindings first = next({bound(7, 0), bound(8, 1)});
    EXPECT_NE(first.number_of(7), 0U);
    EXPECT_NE(first.number_of(7), first.number_of(8));
    const NftBindings second = next({bound(8, 1), bound(7, 0)});
    EXPECT_EQ(second.number_of(7), first.number_of(7));
    EXPECT_EQ(second.number_of(8), first.number_of(8));
    EXPECT_EQ(second.map(), first.map());
}

TEST_F(NftBindingsTest, ADeviceThatIsNotBoundHasNone) {
    DeviceBinding closed = bound(7, 0);
    closed.kind = DeviceBinding::Kind::Closed;
    EXPECT_EQ(next({closed}).number_of(7), 0U);
}

TEST_F(NftBindingsTest, AnotherInterfaceAtTheSameDeviceHasAnotherNumber) {
    const std::uint32_t former = next({bound(7, 0)}).number_of(7);
    EXPECT_NE(next({bound(7, 1)}).number_of(7), former);
}

// Where the same addresses mean others.
TEST_F(NftBindingsTest, TheSameInterfaceInAnotherVpcOrAtAnotherBridgeHasAnotherNumber) {
    const std::uint32_t former = next({bound(7, 0)}).number_of(7);
    DeviceBinding moved = bound(7, 0);
    moved.bridge = 101;
    const std::uint32_t elsewhere = next({moved}).number_of(7);
    EXPECT_NE(elsewhere, former);
    for (std::string& zone : ruleset_.zones) {
        zone += "-other";
    }
    EXPECT_NE(next({moved}).number_of(7), elsewhere);
}

TEST_F(NftBindingsTest, AnotherDeviceUnderTheSameIfindexHasAnotherNumber) {
    const std::uint32_t former = next({bound(7, 0)}).number_of(7);
    EXPECT_NE(next({bound(7, 0)}, {7}).number_of(7), former);
}

TEST_F(NftBindingsTest, ANumberIsNeverGivenAgain) {
    const std::uint32_t first = next({bound(7, 0)}).number_of(7);
    const std::uint32_t second = next({bound(7, 0), bound(8, 1)}).number_of(8);
    (void)next({bound(7, 0)});
    (void)next({});
    const std::uint32_t third = next({bound(8, 1)}).number_of(8);
    EXPECT_THAT((std::set{first, second, third}), testing::SizeIs(3));
}

// Whatever others wrote there.
TEST_F(NftBindingsTest, NoTwoBindingsShareANumber) {
    (void)next({bound(7, 0), bound(8, 1)});
    for (NftElement& element : standing_.tables[0].sets[0].elements) {
        element.data = nft_u32(1);
    }
    const NftBindings bindings = next({bound(7, 0), bound(8, 1)});
    EXPECT_NE(bindings.number_of(7), bindings.number_of(8));
}

}  // namespace
}  // namespace portcullis
