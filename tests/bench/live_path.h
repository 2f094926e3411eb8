// SPDX-License-Identifier: Apache-2.0
// Packets from the first port of a bridge to the second on one core: a host whose instances swallow and count what reaches them. Who is
// compared on it, each on a host of its own.
#pragma once

#include <memory>

#include "tests/bench/bench_model.h"
#include "tests/bench/bench_object.h"
#include "tests/bench/effort.h"
#include "tests/support/enforced_host.h"

namespace portcullis::bench {

class LivePath {
   public:
    // `host` outlives this.
    explicit LivePath(const test::TestHost& host);

    // Nanoseconds per packet; all, or none, arrive.
    [[nodiscard]] double send(const test::Bytes& frame, const Rotation& rotation, std::uint32_t count) const;
    [[nodiscard]] double send_denied(const test::Bytes& frame, const Rotation& rotation, std::uint32_t count) const;
    // Into any device of the host.
    [[nodiscard]] BenchObject::Sent send_some(std::uint32_t ifindex, const test::Bytes& frame, const Rotation& rotation,
                                              std::uint32_t count) const;
    // Opens the flows from a port to the second and has each answered. The bridge learns where all are: nothing of what follows is flooded.
    void establish(const test::Bytes& frame, std::uint64_t flows, std::size_t from = 0) const;

   private:
    const test::TestHost& host_;
    BenchObject programs_;
    test::DeliveryFence fence_;
};

// Somebody who enforces, or nobody.
class Peer {
   public:
    enum class Kind { Bare, Ours, OursNftables, NftLinear, NftBest, Conntrack, OursFastPort, OursFastNamespace };
    Peer(Kind kind, const Effort& effort, const test::TestHostOptions& options);
    // Ours alone: another policy.
    void apply(const PolicyShape& shape);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] const test::TestHost& host() const { return enforced_ ? enforced_->test_host() : *plain_; }
    // Flows that were begun are begun anew.
    void forget_flows();
    [[nodiscard]] bool has_fast_path() const { return kind_ == Kind::OursFastPort || kind_ == Kind::OursFastNamespace; }
    // What the first port sent and took it. Pre: it has one.
    [[nodiscard]] std::uint64_t fast_packets() const;

   private:
    Kind kind_;
    std::string name_;
    std::unique_ptr<test::TestHost> plain_;
    std::unique_ptr<test::EnforcedHost> enforced_;
};

}  // namespace portcullis::bench
