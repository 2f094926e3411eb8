// SPDX-License-Identifier: Apache-2.0
// Questions that are drawn from a model, and the frames that they become at the gates of a host.
#include "compiler/explain/gate_probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "compiler/explain/probe_questions.h"
#include "tests/unit/compiler/documents.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;

Model model_of(const json& documents) {
    const std::vector<Document> texts{{.name = "model.json", .text = documents.dump()}};
    ParseOutcome parsed = parse(texts);
    EXPECT_TRUE(parsed.model.has_value());
    return std::move(parsed.model).value_or(Model{});
}

// eni-2 beside eni-1.
Model two_interfaces() {
    json documents = small_model();
    json second = documents["NetworkInterfaces"][0];
    second["NetworkInterfaceId"] = "eni-2";
    second["MacAddress"] = "02:00:00:00:00:02";
    second["PrivateIpAddress"] = "10.0.1.20";
    second["PrivateIpAddresses"] = json::array({{{"Primary", true}, {"PrivateIpAddress", "10.0.1.20"}}});
    second.erase("Ipv6Addresses");
    second.erase("Ipv4Prefixes");
    second.erase("Ipv6Prefixes");
    documents["NetworkInterfaces"].push_back(second);
    return model_of(documents);
}

LocalNetwork network_of(const std::vector<std::string>& interfaces) {
    LocalNetwork network{.ports = {},
                         .bridges = {{10, {.ifindex = 10, .device = "br0"}}},
                         .uplinks = {{10, {.ifindex = 11, .device = "eth1"}}},
                         .facts = {}};
    std::uint32_t ifindex = 20;
    for (const std::string& id : interfaces) {
        network.ports.emplace(id, LocalPort{.ifindex = ifindex, .device = "tap" + std::to_string(ifindex), .bridge = 10});
        ++ifindex;
    }
    return network;
}

TEST(ProbeQuestions, AreJustInsideAndJustOutsideOfEachRule) {
    const Model model = model_of(small_model());
    std::set<std::uint16_t> ports;
    for (const Question& question : draw_questions(model, model.network_interfaces[0], 1000)) {
        if (question.from == "192.0.2.1" && question.protocol == 6) {
            ports.insert(question.destination_port);
        }
    }
    EXPECT_THAT(ports, IsSupersetOf({79, 80, 443, 444}));
}

TEST(ProbeQuestions, AreNoMoreThanAskedForAndSomeAreAllowedAndSomeDenied) {
    const Model model = model_of(small_model());
    EXPECT_THAT(draw_questions(model, model.network_interfaces[0], 5), SizeIs(5));
    const GateProbes gates(model, network_of({"eni-1"}));
    std::set<Reason> reasons;
    for (const Question& question : draw_questions(model, model.network_interfaces[0], 1000)) {
        const auto probes = gates.of(question, GateProbes::Responses::Left);
        for (const GateProbe& probe : probes ? *probes : std::vector<GateProbe>()) {
            reasons.insert(probe.expected.reason);
        }
    }
    EXPECT_THAT(reasons, IsSupersetOf({PC_REASON_passed, PC_REASON_network_acl}));
}

TEST(GateProbes, ThatStayOnTheBridgeEnterByTheSendersPort) {
    const Model model = two_interfaces();
    const Question question{.from = "eni-1", .to = "eni-2", .protocol = 6, .destination_port = 443};
    const auto here = GateProbes(model, network_of({"eni-1", "eni-2"})).of(question, GateProbes::Responses::Asked);
    ASSERT_TRUE(here);
    ASSERT_THAT(*here, SizeIs(4));
    EXPECT_EQ((*here)[1].packet.entrance, 20U);
    EXPECT_EQ((*here)[1].entrance.kind, Entrance::Kind::Port);
    EXPECT_TRUE((*here)[2].is_response);
    for (const GateProbe& probe : *here) {
        EXPECT_TRUE(probe.expected.passes()) << name_of(probe.expected.reason);
    }
}

TEST(GateProbes, ThatComeFromElsewhereEnterByTheUplinkOrWereRouted) {
    const Model model = two_interfaces();
    const Question question{.from = "eni-1", .to = "eni-2", .protocol = 6, .destination_port = 443};
    LocalNetwork network = network_of({"eni-2"});
    const auto by_uplink = GateProbes(model, network).of(question, GateProbes::Responses::Left);
    ASSERT_TRUE(by_uplink);
    ASSERT_THAT(*by_uplink, SizeIs(1));
    EXPECT_EQ((*by_uplink)[0].packet.entrance, 11U);
    network.uplinks.clear();
    const auto routed = GateProbes(model, network).of(question, GateProbes::Responses::Left);
    ASSERT_TRUE(routed);
    EXPECT_EQ((*routed)[0].packet.entrance, 10U);
    EXPECT_EQ((*routed)[0].entrance.kind, Entrance::Kind::Host);
}

TEST(GateProbes, AreNoneWhereNoEndIsHere) {
    const Model model = two_interfaces();
    const Question question{.from = "eni-1", .to = "eni-2", .protocol = 6, .destination_port = 443};
    const auto probes = GateProbes(model, network_of({})).of(question, GateProbes::Responses::Asked);
    ASSERT_TRUE(probes);
    EXPECT_THAT(*probes, IsEmpty());
}

}  // namespace
}  // namespace portcullis
