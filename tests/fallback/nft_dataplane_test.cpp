// SPDX-License-Identifier: Apache-2.0
// The nftables back end over the kernel: what a change writes, and what stays.
#include "fallback/nft_dataplane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/compile/recompile.h"
#include "compiler/lower_nft/lower_nft.h"
#include "compiler/lower_nft/nft_flow_word.h"
#include "compiler/lower_nft/nft_words.h"
#include "fallback/nft_diff.h"
#include "fallback/nft_readback.h"
#include "fallback/nft_standing.h"
#include "fallback/nft_teardown.h"
#include "fallback/nft_writer.h"
#include "tests/fallback/large_model.h"
#include "tests/support/netns.h"
#include "tests/unit/compiler/model_builder.h"

namespace portcullis::test {
namespace {

class Dataplane : public testing::Test {
   protected:
    [[nodiscard]] static std::unique_ptr<NftDataplane> start() { return value_or_end(NftDataplane::create(), "start"); }
    static std::uint64_t apply(NftDataplane& dataplane, const Ruleset& ruleset, std::span<const DeviceBinding> devices) {
        return value_or_end(dataplane.apply(ruleset, devices, {}), "apply").kernel_writes;
    }
    static NftImage read() {
        NftSocket socket = value_or_end(NftSocket::open(), "open");
        return value_or_end(read_back(socket, kNftTable), "read back").image;
    }
    static NftImage lowered(const Ruleset& ruleset, std::span<const DeviceBinding> devices) {
        NftImage image = lower_nft(ruleset, devices, {}, NftBindings({}, ruleset, devices, {}));
        normalise(image);
        return image;
    }

    NetNamespace host_;
    NetNamespace::Entered here_ = host_.enter();
};

TEST_F(Dataplane, PutsAModelIntoTheKernelAsItWasLowered) {
    const Ruleset ruleset = compiled(large_model({.ports = 3, .rules = 8}));
    add_devices(host_, 3);
    const auto devices = bound_devices(host_, ruleset, 3);
    const auto dataplane = start();
    EXPECT_GT(apply(*dataplane, ruleset, devices), 0U);
    EXPECT_TRUE(read() == lowered(ruleset, devices));
}

TEST_F(Dataplane, TellsWhatItIsAt) {
    const Ruleset ruleset = compiled(large_model({.ports = 2, .rules = 8}));
    add_devices(host_, 2);
    std::vector<std::string> steps;
    const auto dataplane = value_or_end(
        NftDataplane::create({.work = [&](std::string_view step, std::size_t, std::size_t) { steps.emplace_back(step); }}), "start");
    (void)apply(*dataplane, ruleset, bound_devices(host_, ruleset, 2));
    EXPECT_THAT(steps, testing::ElementsAre("lowering the policy", "writing the kernel's tables, in one transaction"));
}

TEST_F(Dataplane, WritesNothingTheSecondTimeAndAfterARestart) {
    const Ruleset ruleset = compiled(large_model({.ports = 3, .rules = 8}));
    add_devices(host_, 3);
    const auto devices = bound_devices(host_, ruleset, 3);
    auto dataplane = start();
    EXPECT_GT(apply(*dataplane, ruleset, devices), 0U);
    EXPECT_EQ(apply(*dataplane, ruleset, devices), 0U);
    dataplane.reset();
    dataplane = start();
    EXPECT_LE(apply(*dataplane, ruleset, devices), 3U);  // the owner of each table
}

TEST_F(Dataplane, PlanOfAChangeCountsWhatItsApplyWritesAndChangesNothing) {
    const Ruleset before = compiled(large_model({.ports = 3, .rules = 8, .members = 10}));
    const Ruleset after = compiled(large_model({.ports = 3, .rules = 12, .members = 11}));
    add_devices(host_, 3);
    const auto dataplane = start();
    const auto devices = bound_devices(host_, before, 3);
    (void)apply(*dataplane, before, devices);
    std::uint64_t expected = 0;
    for (const PlannedWrites& writes : value_or_end(dataplane->plan(after, bound_devices(host_, after, 3), {}), "plan")) {
        expected += writes.count;
    }
    EXPECT_GT(expected, 0U);
    EXPECT_TRUE(read() == lowered(before, devices));
    EXPECT_EQ(apply(*dataplane, after, bound_devices(host_, after, 3)), expected);
    EXPECT_EQ(value_or_end(dataplane->plan(after, bound_devices(host_, after, 3), {}), "plan"), std::vector<PlannedWrites>{});
}

TEST_F(Dataplane, WritesOneElementForEachAddressOfAMemberThatJoins) {
    const Model before = large_model({.ports = 3, .rules = 8, .members = 10});
    const Model after = large_model({.ports = 3, .rules = 8, .members = 11});
    Compiler compiler;
    Ruleset ruleset = value_or_end(compiler.compile(before), "compile");
    add_devices(host_, 3);
    const auto dataplane = start();
    (void)apply(*dataplane, ruleset, bound_devices(host_, ruleset, 3));
    const Ruleset changed = value_or_end(compiler.change(ruleset, before, after), "compile the change");
    const auto devices = bound_devices(host_, changed, 3);
    EXPECT_EQ(apply(*dataplane, changed, devices), 2U);  // that of the model, and the link-local one
    EXPECT_TRUE(read() == lowered(changed, devices));
}

// eni-1 on p1, and beside it, on another host, an interface of that id; whichever it is, the tables are the same.
Ruleset beside(const std::string& neighbour) {
    Model model = base_model();
    model.security_groups = {group("sg-1", {}, {from("0.0.0.0/0", everything())})};
    model.network_interfaces = {interface("eni-1", 1, {"sg-1"}), interface(neighbour, 2, {"sg-1"})};
    model.ports = {{.network_interface_id = "eni-1", .device = "p1"}};
    return compiled(model);
}

// UDP of that binding from that address to 10.0.1.2, as packets leave it.
NftElement flow_of(std::uint32_t binding, const Address& local) {
    NftElement flow;
    flow.from =
        nft_key({nft_u32(binding), nft_bytes(local), nft_bytes(Address::ipv4(10, 0, 1, 2)), nft_u8(17), nft_u16(40'000), nft_u16(53)});
    flow.data = nft_u32(NftFlowWord{.phase = NftPhase::UdpStream, .counts = true}.number());
    flow.timeout_ms = 3'600'000;
    return flow;
}

// What packets do to the tables of a daemon, which must not own them.
class Packets {
   public:
    void leave(std::vector<NftElement> flows) {
        const NftElementChange change{.family = NftFamily::Bridge, .set = &set_, .gone = {}, .fresh = std::move(flows)};
        EXPECT_TRUE(value_or_end(writer_.change_elements({change}), "leave flows"));
    }
    [[nodiscard]] std::vector<NftBytes> left() {
        std::vector<NftBytes> keys;
        for (const NftElement& flow :
             value_or_end(read_elements(writer_.socket(), {.family = NftFamily::Bridge, .name = kNftTable}, set_), "read flows")) {
            keys.push_back(flow.from);
        }
        return keys;
    }

   private:
    NftWriter writer_ = value_or_end(NftWriter::open(std::string(kNftTable), false), "open");
    NftSet set_ = *find_set(*find_table(*value_or_end(writer_.standing(), "look"), NftFamily::Bridge), "flows4");
};

const Address kOwn = Address::ipv4(10, 0, 1, 1);

TEST_F(Dataplane, EndsFlowsOfAnAddressThatBecameAnotherInterfacesThoughTheTablesStay) {
    const Ruleset before = beside("eni-2"), after = beside("eni-3");
    add_devices(host_, 1);
    const auto devices = bound_devices(host_, before, 1);
    ASSERT_TRUE(lowered(before, devices) == lowered(after, devices));
    const auto dataplane = value_or_end(NftDataplane::create({.owns_tables = false}), "start");
    (void)apply(*dataplane, before, devices);
    Packets packets;
    packets.leave({flow_of(1, kOwn)});
    (void)apply(*dataplane, before, devices);
    EXPECT_THAT(packets.left(), testing::SizeIs(1)) << "nothing has changed";
    (void)apply(*dataplane, after, devices);
    EXPECT_THAT(packets.left(), testing::IsEmpty());
}

TEST_F(Dataplane, StartedAnewEndsWhatADaemonThatWasKilledBehindAChangeHadLeft) {
    const Ruleset ruleset = beside("eni-2");
    add_devices(host_, 1);
    const auto devices = bound_devices(host_, ruleset, 1);
    (void)apply(*value_or_end(NftDataplane::create({.owns_tables = false}), "start"), ruleset, devices);
    Packets packets;
    const NftElement live = flow_of(1, kOwn);
    packets.leave(
        {live, flow_of(1, Address::ipv4(10, 0, 1, 77)), flow_of(99, kOwn)});  // of an address that departed, of a binding that is gone
    (void)apply(*value_or_end(NftDataplane::create({.owns_tables = false}), "start anew"), ruleset, devices);
    EXPECT_THAT(packets.left(), testing::ElementsAre(live.from));
}

TEST_F(Dataplane, GuardsADeviceMoreOnceItIsGiven) {
    const Ruleset ruleset = compiled(large_model({.ports = 3, .rules = 8}));
    add_devices(host_, 3);
    const auto devices = bound_devices(host_, ruleset, 3);
    const auto dataplane = start();
    (void)apply(*dataplane, ruleset, std::span(devices).first(3));  // the bridge and two ports
    EXPECT_EQ(value_or_end(nft_guarded_devices(), "look"), (std::set{devices[1].ifindex, devices[2].ifindex}));
    (void)apply(*dataplane, ruleset, devices);
    EXPECT_EQ(value_or_end(nft_guarded_devices(), "look"), (std::set{devices[1].ifindex, devices[2].ifindex, devices[3].ifindex}));
    EXPECT_TRUE(read() == lowered(ruleset, devices));
}

TEST_F(Dataplane, ClosesANewDeviceWhereTheRulesetCannotBeApplied) {
    const Ruleset ruleset = compiled(large_model({.ports = 2, .rules = 8}));
    add_devices(host_, 2);
    const auto devices = bound_devices(host_, ruleset, 2);
    const auto dataplane = start();
    // A table of ours that another process owns.
    NftWriter other = value_or_end(NftWriter::open(std::string(kNftTable), true), "open");
    NftImage theirs{.tables = {{.family = NftFamily::Bridge, .name = std::string(kNftTable), .sets = {}, .chains = {}}}};
    (void)value_or_end(other.write(std::make_shared<const NftImage>(theirs)), "write");
    EXPECT_FALSE(dataplane->apply(ruleset, devices, {}));
    EXPECT_TRUE(read() == theirs);
    EXPECT_EQ(value_or_end(nft_guarded_devices(), "look"), (std::set{devices[1].ifindex, devices[2].ifindex}));
}

TEST_F(Dataplane, ClosesANewDeviceBeforeThereIsARulesetForIt) {
    const Ruleset ruleset = compiled(large_model({.ports = 2, .rules = 8}));
    add_devices(host_, 2);
    auto devices = bound_devices(host_, ruleset, 2);
    const auto dataplane = start();
    (void)apply(*dataplane, ruleset, std::span(devices).first(2));  // the bridge and a port
    const NftImage before = read();
    devices[2].kind = DeviceBinding::Kind::Closed;
    value_or_end(dataplane->close_newcomers(devices), "close");
    value_or_end(dataplane->close_newcomers(devices), "close once more");
    EXPECT_TRUE(read() == before) << "in tables beside ours";
    EXPECT_EQ(value_or_end(nft_guarded_devices(), "look"), (std::set{devices[1].ifindex, devices[2].ifindex}));
    devices[2].kind = DeviceBinding::Kind::Bound;
    (void)apply(*dataplane, ruleset, devices);
    EXPECT_TRUE(read() == lowered(ruleset, devices));
}

TEST_F(Dataplane, HealsWhatAnotherTookAway) {
    const Ruleset ruleset = compiled(large_model({.ports = 2, .rules = 8}));
    add_devices(host_, 2);
    const auto devices = bound_devices(host_, ruleset, 2);
    const auto dataplane = value_or_end(NftDataplane::create({.owns_tables = false}), "start");
    (void)apply(*dataplane, ruleset, devices);
    EXPECT_EQ(value_or_end(nft_teardown(), "tear down").tables, 3U);
    EXPECT_FALSE(value_or_end(nft_stands(), "look"));
    EXPECT_TRUE(dataplane->heal());
    EXPECT_TRUE(read() == lowered(ruleset, devices));
}

TEST_F(Dataplane, NamesWhatAnotherChangedAndPutsItBackAllTheSame) {
    const Ruleset ruleset = compiled(large_model({.ports = 2, .rules = 8}));
    add_devices(host_, 2);
    const auto devices = bound_devices(host_, ruleset, 2);
    const auto dataplane = value_or_end(NftDataplane::create({.owns_tables = false}), "start");
    (void)apply(*dataplane, ruleset, devices);
    EXPECT_THAT(value_or_end(dataplane->verify(0), "verify").differences, testing::IsEmpty());
    NftImage image = read();
    NftTable& bridge = *std::ranges::find(image.tables, NftFamily::Bridge, &NftTable::family);
    NftChain& chain = *std::ranges::find_if(bridge.chains, [](const NftChain& one) { return !one.rules.empty(); });
    const std::string name = chain.name;
    chain.rules.pop_back();
    NftWriter other = value_or_end(NftWriter::open(std::string(kNftTable), false), "open");
    (void)value_or_end(other.write(std::make_shared<const NftImage>(image)), "write");
    EXPECT_THAT(value_or_end(dataplane->verify(0), "verify").differences,
                testing::Contains("table bridge portcullis: chain " + name + " has other rules than it should have"));
    EXPECT_TRUE(dataplane->heal());
    EXPECT_THAT(value_or_end(dataplane->verify(0), "verify").differences, testing::IsEmpty());
    EXPECT_TRUE(read() == lowered(ruleset, devices));
}

TEST_F(Dataplane, IsTornDownOnlyOnceItHasEnded) {
    const Ruleset ruleset = compiled(large_model({.ports = 2, .rules = 8}));
    add_devices(host_, 2);
    auto dataplane = start();
    (void)apply(*dataplane, ruleset, bound_devices(host_, ruleset, 2));
    EXPECT_FALSE(nft_teardown());
    EXPECT_TRUE(value_or_end(nft_stands(), "look"));
    dataplane.reset();
    EXPECT_TRUE(value_or_end(nft_stands(), "look"));
    EXPECT_EQ(value_or_end(nft_teardown(), "tear down").tables, 3U);
    EXPECT_EQ(value_or_end(nft_teardown(), "tear down").tables, 0U);
}

}  // namespace
}  // namespace portcullis::test
