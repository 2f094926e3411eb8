// SPDX-License-Identifier: Apache-2.0
#include "loader/flow_shards.h"

#include <gtest/gtest.h>

namespace portcullis {
namespace {

TEST(FlowShards, HaveAQuarterMoreThanTheirShare) { EXPECT_EQ(shard_entries(1'048'576), 20'480U); }

TEST(FlowShards, OfSmallTablesHaveRoomForUnevenHashes) { EXPECT_EQ(shard_entries(64), 64U); }

TEST(FlowRoom, HalfOfTheTablesIsReservedForThePorts) {
    const MapCapacities capacities{.ports = 1'000, .flows4 = 900'000, .flows6 = 100'000};
    EXPECT_EQ(flow_reserve(capacities), 500U);
    EXPECT_EQ(flow_shared(capacities, 2'000'000), 500'000U);
}

TEST(FlowRoom, AQuotaBelowTheReservesLeavesNothingToShare) {
    const MapCapacities capacities{.ports = 1'000, .flows4 = 900'000, .flows6 = 100'000};
    EXPECT_EQ(flow_shared(capacities, 600'000), 100'000U);
    EXPECT_EQ(flow_shared(capacities, 400'000), 0U);
}

TEST(FlowRoom, EveryPortHasAnEntry) { EXPECT_EQ(flow_reserve({.ports = 1'000, .flows4 = 100, .flows6 = 100}), 1U); }

}  // namespace
}  // namespace portcullis
