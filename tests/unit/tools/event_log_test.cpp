// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/event_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/daemon/api_json.h"

namespace portcullis {
namespace {

Event denial() {
    return {.time_ns = 7,
            .ifindex = 3,
            .interface_id = "eni-1",
            .reason = PC_REASON_security_group,
            .direction = Direction::Inbound,
            .rule = {},
            .bytes = 60,
            .ethertype = 0x0800,
            .source = Address::ipv4(192, 0, 2, 1),
            .destination = Address::ipv4(192, 0, 2, 2),
            .protocol = 6,
            .source_port = 1234,
            .destination_port = 22};
}

TEST(EventLine, SaysWhoDeniedWhatAndWhy) {
    EXPECT_EQ(to_line(denial()), "eni-1: inbound tcp 192.0.2.1:1234 > 192.0.2.2:22 denied: security_group");
}

TEST(EventLine, NamesTheRule) {
    Event event = denial();
    event.rule = "acl-1 ingress 100 ipv4";
    event.reason = PC_REASON_network_acl;
    EXPECT_EQ(to_line(event), "eni-1: inbound tcp 192.0.2.1:1234 > 192.0.2.2:22 denied: network_acl (acl-1 ingress 100 ipv4)");
}

TEST(EventLine, OfWhatIsNoIpPacketHasMacs) {
    Event event = denial();
    event.source.reset();
    event.destination.reset();
    event.ethertype = 0x88cc;
    event.reason = PC_REASON_ethertype;
    EXPECT_EQ(to_line(event), "eni-1: inbound frame 0x88cc 00:00:00:00:00:00 > 00:00:00:00:00:00 denied: ethertype");
}

TEST(EventLog, KeepsTheLatest) {
    EventLog log;
    std::vector<Event> many(EventLog::kKept + 5, denial());
    many.back().ifindex = 99;
    log.add(std::move(many));
    EXPECT_EQ(log.events().size(), EventLog::kKept);
    EXPECT_EQ(log.events().back().ifindex, 99U);
}

TEST(EventJson, HasTheKeysOfTheApi) {
    const auto json = nlohmann::json::parse(print_events({denial()}));
    ASSERT_EQ(json.size(), 1U);
    EXPECT_EQ(json[0].at("NetworkInterfaceId"), "eni-1");
    EXPECT_EQ(json[0].at("Direction"), "inbound");
    EXPECT_EQ(json[0].at("Reason"), "security_group");
    EXPECT_EQ(json[0].at("Source"), "192.0.2.1");
    EXPECT_EQ(json[0].at("DestinationPort"), 22);
}

}  // namespace
}  // namespace portcullis
