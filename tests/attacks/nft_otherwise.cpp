// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/nft_otherwise.h"

#include <gtest/gtest.h>

#include "tests/conformance/nft_exceptions.h"

namespace portcullis::test {
namespace {

constexpr NftDrop kDrops[] = {
    {1, "A10DiscoveryBehindOtherHeadersIsDropped", PC_REASON_extension_header},
    {1, "A28AFirstFragmentWithoutItsWholeTransportHeaderIsDropped", PC_REASON_extension_header},
    {1, "A33FragmentHeadersStandOnceInAChainOfLimitedLength", PC_REASON_extension_header},
    {1, "A34AChainOfHeadersIsWalkedToThePortsOrDropped", PC_REASON_extension_header},
    {2, "A26OptionsMoveThePortsAndSourceRoutesAreDropped", PC_REASON_ip_malformed},
    {3, "A26OptionsMoveThePortsAndSourceRoutesAreDropped", PC_REASON_transport_malformed},
};

constexpr NftLeftOut kLeftOut[] = {
    {"Stricter 8", "A59AScanTakesTheScannersOwnRoomAlone", "A59AScanEndsAtTheScannersOwnRoom"},
    {"Stricter 8", "A59APortHasNoMoreAnsweredFlowsThanItsQuota", "A59AnsweredFlowsMeetTheirQuotaAndTheirRoomComesBack"},
    {"Stricter 8", "A60AFloodOfSynsKillsNoConnectionAndKeepsNobodyOut", "A60AFloodOfSynsKillsNoConnection"},
    {"Stricter 8", "A61ChurnEvictsNoFlowThatIsInUse", "A61ChurnThatIsDroppedEvictsNoFlow"},
    {"Otherwise 1", "A62WithoutRoomANewFlowIsDroppedAndOldOnesLive", "A62RoomIsEachPortsOwn"},
    {"Otherwise 2", "A48AResetAtTheExpectedNumberCloses", "A48AResetChangesNothingWhereverItStands"},
    {"Otherwise 2", "A48AResetInTheWindowCloses", "A48AResetChangesNothingWhereverItStands"},
    {"Otherwise 2", "A48AResetDoesNotRefresh", "A48AResetChangesNothingWhereverItStands"},
    {"Choice, not done", "A71AnAnswerReachesTheSenderAlone", "A71DenialsAreNotAnswered"},
    {"Choice, not done", "A71AnAnswerKeepsTheTag", "A71DenialsAreNotAnswered"},
    {"Choice, not done", "A71NobodyIsAnsweredInAnothersName", "A71DenialsAreNotAnswered"},
    {"Choice, not done", "A71WhatWouldBeDroppedEarlyIsAnsweredToo", "A71DenialsAreNotAnswered"},
    {"Choice, not done", "A71UncutSegmentsAreAnsweredByOneReset", "A71DenialsAreNotAnswered"},
    {"Choice, not done", "A71AChecksumThatIsStillToBeComputedSpoilsNoAnswer", "A71DenialsAreNotAnswered"},
    {"Choice, not done", "A73AFloodIsAnsweredAtALimitedRateOfItsPortAlone", "A71DenialsAreNotAnswered"},
};

// "TEST/SETTING" as gtest has it.
bool runs(std::string_view test) {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    return name.starts_with(std::string(test) + "/");
}

}  // namespace

std::span<const NftLeftOut> nft_left_out() { return kLeftOut; }

std::string filter_of_left_out() {
    std::string filter;
    for (const NftLeftOut& one : kLeftOut) {
        filter += (filter.empty() ? "" : ":") + ("*." + std::string(one.test)) + "/*Nftables*";
    }
    return filter;
}

bool NftDrops::allows(Direction direction, const Bytes& frame, Reason reason) {
    const Arrival arrival{.interface_id = {}, .direction = direction, .entrance = {}, .frame = frame};
    for (const NftDrop& one : kDrops) {
        if (runs(one.test) && one.reason == reason && nft_line_of(arrival, reason) == one.line) {
            met_.insert(&one);
            return true;
        }
    }
    return false;
}

void NftDrops::expect_all_met() {
    for (const NftDrop& one : kDrops) {
        EXPECT_TRUE(!runs(one.test) || met_.contains(&one) || testing::Test::HasFailure())
            << "line " << one.line << ", " << name_of(one.reason) << ": no frame was dropped for it";
    }
    met_.clear();
}

}  // namespace portcullis::test
