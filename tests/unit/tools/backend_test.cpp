// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_dataplane.h"

namespace portcullis {
namespace {

using testing::HasSubstr;

// A back end that can be told what it finds.
struct Host {
    std::string name;
    std::string refusal;  // empty: it can be had
    bool stands = false;
    int opened = 0;
    int retired = 0;
    std::string retire_refusal;

    BackendKind kind() {
        return {.name = name,
                .open = [this]() -> Result<std::unique_ptr<Dataplane>> {
                    ++opened;
                    if (!refusal.empty()) {
                        return fail(refusal);
                    }
                    return std::make_unique<test::FakeDataplane>();
                },
                .stands = [this]() -> Result<bool> { return stands; },
                .retire = [this]() -> Result<> {
                    if (!retire_refusal.empty()) {
                        return fail(retire_refusal);
                    }
                    ++retired;
                    return {};
                }};
    }
};

class BackendTest : public testing::Test {
   protected:
    Result<Backend> choose(BackendChoice choice, OnUnsupported on_unsupported = OnUnsupported::Fail) {
        return Backend::choose(choice, on_unsupported, bpf.kind(), nftables.kind());
    }
    Host bpf{.name = "bpf"};
    Host nftables{.name = "nftables"};
};

TEST_F(BackendTest, AutoTakesBpfWhereItCanBeHad) {
    const auto backend = choose(BackendChoice::Auto);
    ASSERT_TRUE(backend);
    EXPECT_FALSE(backend->uses_nftables());
    EXPECT_EQ(backend->reason(), "auto: this kernel runs its programs");
    EXPECT_EQ(nftables.opened, 0);
}

TEST_F(BackendTest, AutoTakesNftablesWhereBpfIsRefusedAndSaysWhy) {
    bpf.refusal = "cannot load a scratch program: Function not implemented";
    const auto backend = choose(BackendChoice::Auto);
    ASSERT_TRUE(backend);
    EXPECT_TRUE(backend->uses_nftables());
    EXPECT_EQ(backend->reason(), "auto: no BPF back end (cannot load a scratch program: Function not implemented)");
}

TEST_F(BackendTest, NeitherIsAFailureThatNamesBoth) {
    bpf.refusal = "no bpf";
    nftables.refusal = "no nf_tables";
    const auto backend = choose(BackendChoice::Auto);
    ASSERT_FALSE(backend);
    EXPECT_THAT(backend.error().message, testing::AllOf(HasSubstr("no bpf"), HasSubstr("no nf_tables")));
}

TEST_F(BackendTest, NeitherIsNoBackEndThatSaysSoWhereThatIsWantedRatherThanNoDaemon) {
    bpf.refusal = "no bpf";
    nftables.refusal = "no nf_tables";
    const auto backend = choose(BackendChoice::Auto, OnUnsupported::Degrade);
    ASSERT_TRUE(backend);
    EXPECT_EQ(backend->dataplane().description(), "none");
    EXPECT_THAT(backend->dataplane().why_nothing_is_enforced(), testing::AllOf(HasSubstr("no bpf"), HasSubstr("no nf_tables")));
    EXPECT_THAT(backend->reason(), testing::StartsWith("not enforced: "));
}

TEST_F(BackendTest, WhatStandsOrIsAskedForIsNeverGivenUpForNoBackEnd) {
    bpf.refusal = "no bpf";
    nftables.refusal = "no nf_tables";
    EXPECT_FALSE(choose(BackendChoice::Bpf, OnUnsupported::Degrade));
    EXPECT_FALSE(choose(BackendChoice::Nftables, OnUnsupported::Degrade));
    nftables.stands = true;
    EXPECT_FALSE(choose(BackendChoice::Auto, OnUnsupported::Degrade));
    bpf.stands = true;
    EXPECT_FALSE(choose(BackendChoice::Auto, OnUnsupported::Degrade));
    nftables.stands = false;
    EXPECT_FALSE(choose(BackendChoice::Auto, OnUnsupported::Degrade));
}

TEST_F(BackendTest, ABackEndThatCanBeHadIsTakenByADaemonThatMayRunWithout) {
    bpf.refusal = "no bpf";
    const auto backend = choose(BackendChoice::Auto, OnUnsupported::Degrade);
    ASSERT_TRUE(backend);
    EXPECT_TRUE(backend->uses_nftables());
    EXPECT_EQ(backend->dataplane().why_nothing_is_enforced(), "");
}

TEST_F(BackendTest, AutoKeepsToWhatEnforcesAlready) {
    nftables.stands = true;
    const auto backend = choose(BackendChoice::Auto);
    ASSERT_TRUE(backend);
    EXPECT_TRUE(backend->uses_nftables());
    EXPECT_EQ(bpf.opened, 0);
}

TEST_F(BackendTest, AutoLeavesAloneWhatEnforcesAndCannotBeDriven) {
    bpf.stands = true;
    bpf.refusal = "Operation not permitted";
    EXPECT_FALSE(choose(BackendChoice::Auto));
    EXPECT_EQ(nftables.opened, 0);
    bpf.stands = false;
    nftables.stands = true;
    nftables.refusal = "Operation not permitted";
    EXPECT_FALSE(choose(BackendChoice::Auto));
    EXPECT_EQ(bpf.opened, 1);
    EXPECT_EQ(bpf.retired + nftables.retired, 0);
}

TEST_F(BackendTest, OfTwoThatStandAutoTakesTheOneThatCanBeDriven) {
    bpf.stands = true;
    nftables.stands = true;
    bpf.refusal = "Operation not permitted";
    const auto backend = choose(BackendChoice::Auto);
    ASSERT_TRUE(backend);
    EXPECT_TRUE(backend->uses_nftables());
}

TEST_F(BackendTest, WhatIsAskedForIsNotReplacedByTheOther) {
    bpf.refusal = "no bpf";
    const auto refused = choose(BackendChoice::Bpf);
    ASSERT_FALSE(refused);
    EXPECT_EQ(nftables.opened, 0);
    const auto backend = choose(BackendChoice::Nftables);
    ASSERT_TRUE(backend);
    EXPECT_EQ(backend->reason(), "asked for by --backend nftables");
}

TEST_F(BackendTest, OtherIsRetiredOnlyOnceThisOneEnforces) {
    bpf.stands = true;
    auto backend = choose(BackendChoice::Nftables);
    ASSERT_TRUE(backend);
    EXPECT_TRUE(backend->retire_other());
    EXPECT_EQ(bpf.retired, 0);
    EXPECT_THAT(backend->reason(), HasSubstr("what bpf left is still there"));
    backend->note_applied();
    EXPECT_TRUE(backend->retire_other());
    EXPECT_TRUE(backend->retire_other());
    EXPECT_EQ(bpf.retired, 1);
    EXPECT_EQ(backend->reason(), "asked for by --backend nftables");
}

TEST_F(BackendTest, RetirementThatFailsIsTriedAgain) {
    nftables.stands = true;
    nftables.retire_refusal = "busy";
    auto backend = choose(BackendChoice::Bpf);
    ASSERT_TRUE(backend);
    backend->note_applied();
    EXPECT_FALSE(backend->retire_other());
    EXPECT_THAT(backend->reason(), HasSubstr("busy"));
    nftables.retire_refusal.clear();
    EXPECT_TRUE(backend->retire_other());
    EXPECT_EQ(nftables.retired, 1);
}

}  // namespace
}  // namespace portcullis
