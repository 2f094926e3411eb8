// SPDX-License-Identifier: Apache-2.0
// portcullis flows and flows --cut: what real packets began.
#include <gmock/gmock.h>

#include "tests/integration/live_host.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LiveFlows : public LiveHost {
   protected:
    [[nodiscard]] json flows(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "flows");
        return answer(arguments)["Flows"];
    }
    [[nodiscard]] bool is_bpf() const { return GetParam() == "bpf"; }

    UdpSocket client{host.instance(0), addresses[0], 0};
    UdpSocket server{host.instance(1), addresses[1], kOpen};
    UdpSocket third{host.instance(2), addresses[2], kOpen};
};

TEST_P(LiveFlows, EachPortTellsItsOwnSideOfAConversation) {
    EXPECT_THAT(flows({"--proto", "udp"}), IsEmpty());
    converse(client, server, addresses[1], "question");
    const json asked = flows({"--port", "p1", "--proto", "udp"});
    ASSERT_THAT(asked, SizeIs(1));
    EXPECT_EQ(asked[0]["Device"], "p1");
    EXPECT_EQ(asked[0]["NetworkInterfaceId"], "eni-1");
    EXPECT_EQ(asked[0]["Begun"], "outbound");
    EXPECT_EQ(asked[0]["Protocol"], 17);
    EXPECT_EQ(asked[0]["Local"], "10.0.1.11");
    EXPECT_EQ(asked[0]["Remote"], "10.0.1.12");
    EXPECT_EQ(asked[0]["RemotePort"], kOpen);
    EXPECT_EQ(asked[0]["State"], "answered");
    EXPECT_EQ(asked[0]["Cut"], false);
    EXPECT_LT(asked[0]["IdleSeconds"].get<int>(), 120);
    EXPECT_EQ(asked[0]["Outbound"].is_null(), !is_bpf());
    if (is_bpf()) {
        EXPECT_EQ(asked[0]["Outbound"]["Packets"], 1);
        EXPECT_EQ(asked[0]["Inbound"]["Packets"], 1);
        EXPECT_GT(asked[0]["Inbound"]["Bytes"].get<int>(), 0);
    }
    const json answered = flows({"--port", "eni-2", "--proto", "udp"});
    ASSERT_THAT(answered, SizeIs(1));
    EXPECT_EQ(answered[0]["Begun"], "inbound");
    EXPECT_EQ(answered[0]["LocalPort"], kOpen);
    EXPECT_EQ(answered[0]["RemotePort"], asked[0]["LocalPort"]);
    EXPECT_THAT(flows({"--port", "p3"}), IsEmpty());
    EXPECT_THAT(flows({"--remote", "10.0.1.12"}), SizeIs(1));
    EXPECT_THAT(flows({"--remote", "10.0.1.8/29", "--number", std::to_string(kOpen)}), SizeIs(2));
    EXPECT_THAT(flows({"--remote", "10.0.1.13"}), IsEmpty());
    EXPECT_THAT(portcullis({"flows"}).output, HasSubstr("10.0.1.12:5353"));
}

TEST_P(LiveFlows, ConnectionIsListedInItsState) {
    TcpListener listener(host.instance(1), addresses[1], kOpen);
    const TcpConnection connection = connect_tcp(host.instance(0), addresses[0], addresses[1], kOpen);
    ASSERT_TRUE(wait_until([&] { return connection.is_established(); }));
    ASSERT_TRUE(wait_until([&] { return listener.accept().has_value(); }));
    EXPECT_THAT(flows({"--proto", "tcp", "--port", "p1"}), SizeIs(1));
    const TcpConnection refused = connect_tcp(host.instance(0), addresses[0], addresses[1], kClosed);
    ASSERT_TRUE(wait_until([&] { return flows({"--number", std::to_string(kClosed)}).size() == 1; }));
    const json half_open = flows({"--number", std::to_string(kClosed)})[0];
    EXPECT_EQ(half_open["Device"], "p1");
    EXPECT_EQ(half_open["State"], "syn_sent");
}

TEST_P(LiveFlows, QuestionThatIsWrongIsRefusedAndNotTakenForAnother) {
    EXPECT_EQ(portcullis({"flows", "--port", "p9"}).status, 2);
    EXPECT_EQ(portcullis({"flows", "--proto", "tpc"}).status, 2);
    EXPECT_EQ(portcullis({"flows", "--cut"}).status, 2);
    EXPECT_EQ(portcullis({"flows", "--cut", "--remote", "10.0.1"}).status, 2);
}

// The server's answer has no flow to come by once it was cut; a flow that did not match goes on.
TEST_P(LiveFlows, CutFlowEndsAndTheOthersGoOn) {
    converse(client, server, addresses[1], "first");
    converse(client, third, addresses[2], "other");
    client.send(addresses[1], kOpen, "second");
    std::optional<UdpSocket::Datagram> question;
    ASSERT_TRUE(wait_until([&] { return (question = server.receive()).has_value(); }));
    const json cut = answer({"flows", "--cut", "--port", "p1", "--remote", "10.0.1.12"});
    EXPECT_EQ(cut["Ended"], 1) << cut;
    EXPECT_THAT(flows({"--port", "p1", "--remote", "10.0.1.12"}), IsEmpty());
    EXPECT_THAT(flows({"--port", "p1", "--remote", "10.0.1.13"}), SizeIs(1));
    server.send(question->sender, question->port, "too late");
    third.send(question->sender, question->port, "still there");
    EXPECT_TRUE(arrives(client, "still there"));
    client.send(addresses[1], kOpen, "third");
    EXPECT_TRUE(arrives(server, "third"));
    EXPECT_THAT(daemon->log(), HasSubstr("ended 1 flows"));
}

TEST_P(LiveFlows, CutConnectionIsJudgedByTheRulesOfNow) {
    TcpListener listener(host.instance(1), addresses[1], kOpen);
    const TcpConnection connection = connect_tcp(host.instance(0), addresses[0], addresses[1], kOpen);
    ASSERT_TRUE(wait_until([&] { return connection.is_established(); }));
    std::optional<TcpConnection> accepted;
    ASSERT_TRUE(wait_until([&] { return (accepted = listener.accept()).has_value(); }));
    model["SecurityGroups"][0]["IpPermissions"].erase(1);
    write_model(model);
    ASSERT_TRUE(wait_until([&] { return answer({"rules"})["Rules"].size() == 2; })) << daemon->log();
    connection.send("kept");
    ASSERT_TRUE(wait_until([&] { return accepted->receive() == "kept"; }));
    EXPECT_GE(answer({"flows", "--cut", "--proto", "tcp", "--number", std::to_string(kOpen)})["Ended"].get<int>(), 2);
    const auto denied = [&] {
        const json status = answer({"status"});
        for (const json& drop : status["Ports"][1]["Drops"]) {
            if (drop["Reason"] == "security_group" && drop["Direction"] == "inbound") {
                return drop["Packets"].get<int>();
            }
        }
        return 0;
    };
    const int before = denied();
    connection.send("denied");
    EXPECT_TRUE(wait_until([&] { return denied() > before; }));
    EXPECT_EQ(accepted->receive(), "");
}

INSTANTIATE_TEST_SUITE_P(BackEnds, LiveFlows, testing::Values("bpf", "nftables"), back_end_name);

}  // namespace
}  // namespace portcullis::test
