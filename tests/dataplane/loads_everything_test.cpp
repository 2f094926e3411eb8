// SPDX-License-Identifier: Apache-2.0
// The verifier's gate: every program loads on this kernel, and stays far from the verifier's limit.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <iostream>

#include "loader/bpf_object.h"
#include "loader/xdp_object.h"
#include "tests/dataplane/small_maps.h"

namespace portcullis::test {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::Field;
using ::testing::StartsWith;

// The verifier gives up at a million; older kernels walk more paths than the newest for the same program.
constexpr std::uint32_t kInstructionBudget = 500'000;

TEST(LoadsEverything, AllProgramsPassTheVerifierWithinTheInstructionBudget) {
    const auto object = BpfObject::load(small_maps());
    ASSERT_TRUE(object) << object.error().message;
    for (const BpfObject::Part& program : object->programs()) {
        bpf_prog_info info{};
        std::uint32_t bytes = sizeof(info);
        ASSERT_EQ(::bpf_obj_get_info_by_fd(program.fd, &info, &bytes), 0);
        std::cout << program.name << ": " << info.verified_insns << " instructions verified, " << info.jited_prog_len << " bytes of code\n";
        EXPECT_LT(info.verified_insns, kInstructionBudget) << program.name;
    }
}

TEST(LoadsEverything, TheProgramsForEarlyDropPassWithinIt) {
    const auto object = BpfObject::load(small_maps());
    ASSERT_TRUE(object) << object.error().message;
    const auto early = XdpObject::load(*object);
    ASSERT_TRUE(early) << early.error().message;
    for (const XdpObject::Program& program : {early->for_ports(), early->for_uplinks()}) {
        bpf_prog_info info{};
        std::uint32_t bytes = sizeof(info);
        ASSERT_EQ(::bpf_obj_get_info_by_fd(program.fd, &info, &bytes), 0);
        std::cout << info.name << ": " << info.verified_insns << " instructions verified, " << info.jited_prog_len << " bytes of code\n";
        EXPECT_LT(info.verified_insns, kInstructionBudget) << info.name;
    }
}

TEST(LoadsEverything, AllNamesBeginWithOurPrefix) {
    const auto object = BpfObject::load(small_maps());
    ASSERT_TRUE(object) << object.error().message;
    EXPECT_THAT(object->programs(), Each(Field(&BpfObject::Part::name, StartsWith("pc_"))));
    EXPECT_THAT(object->maps(), Each(Field(&BpfObject::Part::name, StartsWith("pc_"))));
    EXPECT_THAT(object->programs(), Contains(Field(&BpfObject::Part::name, "pc_sweep")));
}

TEST(LoadsEverything, DefaultCapacitiesFitIntoTheKernel) {
    const auto object = BpfObject::load(MapCapacities{});
    EXPECT_TRUE(object) << object.error().message;
}

TEST(LoadsEverything, WhatTheKernelRefusesIsNamed) {
    MapCapacities capacities = small_maps();
    capacities.port_set_entries = 0;
    const auto object = BpfObject::load(capacities);
    ASSERT_FALSE(object);
    EXPECT_THAT(object.error().message, StartsWith("cannot load the BPF programs and maps"));
}

}  // namespace
}  // namespace portcullis::test
