// SPDX-License-Identifier: Apache-2.0
// Questions to the copy of the programs: what it says is what real packets meet, and nothing of theirs is touched by it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstring>
#include <filesystem>
#include <map>

#include "tests/dataplane/enforced_instances.h"
#include "tests/support/packet.h"
#include "tests/support/prog_run.h"

namespace portcullis::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Mac kFirst = mac("02:00:5e:00:53:0b");
const Mac kSecond = mac("02:00:5e:00:53:0c");

class ProbeProgramsTest : public EnforcedInstances {
   protected:
    void SetUp() override {
        start();
        Ruleset ruleset = ruleset_of({.udp_port = 53});
        for (auto& port : ruleset.ports) {
            port.on_deny.log = true;
        }
        ASSERT_TRUE(dataplane_->apply(ruleset, net_.devices(), {}));
    }
    // What the first instance sends to that port of the second, at its own gate and at the other's; with `answered` the answer as well.
    [[nodiscard]] std::vector<ProbePacket> conversation(std::uint16_t udp_port, bool answered = false) const {
        const Packet there = Ethernet{.source = kFirst, .destination = kSecond} /
                             Ipv4{.source = ip("10.0.0.11"), .destination = ip("10.0.0.12")} /
                             Udp{.source_port = 39999, .destination_port = udp_port} / text("hello");
        const Packet back = Ethernet{.source = kSecond, .destination = kFirst} /
                            Ipv4{.source = ip("10.0.0.12"), .destination = ip("10.0.0.11")} /
                            Udp{.source_port = udp_port, .destination_port = 39999} / text("hello");
        const std::uint32_t first = net_.ifindex(0);
        const std::uint32_t second = net_.ifindex(1);
        std::vector<ProbePacket> packets{{.ifindex = first, .direction = Direction::Outbound, .frame = there.bytes()},
                                         {.ifindex = second, .direction = Direction::Inbound, .entrance = first, .frame = there.bytes()}};
        if (answered) {
            packets.push_back({.ifindex = second, .direction = Direction::Outbound, .frame = back.bytes()});
            packets.push_back({.ifindex = first, .direction = Direction::Inbound, .entrance = second, .frame = back.bytes()});
        }
        return packets;
    }
    [[nodiscard]] std::vector<ProbeVerdict> verdicts(const std::vector<ProbePacket>& packets,
                                                     Dataplane::ProbeRules rules = Dataplane::ProbeRules::Left) const {
        auto said = dataplane_->probe(packets, rules);
        EXPECT_TRUE(said) << said.error().message;
        return said ? std::move(*said) : std::vector<ProbeVerdict>();
    }
    [[nodiscard]] std::vector<Reason> reasons(const std::vector<ProbePacket>& packets) const {
        std::vector<Reason> reasons;
        for (const ProbeVerdict& verdict : verdicts(packets)) {
            reasons.push_back(verdict.reason);
        }
        return reasons;
    }
    using Content = std::map<std::vector<std::byte>, std::vector<std::byte>>;
    static Content content_of(const KernelMap& map) {
        Content content;
        for (const auto& key : map.keys()) {
            if (auto value = map.value_of(key)) {  // a map of devices has rows without one
                content[key] = std::move(*value);
            }
        }
        return content;
    }
    // Every map that is pinned, and those that rows of others name, but for queues and the ring, which have no keys.
    static std::map<std::string, Content> everything() {
        std::map<std::string, Content> maps;
        for (const auto& entry : std::filesystem::directory_iterator(PrivateBpffs::directory() + "/maps")) {
            const std::string name = entry.path().filename();
            const KernelMap map = KernelMap::pinned(entry.path());
            if (map.info().type == BPF_MAP_TYPE_RINGBUF || name == "pc_half_open") {
                continue;
            }
            maps[name] = content_of(map);
            if (map.info().type == BPF_MAP_TYPE_ARRAY_OF_MAPS) {
                for (const auto& [key, id] : maps[name]) {
                    std::uint32_t number = 0;
                    std::memcpy(&number, id.data(), sizeof(number));
                    maps[name + std::to_string(number)] = content_of(KernelMap::by_id(number));
                }
            }
        }
        return maps;
    }
};

TEST_F(ProbeProgramsTest, SayWhatRealPacketsMeet) {
    EXPECT_THAT(reasons(conversation(53)), ElementsAre(PC_REASON_passed, PC_REASON_passed));
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_THAT(reasons(conversation(54)), ElementsAre(PC_REASON_passed, PC_REASON_security_group));
    EXPECT_FALSE(net_.delivers(54));
}

TEST_F(ProbeProgramsTest, JudgeByThePolicyInForce) {
    EXPECT_THAT(reasons(conversation(54)), ElementsAre(PC_REASON_passed, PC_REASON_security_group));
    ASSERT_TRUE(dataplane_->apply(ruleset_of({.udp_port = 54}), net_.devices(), {}));
    EXPECT_THAT(reasons(conversation(54)), ElementsAre(PC_REASON_passed, PC_REASON_passed));
}

TEST_F(ProbeProgramsTest, NameTheRulesThatDecidedWhereTheyAreAskedFor) {
    const auto said = verdicts(conversation(53), Dataplane::ProbeRules::Told);
    ASSERT_THAT(said, SizeIs(2));
    EXPECT_THAT(said[0].rules, ElementsAre(HasSubstr("egress")));
    EXPECT_THAT(said[1].rules, ElementsAre(HasSubstr("ingress udp 53")));
    EXPECT_THAT(verdicts(conversation(53))[1].rules, IsEmpty());
}

TEST_F(ProbeProgramsTest, WriteNothingThatRealPacketsMeet) {
    ASSERT_TRUE(net_.delivers(53));
    ASSERT_TRUE(dataplane_->take_events());
    const auto before = everything();
    ASSERT_THAT(before, SizeIs(testing::Gt(100U)));  // flows' shards are among them
    ASSERT_THAT(verdicts(conversation(53, true), Dataplane::ProbeRules::Told), SizeIs(4));
    ASSERT_THAT(reasons(conversation(54)), ElementsAre(PC_REASON_passed, PC_REASON_security_group));
    EXPECT_EQ(everything(), before);
    EXPECT_THAT(*dataplane_->take_events(), IsEmpty());
    ASSERT_FALSE(net_.delivers(54));
    EXPECT_NE(everything(), before);
    EXPECT_THAT(*dataplane_->take_events(), SizeIs(1));
}

TEST_F(ProbeProgramsTest, RememberAConversationUntilItsEndAndNothingOfTheOneBefore) {
    const auto packets = conversation(53, true);
    EXPECT_THAT(reasons(packets), ElementsAre(PC_REASON_passed, PC_REASON_passed, PC_REASON_passed, PC_REASON_passed));
    EXPECT_THAT(reasons({packets[3]}), ElementsAre(PC_REASON_security_group));
}

// Nor of what it denied: what has become of the maps since is what is asked about. Ports that make events judge each denial anew anyway.
TEST_F(ProbeProgramsTest, JudgeAnewWhatTheyDeniedInTheConversationBefore) {
    ASSERT_TRUE(dataplane_->apply(ruleset_of({.udp_port = 53}), net_.devices(), {}));
    EXPECT_THAT(reasons(conversation(54)), ElementsAre(PC_REASON_passed, PC_REASON_security_group));
    const KernelMap ports = KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_ports");
    for (std::uint32_t slot = 1; slot <= 2; ++slot) {
        const auto key = std::as_bytes(std::span(&slot, 1));
        std::vector<std::byte> row = ports.value_of(key).value();
        pc_port port{};
        std::memcpy(&port, row.data(), sizeof(port));
        for (pc_port_view& view : port.view) {
            view.group_policy[PC_INBOUND] = view.group_policy[PC_OUTBOUND];
        }
        std::memcpy(row.data(), &port, sizeof(port));
        ports.update(key, row);
    }
    EXPECT_THAT(reasons(conversation(54)), ElementsAre(PC_REASON_passed, PC_REASON_passed));
}

TEST_F(ProbeProgramsTest, AreToldNothingByTheFlowsThatThereAre) {
    ASSERT_TRUE(net_.delivers(53));
    ASSERT_TRUE(dataplane_->apply(ruleset_of({.udp_port = 54}), net_.devices(), {}));
    EXPECT_THAT(reasons(conversation(53)), ElementsAre(PC_REASON_passed, PC_REASON_security_group));
}

TEST_F(ProbeProgramsTest, UseUpNoQuotaHoweverManyTheyAre) {
    for (int i = 0; i < 5000; ++i) {
        ASSERT_THAT(reasons(conversation(53)), ElementsAre(PC_REASON_passed, PC_REASON_passed)) << i;
    }
    EXPECT_TRUE(net_.delivers(53));
}

TEST_F(ProbeProgramsTest, AreNotAskedAboutADeviceThatIsNoPort) {
    auto packets = conversation(53);
    packets[1].ifindex = 4711;
    const auto said = dataplane_->probe(packets, Dataplane::ProbeRules::Left);
    ASSERT_FALSE(said);
    EXPECT_THAT(said.error().message, HasSubstr("4711 is no port of ours"));
}

}  // namespace
}  // namespace portcullis::test
