// SPDX-License-Identifier: Apache-2.0
// portcullis explain --live: what it says of a packet is what becomes of a real one, and asking leaves no trace.
#include <gmock/gmock.h>

#include <cstring>

#include "bpf/abi.h"
#include "tests/integration/live_host.h"
#include "tests/support/prog_run.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class LiveExplain : public LiveHost {
   protected:
    [[nodiscard]] static std::vector<std::string> question(const std::string& from, const std::string& to, std::uint16_t port) {
        return {"explain", "--live", "--from", from, "--to", to, "--proto", "udp", "--dport", std::to_string(port)};
    }
    [[nodiscard]] bool is_bpf() const { return GetParam() == "bpf"; }
    [[nodiscard]] static std::string reason_at(const json& gate) {
        return gate[gate["Programs"].is_null() ? "Model" : "Programs"]["Reason"];
    }
};

TEST_P(LiveExplain, SaysAtBothGatesWhatBecomesOfRealPackets) {
    const UdpSocket client{host.instance(0), addresses[0], 0};
    const UdpSocket open{host.instance(1), addresses[1], kOpen};
    const UdpSocket closed{host.instance(1), addresses[1], kClosed};

    EXPECT_EQ(portcullis(question("eni-1", "eni-2", kOpen)).status, 0);
    const json allowed = answer(question("eni-1", "eni-2", kOpen));
    EXPECT_EQ(allowed["Allowed"], true);
    EXPECT_EQ(allowed["ResponseAllowed"], true);
    EXPECT_EQ(allowed["Agrees"], true);
    ASSERT_EQ(allowed["Gates"].size(), 4U);
    for (const json& gate : allowed["Gates"]) {
        EXPECT_EQ(reason_at(gate), "passed") << gate;
    }
    EXPECT_EQ(allowed["Gates"][1]["EnteredBy"], "p1");
    converse(client, open, addresses[1], "allowed");

    const ProgramOutcome outcome = portcullis(question("eni-1", "eni-2", kClosed));
    EXPECT_EQ(outcome.status, 3);
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("denied"), HasSubstr("security_group"), HasSubstr("no security group rule allows it")));
    const json denied = answer(question("eni-1", "eni-2", kClosed));
    EXPECT_EQ(denied["Agrees"], true);
    ASSERT_EQ(denied["Gates"].size(), 2U);
    EXPECT_EQ(reason_at(denied["Gates"][0]), "passed");
    EXPECT_EQ(reason_at(denied["Gates"][1]), "security_group");
    client.send(addresses[1], kClosed, "forbidden");
    converse(client, open, addresses[1], "behind it");
    EXPECT_FALSE(closed.receive());
}

TEST_P(LiveExplain, SaysWhereThereIsNoCopyOfWhatJudges) {
    const json said = answer(question("eni-1", "eni-2", kOpen));
    EXPECT_EQ(said["Programs"], is_bpf());
    EXPECT_EQ(said["Gates"][0]["Programs"].is_null(), !is_bpf());
    const std::string text = portcullis(question("eni-1", "eni-2", kOpen)).output;
    EXPECT_EQ(text.find("no copy of what judges packets") == std::string::npos, is_bpf()) << text;
    if (is_bpf()) {
        EXPECT_THAT(said["Gates"][1]["Programs"]["Rules"].dump(), HasSubstr("ingress udp 5353"));
    }
}

TEST_P(LiveExplain, AnEndThatIsElsewhereIsJudgedByTheGateThatIsHere) {
    const json said = answer(question("198.51.100.9", "eni-2", kOpen));
    EXPECT_EQ(said["Allowed"], false);
    ASSERT_EQ(said["Gates"].size(), 1U);
    EXPECT_EQ(said["Gates"][0]["Device"], "p2");
    EXPECT_EQ(reason_at(said["Gates"][0]), "security_group");
    EXPECT_EQ(portcullis(question("eni-1", "198.51.100.9", kOpen)).status, 0);
}

TEST_P(LiveExplain, APortThatIsClosedIsSaidToBe) {
    ASSERT_EQ(portcullis({"quarantine", "p2"}).status, 0);
    const ProgramOutcome outcome = portcullis(question("eni-1", "eni-2", kOpen));
    EXPECT_EQ(outcome.status, 3);
    EXPECT_THAT(outcome.output, HasSubstr("p2 is quarantined"));
    ASSERT_EQ(portcullis({"quarantine", "--off", "p2"}).status, 0);
    EXPECT_EQ(portcullis(question("eni-1", "eni-2", kOpen)).status, 0);
}

// Instances send what they like meanwhile, but nothing that the groups deny.
TEST_P(LiveExplain, AskingLeavesNoTrace) {
    const auto trace = [this] {
        json denied = json::array();
        const json status = answer({"status"});
        for (const json& port : status["Ports"]) {
            for (const json& drop : port["Drops"]) {
                if (drop["Reason"] == "security_group") {
                    denied.push_back(drop);
                }
            }
        }
        return json{denied, answer({"rules"})["Rules"], answer({"flows"})["Flows"], answer({"events"})};
    };
    const json before = trace();
    EXPECT_EQ(portcullis(question("eni-1", "eni-2", kOpen)).status, 0);
    EXPECT_EQ(portcullis(question("eni-1", "eni-2", kClosed)).status, 3);
    EXPECT_EQ(trace(), before);
    const UdpSocket client{host.instance(0), addresses[0], 0};
    const UdpSocket open{host.instance(1), addresses[1], kOpen};
    client.send(addresses[1], kClosed, "forbidden");
    converse(client, open, addresses[1], "a real one");
    const json after = trace();
    for (const std::size_t part : {0U, 1U, 2U}) {
        EXPECT_NE(after[part], before[part]) << part;
    }
}

TEST_P(LiveExplain, WhatIsNotUnderstoodExitsTwo) {
    EXPECT_EQ(portcullis(question("eni-9", "eni-2", kOpen)).status, 2);
    EXPECT_EQ(portcullis({"explain", "--live", "--from", "eni-1", "--to", "eni-2", "--proto", "udp"}).status, 2);
    EXPECT_EQ(portcullis({"explain", "model.json", "--live", "--from", "eni-1", "--to", "eni-2", "--proto", "47"}).status, 2);
}

INSTANTIATE_TEST_SUITE_P(BackEnds, LiveExplain, testing::Values("bpf", "nftables"), back_end_name);

// Somebody who writes to the maps: what is enforced is no longer what was accepted.
class ChangedMap : public LiveHost {
   protected:
    // The entry of the port set that admits UDP kOpen also admits kClosed now.
    static void open_what_is_closed() {
        const KernelMap sets = KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_port_sets");
        for (std::vector<std::byte> bytes : sets.keys()) {
            pc_port_set_key key{};
            std::memcpy(&key, bytes.data(), sizeof(key));
            if (key.protocol == 17 && key.port == kOpen) {
                const auto decision = sets.value_of(bytes).value();
                key.port = kClosed;
                std::memcpy(bytes.data(), &key, sizeof(key));
                sets.update(bytes, decision);
                return;
            }
        }
        ADD_FAILURE() << "no entry admits UDP " << kOpen;
    }
};

TEST_P(ChangedMap, ThatPassesWhatTheModelDeniesIsFoundByProbePacketsAndSaidLoudly) {
    const UdpSocket client{host.instance(0), addresses[0], 0};
    const UdpSocket closed{host.instance(1), addresses[1], kClosed};
    const ProgramOutcome before = portcullis({"verify"});
    EXPECT_EQ(before.status, 0) << before.output;
    EXPECT_THAT(before.output, HasSubstr("probe packets met what the model says"));
    EXPECT_GT(answer({"verify"})["Probes"], 20);

    open_what_is_closed();
    client.send(addresses[1], kClosed, "wrongly passed");
    EXPECT_TRUE(arrives(closed, "wrongly passed"));
    const ProgramOutcome found = portcullis({"verify"});
    EXPECT_EQ(found.status, 1);
    EXPECT_THAT(found.output, AllOf(HasSubstr("pc_port_sets: there should be no entry"), HasSubstr("probe packet: p2 (eni-2) inbound"),
                                    HasSubstr("udp 5354: the programs say passed, the model says security_group")));

    const std::vector<std::string> question{"explain", "--live", "--from", "eni-1", "--to", "eni-2", "--proto", "udp", "--dport", "5354"};
    const ProgramOutcome said = portcullis(question);
    EXPECT_EQ(said.status, 1);
    EXPECT_THAT(said.output, HasSubstr("THE LOADED PROGRAMS AND THE MODEL DISAGREE"));
    EXPECT_EQ(answer(question)["Agrees"], false);
}

INSTANTIATE_TEST_SUITE_P(BackEnds, ChangedMap, testing::Values("bpf"), back_end_name);

}  // namespace
}  // namespace portcullis::test
