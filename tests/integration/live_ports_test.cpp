// SPDX-License-Identifier: Apache-2.0
// portcullis quarantine and release: one port closed or given back, with real packets.
#include <gmock/gmock.h>

#include "tests/integration/live_host.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class LivePorts : public LiveHost {
   protected:
    // What is sent to p2 does not arrive; what is sent to p3 behind it does.
    void expect_closed(const std::string& text) const {
        client.send(addresses[1], kOpen, text);
        client.send(addresses[2], kOpen, text);
        EXPECT_TRUE(arrives(third, text));
        EXPECT_FALSE(server.receive()) << text;
    }

    UdpSocket client{host.instance(0), addresses[0], 0};
    UdpSocket server{host.instance(1), addresses[1], kOpen};
    UdpSocket third{host.instance(2), addresses[2], kOpen};
};

TEST_P(LivePorts, QuarantineStopsLiveFlowsOfThePortAndNoOthers) {
    converse(client, server, addresses[1], "before");
    converse(client, third, addresses[2], "before");
    for (const char* const name : {"p2", "eni-2"}) {
        const ProgramOutcome outcome = portcullis({"quarantine", name});
        EXPECT_EQ(outcome.status, 0) << outcome.output;
        EXPECT_EQ(state_of("p2"), "quarantined");
        EXPECT_EQ(state_of("p3"), "enforced");
        expect_closed(std::string("to ") + name);
        EXPECT_EQ(portcullis({"status"}).status, 1);
        EXPECT_EQ(portcullis({"quarantine", "--off", name}).status, 0);
        EXPECT_EQ(state_of("p2"), "enforced");
        converse(client, server, addresses[1], "after");
    }
    EXPECT_THAT(daemon->log(), HasSubstr("quarantine: p2"));
}

TEST_P(LivePorts, QuarantineOutlivesTheDaemonItsModelAndARename) {
    converse(client, server, addresses[1], "before");
    ASSERT_EQ(portcullis({"quarantine", "p2"}).status, 0);
    restart();
    EXPECT_EQ(state_of("p2"), "quarantined");
    converse(client, third, addresses[2], "again");
    expect_closed("after a restart");
    host.host().ip("link set p2 down\nlink set p2 name other\nlink set other up");
    EXPECT_TRUE(wait_until([&] { return state_of("other") == "quarantined"; })) << daemon->log();
    expect_closed("under another name");
    host.host().ip("link set other down\nlink set other name p2\nlink set p2 up");
    model["SecurityGroups"][0]["IpPermissions"][0] = {{"IpProtocol", "-1"}, {"IpRanges", {{{"CidrIp", "0.0.0.0/0"}}}}};
    write_model(model);
    ASSERT_TRUE(wait_until([&] { return portcullis({"rules"}).output.find("all from 0.0.0.0/0") != std::string::npos; }));
    expect_closed("whatever the rules");
    EXPECT_EQ(portcullis({"quarantine", "--off", "eni-2"}).status, 0);
    EXPECT_TRUE(wait_until([&] { return state_of("p2") == "enforced"; })) << daemon->log();
    restart();
    EXPECT_EQ(state_of("p2"), "enforced");
    converse(client, server, addresses[1], "open again");
}

TEST_P(LivePorts, WhatIsNoPortIsNotClosed) {
    EXPECT_EQ(portcullis({"quarantine", "nothing"}).status, 2);
    EXPECT_EQ(portcullis({"quarantine", "br0"}).status, 2);
    EXPECT_EQ(portcullis({"quarantine", "--off", "p1"}).status, 2);
    converse(client, server, addresses[1], "as before");
}

TEST_P(LivePorts, ReleasedDeviceIsLeftAloneUntilItIsBoundAgain) {
    EXPECT_EQ(portcullis({"release", "p2"}).status, 2) << "it is enforced";
    const json port = model["Portcullis"]["Ports"][1];
    model["Portcullis"]["Ports"].erase(1);
    write_model(model);
    ASSERT_TRUE(wait_until([&] { return state_of("p2") == "orphaned"; })) << daemon->log();
    converse(client, third, addresses[2], "other");
    expect_closed("orphaned");
    const ProgramOutcome outcome = portcullis({"release", "p2"});
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_EQ(state_of("p2"), "released");
    UdpSocket unguarded{host.instance(1), addresses[1], kClosed};
    client.send(addresses[1], kClosed, "whatever");
    EXPECT_TRUE(arrives(unguarded, "whatever"));
    restart();
    EXPECT_EQ(state_of("p2"), "released");
    model["Portcullis"]["Ports"].push_back(port);
    write_model(model);
    ASSERT_TRUE(wait_until([&] { return state_of("p2") == "enforced"; })) << daemon->log();
    model["Portcullis"]["Ports"].erase(2);
    write_model(model);
    EXPECT_TRUE(wait_until([&] { return state_of("p2") == "orphaned"; })) << daemon->log();
}

INSTANTIATE_TEST_SUITE_P(BackEnds, LivePorts, testing::Values("bpf", "nftables"), back_end_name);

}  // namespace
}  // namespace portcullis::test
