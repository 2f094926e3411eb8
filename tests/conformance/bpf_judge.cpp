// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/bpf_judge.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/support/raw_socket.h"

namespace portcullis::test {

namespace {

constexpr std::uint32_t kLoopbackIfindex = 1;  // in every namespace; nobody's port

}  // namespace

Reason reason_between(const ReasonCounts& before, const ReasonCounts& after) {
    Reason found = PC_REASON_COUNT;
    std::string changes;
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (after[i] != before[i]) {
            found = found == PC_REASON_COUNT && after[i] == before[i] + 1 ? static_cast<Reason>(i) : PC_REASON_inconsistent;
            changes += " " + std::string(name_of(static_cast<Reason>(i))) + " +" + std::to_string(after[i] - before[i]);
        }
    }
    if (found == PC_REASON_COUNT || found == PC_REASON_inconsistent) {
        ADD_FAILURE() << "exactly one counter rises by one with each packet, not:" << (changes.empty() ? " none" : changes);
        return PC_REASON_inconsistent;
    }
    return found;
}

void BpfJudge::begin(const Model& model, const HostFacts& host) {
    facts_ = host;
    change(model);
    host_.forget_flows();
}

void BpfJudge::change(const Model& model) {
    host_.apply(model, facts_);
    counts_.clear();
    hits_ = host_.rule_hits();  // a rule that kept its label may have a new counter
}

std::uint32_t BpfJudge::entrance_ifindex(const Arrival& arrival) {
    const TestHost& test_host = host_.test_host();
    if (arrival.direction == Direction::Outbound) {
        return test_host.port_ifindex(host_.port_of(arrival.interface_id));
    }
    switch (arrival.entrance.kind) {
        case Entrance::Kind::Port:
            return test_host.port_ifindex(host_.port_of(arrival.entrance.interface_id));
        case Entrance::Kind::Uplink:
            return test_host.uplink_ifindex();
        case Entrance::Kind::Elsewhere:
            return kLoopbackIfindex;
        case Entrance::Kind::Host:
            host_routes_ = !host_routes_;
            return host_routes_ ? test_host.bridge_ifindex() : 0;
    }
    return 0;
}

Verdict BpfJudge::judge(const Arrival& arrival) {
    const std::size_t port = host_.port_of(arrival.interface_id);
    auto [before, is_new] = counts_.try_emplace({port, arrival.direction});
    if (is_new) {
        before->second = host_.counts(port, arrival.direction);
    }
    std::optional<bool> hook_passes;
    if (is_taken_by_test_run(arrival.frame)) {
        hook_passes = run(port, arrival);
    } else {
        send(port, arrival, before->second);
    }
    const ReasonCounts after = host_.counts(port, arrival.direction);
    Verdict verdict{.reason = reason_between(before->second, after), .rules = {}};
    before->second = after;
    if (hook_passes && *hook_passes != verdict.passes()) {
        ADD_FAILURE() << "the hook " << (*hook_passes ? "passed" : "dropped") << " what was counted as " << name_of(verdict.reason);
        verdict.reason = PC_REASON_inconsistent;
    }
    return verdict;
}

bool BpfJudge::run(std::size_t port, const Arrival& arrival) {
    const AttachedProgram& program = host_.program(port, arrival.direction);
    const std::uint32_t code = program.run(arrival.frame, host_.test_host().port_ifindex(port), entrance_ifindex(arrival));
    EXPECT_TRUE(code == kNext || code == kShot || code == kAnswered) << "the hook's code is " << code;
    return code == kNext;
}

// Outbound from the far end of the port's pair, inbound by the port itself. Where it entered cannot be chosen: what is cut is dropped
// before that matters.
void BpfJudge::send(std::size_t port, const Arrival& arrival, const ReasonCounts& before) {
    const TestHost& test_host = host_.test_host();
    const bool is_outbound = arrival.direction == Direction::Outbound;
    const RawSocket socket(test_host.host(), is_outbound ? test_host.instance_device(port) : TestHost::port_device(port));
    socket.send(arrival.frame);
    EXPECT_TRUE(wait_until([&] { return host_.counts(port, arrival.direction) != before; })) << "the frame never reached the hook";
}

std::vector<std::string> BpfJudge::rules_since_last() {
    std::map<std::string, std::uint64_t> now = host_.rule_hits();
    std::vector<std::string> risen;
    for (const auto& [label, hits] : now) {
        if (const auto before = hits_.find(label); before == hits_.end() || before->second != hits) {
            risen.push_back(label);
        }
    }
    hits_ = std::move(now);
    return risen;
}

}  // namespace portcullis::test
