// SPDX-License-Identifier: Apache-2.0
// Fixture: two instances and a BPF data plane with small maps, which has not been given a policy yet.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "loader/bpf_dataplane.h"
#include "tests/dataplane/small_maps.h"
#include "tests/dataplane/two_instances.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {

class EnforcedInstances : public ::testing::Test {
   protected:
    void SetUp() override { start(); }
    // In place of the data plane that there was, if any: over what it left in the kernel.
    void start() {
        dataplane_.reset();
        auto created = BpfDataplane::create(
            {.bpffs_directory = PrivateBpffs::directory(), .attach_mode = AttachMode::Auto, .capacities = small_maps(), .log = {}});
        ASSERT_TRUE(created) << created.error().message;
        dataplane_ = std::move(*created);
    }

    PrivateBpffs bpffs_;
    TwoInstances net_;
    NetNamespace::Entered here_ = net_.host().enter();
    std::unique_ptr<BpfDataplane> dataplane_;
};

}  // namespace portcullis::test
