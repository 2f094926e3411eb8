// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/live_path.h"

#include "tests/bench/machine.h"
#include "tests/bench/nft_peers.h"
#include "tests/bench/program_bench.h"

namespace portcullis::bench {
namespace {

constexpr std::size_t kSender = 0, kReceiver = 1;
constexpr std::uint64_t kMostFlows = 1'000'000;
constexpr std::size_t kLinearRules = 1'000;

const char* name_of(Peer::Kind kind) {
    switch (kind) {
        case Peer::Kind::Bare:
            return "bare bridge";
        case Peer::Kind::Ours:
            return "both ports enforced, BPF";
        case Peer::Kind::OursNftables:
            return "both ports enforced, our nftables back end";
        case Peer::Kind::NftLinear:
            return "nftables, rule behind rule";
        case Peer::Kind::NftBest:
            return "nftables at its best, without state";
        case Peer::Kind::Conntrack:
            return "inet conntrack through br_netfilter";
        case Peer::Kind::OursFastPort:
            return "both ports enforced, fast path port to port";
        case Peer::Kind::OursFastNamespace:
            return "both ports enforced, fast path into the namespace";
    }
    return "";
}

// None: nothing of ours enforces.
std::optional<test::TestBackEndOptions> back_end_of(Peer::Kind kind) {
    switch (kind) {
        case Peer::Kind::Ours:
            return test::TestBackEndOptions{};
        case Peer::Kind::OursNftables:
            return test::TestBackEndOptions{.kind = test::BackEndKind::Nftables};
        case Peer::Kind::OursFastPort:
            return test::TestBackEndOptions{.fast_path = FastPath::Port, .bpffs_directory = test::PrivateBpffs::directory() + "-port"};
        case Peer::Kind::OursFastNamespace:
            return test::TestBackEndOptions{.fast_path = FastPath::Namespace,
                                            .bpffs_directory = test::PrivateBpffs::directory() + "-namespace"};
        default:
            return std::nullopt;
    }
}

}  // namespace

LivePath::LivePath(const test::TestHost& host) : host_(host), programs_(1), fence_(host.host()) {
    for (std::size_t instance = 0; instance < host.port_count(); ++instance) {
        const test::NetNamespace::Entered there = host.instance(instance).enter();
        programs_.attach_sink(host.instance(instance).ifindex_of(host.instance_device(instance)));
    }
}

double LivePath::send(const test::Bytes& frame, const Rotation& rotation, std::uint32_t count) const {
    const test::NetNamespace::Entered here = host_.host().enter();
    return programs_.send({.ifindex = host_.port_ifindex(kSender), .frame = frame, .rotation = rotation, .count = count});
}

double LivePath::send_denied(const test::Bytes& frame, const Rotation& rotation, std::uint32_t count) const {
    const test::NetNamespace::Entered here = host_.host().enter();
    return programs_.send_denied({.ifindex = host_.port_ifindex(kSender), .frame = frame, .rotation = rotation, .count = count}, fence_);
}

BenchObject::Sent LivePath::send_some(std::uint32_t ifindex, const test::Bytes& frame, const Rotation& rotation,
                                      std::uint32_t count) const {
    const test::NetNamespace::Entered here = host_.host().enter();
    return programs_.send_some({.ifindex = ifindex, .frame = frame, .rotation = rotation, .count = count}, fence_);
}

void LivePath::establish(const test::Bytes& frame, std::uint64_t flows, std::size_t from) const {
    const test::NetNamespace::Entered here = host_.host().enter();
    const auto count = static_cast<std::uint32_t>(flows);
    const test::Bytes answer = answer_to(frame);
    const Rotation there{.flows = flows};
    const Rotation back{.flows = flows, .ends = Rotation::Ends::Answer};
    (void)programs_.send({.ifindex = host_.port_ifindex(from), .frame = frame, .rotation = there, .count = count});  // for their effect
    (void)programs_.send({.ifindex = host_.port_ifindex(kReceiver), .frame = answer, .rotation = back, .count = count});
}

Peer::Peer(Kind kind, const Effort& effort, const test::TestHostOptions& options) : kind_(kind), name_(name_of(kind)) {
    test::TestHostOptions own = options;
    own.calls_netfilter = kind == Kind::Conntrack;
    if (std::optional<test::TestBackEndOptions> back_end = back_end_of(kind)) {
        back_end->capacities = capacities_for(effort, kMostFlows);
        enforced_ = std::make_unique<test::EnforcedHost>(own, *back_end);
        apply({.prefixes = effort.prefixes, .flows = kMostFlows});
    } else {
        plain_ = std::make_unique<test::TestHost>(own);
    }
    expect_netfilter_calls(host().host(), own.calls_netfilter);
    if (kind == Kind::NftLinear) {
        load_nft(host().host(), linear_rules(kLinearRules));
    } else if (kind == Kind::NftBest) {
        load_nft(host().host(), best_rules(effort.prefixes));
    } else if (kind == Kind::Conntrack) {
        load_nft(host().host(), conntrack_rules());
    }
}

void Peer::apply(const PolicyShape& shape) { enforced_->apply(make_model(shape, enforced_->test_host().port_count())); }

std::uint64_t Peer::fast_packets() const { return enforced_->fast_packets(kSender); }

void Peer::forget_flows() {
    if (enforced_) {
        enforced_->forget_flows();
    } else if (kind_ == Kind::Conntrack) {
        forget_conntrack(host().host());
    }
}

}  // namespace portcullis::bench
