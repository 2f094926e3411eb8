// SPDX-License-Identifier: Apache-2.0
// The BPF programs as a judge: attached to the ports of a bridge by the loader, run on each frame by the kernel's test run. The reason is
// the one counter that rose, the rules are those whose counter rose. Frames with a cut IP header, which the test run does not take, are
// sent to the hook as they are.
#pragma once

#include <map>

#include "tests/conformance/judge.h"
#include "tests/support/enforced_host.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {

class BpfJudge final : public Judge {
   public:
    explicit BpfJudge(std::size_t ports) : host_({.ports = ports, .separate_namespaces = false}) {}
    [[nodiscard]] std::string name() const override { return "BPF"; }
    void begin(const Model& model) override;
    void change(const Model& model) override;
    void wait(unsigned seconds) override { host_.age_flows(seconds); }
    [[nodiscard]] Verdict judge(const Arrival& arrival) override;

   private:
    // True: the hook let the frame pass.
    [[nodiscard]] bool run(std::size_t port, const Arrival& arrival);
    void send(std::size_t port, const Arrival& arrival, const ReasonCounts& before);
    [[nodiscard]] std::uint32_t entrance_ifindex(const Arrival& arrival);
    [[nodiscard]] std::vector<std::string> rules_since_last();

    PrivateBpffs bpffs_;
    EnforcedHost host_;
    std::map<std::pair<std::size_t, Direction>, ReasonCounts> counts_;  // as last read
    std::map<std::string, std::uint64_t> hits_;                         // as last read
    bool host_routes_ = false;  // a frame from the host itself alternates between the two ways it can come
};

// The reason whose counter rose by one, when no other changed; else a failure of the test and `inconsistent`.
[[nodiscard]] Reason reason_between(const ReasonCounts& before, const ReasonCounts& after);

}  // namespace portcullis::test
