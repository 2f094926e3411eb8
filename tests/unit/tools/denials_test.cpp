// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/denials.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

Json port(const std::string& device, const std::string& reason, int packets) {
    return {{"Device", device},
            {"NetworkInterfaceId", "eni-" + device},
            {"Drops", Json::array({{{"Reason", reason}, {"Direction", "inbound"}, {"Packets", packets}, {"Bytes", 1}}})}};
}

Json event(const std::string& source, int source_port, int time) {
    return {{"NetworkInterfaceId", "eni-1"},
            {"Direction", "inbound"},
            {"Reason", "security_group"},
            {"Rule", ""},
            {"SourceMac", "a"},
            {"DestinationMac", "b"},
            {"Source", source},
            {"Destination", "192.0.2.2"},
            {"Protocol", 6},
            {"SourcePort", source_port},
            {"DestinationPort", 22},
            {"TimeNs", time}};
}

TEST(Denials, DropsAreListedTheBusiestFirstAndTwentyAtMost) {
    Json status{{"Ports", Json::array()}};
    for (int i = 1; i <= 25; ++i) {
        status["Ports"].push_back(port(std::to_string(i), "vpc", i));
    }
    const Json top = busiest_denials(status, Json::array());
    ASSERT_EQ(top["Drops"].size(), 20U);
    EXPECT_EQ(top["Drops"][0]["Device"], "25");
    EXPECT_EQ(top["Drops"][0]["Packets"], 25);
    EXPECT_EQ(top["Drops"][0]["Reason"], "vpc");
    EXPECT_TRUE(top["Denials"].empty());
}

TEST(Denials, EventsThatDifferInTheSourcesPortAloneCountAsOne) {
    const Json events = Json::array({event("192.0.2.9", 1, 10), event("192.0.2.1", 1, 11), event("192.0.2.1", 2, 12)});
    const Json top = busiest_denials({{"Ports", Json::array()}}, events);
    ASSERT_EQ(top["Denials"].size(), 2U);
    EXPECT_EQ(top["Denials"][0]["Source"], "192.0.2.1");
    EXPECT_EQ(top["Denials"][0]["Events"], 2);
    EXPECT_EQ(top["Denials"][0]["LastNs"], 12);
    EXPECT_EQ(top["Denials"][1]["Events"], 1);
}

TEST(Denials, FrameWithoutAddressesIsToldByItsMacs) {
    Json frame = event("", 0, 1);
    frame.erase("Source");
    frame.erase("Destination");
    frame.erase("Protocol");
    frame.erase("DestinationPort");
    const Json top = busiest_denials({{"Ports", Json::array()}}, Json::array({frame}));
    EXPECT_EQ(top["Denials"][0]["Source"], "a");
    EXPECT_EQ(top["Denials"][0]["Protocol"], 0);
}

}  // namespace
}  // namespace portcullis
