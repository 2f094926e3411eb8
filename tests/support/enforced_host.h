// SPDX-License-Identifier: Apache-2.0
// A TestHost on which a back end enforces a model: the i-th of Model::ports is bound to the i-th port of the bridge, up0 is an uplink.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/verdict.h"
#include "tests/support/bpf_back_end.h"
#include "tests/support/test_back_end.h"
#include "tests/support/test_host.h"

namespace portcullis::test {

class EnforcedHost {
   public:
    // Pre: a PrivateBpffs outlives this.
    explicit EnforcedHost(const TestHostOptions& options, const TestBackEndOptions& back_end = {});
    // What the kernel holds goes on until another daemon has applied a model.
    void end_daemon();
    void start_daemon();

    // Pre: the model validates and binds at most as many interfaces as the host has ports. Ports without an interface are closed.
    // Failure ends the process.
    void apply(const Model& model, const HostFacts& facts = {});
    // Of a port from the next apply on, in place of the back end's options.
    void choose_fast_path(std::size_t port, FastPath way) { fast_paths_.at(port) = way; }
    // Flows, and what else is remembered from one packet to the next.
    void forget_flows();
    // Time passes: every flow and every memory is that much older.
    void age_flows(unsigned seconds);

    [[nodiscard]] const TestHost& test_host() const { return host_; }
    [[nodiscard]] std::size_t port_of(const std::string& interface_id) const { return ports_.at(interface_id); }
    [[nodiscard]] ReasonCounts counts(std::size_t port, Direction direction) const;
    [[nodiscard]] std::uint64_t drops_at_uplinks() const;
    // What passed outbound and took the fast path. Of the BPF back end alone, here and below.
    [[nodiscard]] std::uint64_t fast_packets(std::size_t port) const;
    [[nodiscard]] std::map<std::string, std::uint64_t> rule_hits() const;  // by label, those that are not zero

    // Pre: a daemon was started. The thread is in the host's namespace when it is called.
    [[nodiscard]] Dataplane& dataplane() { return back_end_->dataplane(); }

    // What is attached to the port.
    [[nodiscard]] const AttachedProgram& program(std::size_t port, Direction direction) const;

   private:
    TestHost host_;
    std::vector<FastPath> fast_paths_;  // by port
    std::unique_ptr<TestBackEnd> back_end_;
    std::map<std::string, std::size_t> ports_;  // by interface id
};

}  // namespace portcullis::test
