// SPDX-License-Identifier: Apache-2.0
// A host under the real daemon, for tests in which something breaks over and over while four probes run:
//   P1 forbidden packets without pause (fault_flood.h): none is delivered, and as many as are sent are counted as dropped;
//   P2 TCP streams that go on throughout (fault_conversations.h): no byte is lost, no stream reset;
//   P3 new connections that are allowed: all come about;
//   P4 in the end the kernel holds what the model says (`portcullis verify`), and the same model again writes nothing.
//
// How often something breaks: as many times as a test says, or PORTCULLIS_FAULT_COUNT (`tools/dev soak`). At which moments: drawn from a
// seed that is printed, PORTCULLIS_FAULT_SEED (7001).
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/daemon_process.h"
#include "tests/integration/fault_conversations.h"
#include "tests/integration/fault_flood.h"
#include "tests/integration/fault_model.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/test_host.h"
#include "tools/cli/client.h"

namespace portcullis::test {

class FaultHost : public testing::Test {
   protected:
    FaultHost();

    // ---- the daemon: one at a time, whose model comes by the API
    // `more`: flags. Returns when it is ready.
    void start(const std::vector<std::string>& more = {});
    void kill();
    [[nodiscard]] Result<ApiAnswer> put_model(const nlohmann::json& model) const;
    // Fails the test where the daemon does not take it.
    void apply(const nlohmann::json& model) const;
    [[nodiscard]] nlohmann::json status() const;
    // "enforced", …; "none" where there is no such device.
    [[nodiscard]] std::string state_of(const std::string& device) const;

    // ---- the probes
    // Starts the daemon with fault_model(0), and the probes: what was let through before does not count.
    void begin(const std::vector<std::string>& more = {});
    // Returns when new connections have come about in the meantime. Pre: begin() was called.
    void wait_for_connections() const;
    // P1 to P3, of everything since.
    void end_probes();
    [[nodiscard]] const ForbiddenFlood& flood() const { return *flood_; }
    // P4. Pre: the daemon runs.
    void expect_kernel_equals_model() const;
    // The part of it that takes no second of the verifier's.
    void expect_same_model_writes_nothing() const;

    // ---- how often, and when
    [[nodiscard]] static int count(int usual);
    // 0 … most.
    [[nodiscard]] unsigned draw(unsigned most) { return std::uniform_int_distribution<unsigned>(0, most)(random_); }
    static void say_progress(int done, int of);

    PrivateBpffs bpffs;
    TestHost host;
    NetNamespace::Entered entered = host.host().enter();
    TemporaryDirectory directory;
    std::unique_ptr<DaemonProcess> daemon;

   private:
    [[nodiscard]] std::uint64_t dropped() const;

    std::mt19937 random_;
    std::unique_ptr<ForbiddenFlood> flood_;
    std::unique_ptr<AllowedConversations> conversations_;
};

}  // namespace portcullis::test
