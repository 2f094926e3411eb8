// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/flow_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace portcullis {
namespace {

using testing::HasSubstr;

TEST(FlowRequest, WithoutAQueryAsksForEverything) {
    const auto request = parse_flow_request("/v1/flows");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->port, "");
    EXPECT_FALSE(request->has_filter);
    EXPECT_FALSE(parse_flow_request("/v1/flows?after=7")->has_filter);
}

TEST(FlowRequest, TakesPortRemoteProtocolNumberAndPlace) {
    const auto request = parse_flow_request("/v1/flows?port=eni-1&remote=192.0.2.0%2F24&protocol=tcp&number=443&after=12");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->port, "eni-1");
    EXPECT_EQ(request->filter.remote, Prefix::parse("192.0.2.0/24")->prefix);
    EXPECT_EQ(request->filter.protocol, 6);
    EXPECT_EQ(request->filter.port, 443);
    EXPECT_EQ(request->after, 12U);
    EXPECT_TRUE(request->has_filter);
}

TEST(FlowRequest, AddressIsAPrefixOfItself) {
    EXPECT_EQ(parse_flow_request("/v1/flows?remote=2001:db8::1")->filter.remote, Prefix::parse("2001:db8::1/128")->prefix);
}

TEST(FlowRequest, WhatIsNotUnderstoodIsRefusedAndNotTakenForEverything) {
    const std::pair<const char*, const char*> mistakes[] = {{"prot=tcp", "there is no prot"},
                                                            {"protocol=tpc", "not tpc"},
                                                            {"protocol=256", "not 256"},
                                                            {"number=65536", "not 65536"},
                                                            {"remote=192.0.2", "not 192.0.2"},
                                                            {"after=-1", "not -1"},
                                                            {"protocol=6&protocol=17", "twice"},
                                                            {"port", "KEY=VALUE"},
                                                            {"port=", "not nothing"},
                                                            {"port=%4", "KEY=VALUE"},
                                                            {"port=%zz", "KEY=VALUE"}};
    for (const auto& [query, message] : mistakes) {
        const auto request = parse_flow_request(std::string("/v1/flows?") + query);
        ASSERT_FALSE(request) << query;
        EXPECT_THAT(request.error().message, HasSubstr(message)) << query;
    }
}

}  // namespace
}  // namespace portcullis
