// SPDX-License-Identifier: Apache-2.0
#include "core/flow.h"

#include <gtest/gtest.h>

namespace portcullis {
namespace {

Flow web_flow() {
    return {.ifindex = 5,
            .protocol = 6,
            .local = *Address::parse("192.0.2.1"),
            .remote = *Address::parse("198.51.100.7"),
            .local_port = 40000,
            .remote_port = 443};
}

TEST(FlowFilter, EmptyOneMatchesEverything) { EXPECT_TRUE(FlowFilter{}.matches(web_flow())); }

TEST(FlowFilter, PortIsThatOfTheDevicesNamed) {
    EXPECT_TRUE((FlowFilter{.ifindexes = {4, 5}}.matches(web_flow())));
    EXPECT_FALSE((FlowFilter{.ifindexes = {4}}.matches(web_flow())));
}

TEST(FlowFilter, RemoteIsAnAddressOrAPrefixOfTheOtherEndAlone) {
    const auto matches = [](const char* prefix) { return FlowFilter{.remote = Prefix::parse(prefix)->prefix}.matches(web_flow()); };
    EXPECT_TRUE(matches("198.51.100.7/32"));
    EXPECT_TRUE(matches("198.51.100.0/24"));
    EXPECT_FALSE(matches("198.51.100.8/32"));
    EXPECT_FALSE(matches("192.0.2.1/32"));
    EXPECT_FALSE(matches("::/0"));
}

TEST(FlowFilter, PortNumberIsOfEitherEndOfProtocolsThatHavePorts) {
    EXPECT_TRUE((FlowFilter{.port = 443}.matches(web_flow())));
    EXPECT_TRUE((FlowFilter{.port = 40000}.matches(web_flow())));
    EXPECT_FALSE((FlowFilter{.port = 80}.matches(web_flow())));
    EXPECT_FALSE((FlowFilter{.protocol = 17, .port = 443}.matches(web_flow())));
    Flow echo = web_flow();
    echo.protocol = 1;
    EXPECT_FALSE((FlowFilter{.port = 443}.matches(echo)));
}

}  // namespace
}  // namespace portcullis
