// SPDX-License-Identifier: Apache-2.0
// A host whose daemon is looked at and acted on while real packets flow: instances with stacks behind p1 … p3, all of one group, which
// admits UDP and TCP kOpen from itself; everything may go out. For tests with a parameter: the back end's name.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "tests/integration/daemon_process.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/stacks.h"
#include "tests/support/test_host.h"

namespace portcullis::test {

class LiveHost : public testing::TestWithParam<std::string> {
   protected:
    static constexpr std::uint16_t kOpen = 5353, kClosed = 5354;

    // With the daemon ready.
    LiveHost();

    // Of a new daemon, once the former has gone as its operator's SIGTERM lets it.
    void restart();
    void write_model(const nlohmann::json& model) const;
    [[nodiscard]] ProgramOutcome portcullis(const std::vector<std::string>& arguments) const {
        return run_portcullis(directory, arguments);
    }
    // With --json.
    [[nodiscard]] nlohmann::json answer(std::vector<std::string> arguments) const;
    [[nodiscard]] std::string state_of(const std::string& device) const;
    // A datagram and its answer, so that the flow is there and answered.
    void converse(const UdpSocket& from, const UdpSocket& to, const Address& destination, const std::string& text) const;
    // Whether the next datagram that comes is this one.
    [[nodiscard]] bool arrives(const UdpSocket& to, const std::string& text) const;

    nlohmann::json model;
    std::vector<std::string> more_flags;  // of the daemons that restart() starts
    PrivateBpffs bpffs;
    TestHost host;
    NetNamespace::Entered entered = host.host().enter();
    TemporaryDirectory directory;
    Address addresses[3];
    std::unique_ptr<DaemonProcess> daemon;
};

// "Bpf", "Nftables".
[[nodiscard]] std::string back_end_name(const testing::TestParamInfo<std::string>& parameter);

}  // namespace portcullis::test
