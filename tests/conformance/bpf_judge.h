// SPDX-License-Identifier: Apache-2.0
// The BPF programs as a judge: attached to the ports of a bridge by the loader, run on each frame by the kernel's test run. The reason is
// the one counter that rose, the rules are those whose counter rose. The thread stays in the bridge's namespace for the judge's lifetime.
// Frames with a cut IP header, which the test run does not take, are sent to the hook as they are.
#pragma once

#include <map>

#include "tests/conformance/judge.h"
#include "tests/support/enforced_host.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {

class BpfJudge final : public Judge {
   public:
    explicit BpfJudge(std::size_t ports, XdpMode xdp = XdpMode::Off)
        : host_({.ports = ports, .separate_namespaces = false}, {.xdp = xdp}), here_(host_.test_host().host().enter()) {}
    [[nodiscard]] std::string name() const override { return "BPF"; }
    void begin(const Model& model, const HostFacts& host) override;
    void change(const Model& model) override;
    void wait(unsigned seconds) override { host_.age_flows(seconds); }
    [[nodiscard]] Verdict judge(const Arrival& arrival) override;
    [[nodiscard]] std::vector<std::string> rules_since_last() override;
    [[nodiscard]] const EnforcedHost& host() const { return host_; }
    // Something else than `judge` has run a program.
    void forget_counts() { counts_.clear(); }

   private:
    // True: the hook let the frame pass.
    [[nodiscard]] bool run(std::size_t port, const Arrival& arrival);
    void send(std::size_t port, const Arrival& arrival, const ReasonCounts& before);
    [[nodiscard]] std::uint32_t entrance_ifindex(const Arrival& arrival);

    PrivateBpffs bpffs_;
    EnforcedHost host_;
    NetNamespace::Entered here_;                                        // the test run looks devices up in the thread's namespace
    std::map<std::pair<std::size_t, Direction>, ReasonCounts> counts_;  // as last read
    std::map<std::string, std::uint64_t> hits_;                         // as last read
    HostFacts facts_;
    bool host_routes_ = false;  // a frame from the host itself alternates between the two ways it can come
};

// The reason whose counter rose by one, when no other changed; else a failure of the test and `inconsistent`.
[[nodiscard]] Reason reason_between(const ReasonCounts& before, const ReasonCounts& after);

}  // namespace portcullis::test
