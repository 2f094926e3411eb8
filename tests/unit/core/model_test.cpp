// SPDX-License-Identifier: Apache-2.0
#include "core/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace portcullis {
namespace {

TEST(Finding, NamesFilePointerAndMessage) {
    const Finding finding{.position = {"groups.json", "/SecurityGroups/3/IpPermissions/0/FromPort"},
                          .message = "70000 is not a port (0-65535)"};
    EXPECT_EQ(finding.to_string(), "groups.json: /SecurityGroups/3/IpPermissions/0/FromPort: 70000 is not a port (0-65535)");
}

TEST(Finding, LeavesOutThePointerOfTheWholeDocument) {
    const Finding finding{.position = {"groups.json", ""}, .message = "line 1, column 1: syntax error"};
    EXPECT_EQ(finding.to_string(), "groups.json: line 1, column 1: syntax error");
}

TEST(Finding, PrintsNoControlCharacterOfTheDocuments) {
    const Finding finding{.position = {"a\n.json", "/a\x1b[2J"}, .message = "\t\x7f\r"};
    EXPECT_EQ(finding.to_string(), "a\\x0a.json: /a\\x1b[2J: \\x09\\x7f\\x0d");
}

TEST(Traffic, IsEverythingByDefault) {
    const Traffic traffic;
    EXPECT_EQ(traffic.protocol, Traffic::kAnyProtocol);
    EXPECT_EQ(traffic.from_port, 0);
    EXPECT_EQ(traffic.to_port, 65535);
}

TEST(RuleSource, TellsKindsApartWhateverTheirIds) {
    EXPECT_NE(RuleSource(GroupReference{"x"}), RuleSource(PrefixListReference{"x"}));
    EXPECT_EQ(RuleSource(GroupReference{"x"}), RuleSource(GroupReference{"x"}));
}

// Unless the documents open something, it is closed.
TEST(Model, IsClosedByDefault) {
    EXPECT_EQ(Bridge{}.unknown_ports, UnknownPorts::Closed);
    EXPECT_FALSE(NetworkAclEntry{}.allow);
    EXPECT_FALSE(PrefixList{}.is_known);
    EXPECT_TRUE(NetworkInterface{}.source_dest_check);
}

}  // namespace
}  // namespace portcullis
