// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/bridge_runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "tests/conformance/kernel_forwarding.h"
#include "tests/conformance/run_case.h"

namespace portcullis::test {
namespace {

const Mac kElsewhere{{0x02, 0, 0, 0, 0, 0xfe}};

// An unsolicited advertisement of the sender's link-local address: admitted at every port it may cross (docs/semantics.md 2.3), whatever
// the rules, and without an effect on state. Its nonce makes it unique.
Bytes sentinel(const Mac& sender, std::uint32_t number) {
    Bytes nonce = nd_link_option(14, {});
    for (std::size_t i = 0; i < 4; ++i) {
        nonce[2 + i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return (Ethernet{.source = sender, .destination = mac("33:33:00:00:00:01"), .type = {}} /
            Ipv6{.source = sender.link_local(), .destination = ip("ff02::1"), .hop_limit = 255, .next_header = {}, .payload_length = {}} /
            Neighbour{.type = 136, .target = sender.link_local(), .options = nonce})
        .bytes();
}

// A TCP segment with RST, behind options of IPv4 or one header of eight bytes of IPv6 too.
bool is_reset(std::span<const std::uint8_t> frame) {
    constexpr std::size_t kIp = 14, kFlags = 13;
    constexpr std::uint8_t kTcp = 6, kReset = 4;
    std::size_t transport = 0;
    if (frame.size() > kIp + 20 && frame[12] == 0x08 && frame[13] == 0 && frame[kIp + 9] == kTcp) {
        transport = kIp + static_cast<std::size_t>(frame[kIp] & 15) * 4;
    } else if (frame.size() > kIp + 48 && frame[12] == 0x86 && frame[13] == 0xdd) {
        transport = frame[kIp + 6] == kTcp ? kIp + 40 : (frame[kIp + 40] == kTcp ? kIp + 48 : 0);
    }
    return transport != 0 && transport + kFlags < frame.size() && (frame[transport + kFlags] & kReset) != 0;
}

}  // namespace

BridgeRunner::BridgeRunner(std::size_t ports, const BridgeOptions& options)
    : host_({.ports = ports, .calls_netfilter = options.calls_netfilter, .has_stranger = true},
            {.kind = options.back_end, .xdp = options.drops_early ? XdpMode::Everywhere : XdpMode::Off, .fast_path = options.fast_path}),
      options_(options),
      outside_(host_.test_host().outside(), host_.test_host().outside_device()),
      stranger_(host_.test_host().outside(), host_.test_host().stranger_device()),
      bridge_(host_.test_host().host(), "br0") {
    stay_on_one_cpu();
    // A frame goes to the uplink, and to the port of the step where there is one: what other ports would say is none of the case's.
    std::string batch =
        "link set up0 type bridge_slave learning off\n"
        "link set x0 type bridge_slave learning off flood off mcast_flood off bcast_flood off\n";
    for (std::size_t port = 0; port < ports; ++port) {
        batch += "link set " + TestHost::port_device(port) + " type bridge_slave learning off flood off mcast_flood off bcast_flood off\n";
        instances_.emplace_back(host_.test_host().instance(port), host_.test_host().instance_device(port));
    }
    host_.test_host().host().ip(batch);
}

BridgeRunner::~BridgeRunner() {
    std::printf("on the bridge%s%s%s: %u delivered, %u dropped (%u of them excused), %u not forwarded by the kernel\n",
                options_.back_end == BackEndKind::Nftables ? " with nftables" : "", options_.calls_netfilter ? " with netfilter" : "",
                options_.drops_early                  ? " with early drop"
                : options_.fast_path != FastPath::Off ? " with a fast path"
                                                      : "",
                tally_.delivered, tally_.dropped, tally_.excused, tally_.not_forwarded);
}

void BridgeRunner::begin(const Model& model, const HostFacts& host) {
    facts_ = host;
    change(model);
    host_.forget_flows();
    evaluator_.begin(model, host);
}

void BridgeRunner::change(const Model& model) {
    model_ = std::make_shared<const Model>(model);
    host_.apply(model, facts_);
    if (options_.back_end == BackEndKind::Nftables) {
        hits_ = host_.rule_hits();  // a rule that kept its label may have a new counter
    }
    (void)evaluator_.rules_since_last();
}

void BridgeRunner::run(const Case& conformance_case, Excuse excuse) {
    excuse_ = std::move(excuse);
    begin(*conformance_case.model, conformance_case.host);
    for (std::size_t i = 0; i < conformance_case.steps.size(); ++i) {
        const Step& step = conformance_case.steps[i];
        SCOPED_TRACE("docs/semantics.md " + conformance_case.section + ", step " + std::to_string(i + 1) + ", " +
                     to_string(step.arrival()));
        if (step.model) {
            compare_rules();
            change(*step.model);
            evaluator_.change(*step.model);
        }
        if (step.wait_s != 0) {
            host_.age_flows(step.wait_s);
            evaluator_.wait(step.wait_s);
        }
        step_ = i + 1;
        run_step(step);
        if (testing::Test::HasFailure()) {
            return;
        }
    }
    compare_rules();
}

void BridgeRunner::compare_rules() {
    if (options_.back_end != BackEndKind::Nftables) {
        return;
    }
    const std::vector<std::string> named = evaluator_.rules_since_last();
    std::map<std::string, std::uint64_t> now = host_.rule_hits();
    for (const auto& [label, hits] : now) {
        const auto before = hits_.find(label);
        const bool has_risen = before == hits_.end() || before->second != hits;
        EXPECT_TRUE(!has_risen || std::find(named.begin(), named.end(), label) != named.end())
            << "the rule \"" << label << "\" counted a decision, but decided nothing";
    }
    hits_ = std::move(now);
}

const NetworkInterface* BridgeRunner::interface_of(const std::string& id) const {
    const auto& all = model_->network_interfaces;
    const auto at = std::find_if(all.begin(), all.end(), [&](const NetworkInterface& one) { return one.id == id; });
    return at == all.end() ? nullptr : &*at;
}

Mac BridgeRunner::mac_of(const std::string& interface_id) const {
    const NetworkInterface* const found = interface_of(interface_id);
    return found == nullptr ? Mac{} : found->mac.value_or(Mac{});
}

std::string BridgeRunner::vpc_of(const std::string& interface_id) const {
    const NetworkInterface* const found = interface_of(interface_id);
    return found == nullptr ? std::string{} : found->vpc_id;
}

BridgeRunner::Path BridgeRunner::path_of(const Step& step) const {
    const RawSocket& own = instances_.at(host_.port_of(step.interface_id));
    if (step.direction == Direction::Outbound) {
        return {.sender = &own, .receiver = &outside_, .sentinel_mac = mac_of(step.interface_id), .crossings = {step.arrival()}};
    }
    Path path{.sender = &bridge_, .receiver = &own, .sentinel_mac = kElsewhere, .crossings = {step.arrival()}};
    switch (step.entrance.kind) {
        case Entrance::Kind::Host:
            path.is_from_host = true;
            break;
        case Entrance::Kind::Uplink:
            path.sender = &outside_;
            break;
        case Entrance::Kind::Elsewhere:
            path.sender = &stranger_;
            break;
        case Entrance::Kind::Port: {
            const std::string& other = step.entrance.interface_id;
            path.sender = &instances_.at(host_.port_of(other));
            if (vpc_of(other) == vpc_of(step.interface_id) && !model_->isolates_instances) {
                path.sentinel_mac = mac_of(other);
            } else {
                path.sentinel_sender = &outside_;  // nothing crosses between VPCs on a bridge, nor between isolated instances
            }
            const Arrival departure{.interface_id = other, .direction = Direction::Outbound, .entrance = {}, .frame = step.frame};
            path.crossings.insert(path.crossings.begin(), departure);
            break;
        }
    }
    return path;
}

void BridgeRunner::flood_to(const Step& step, bool is_on) {
    if (step.direction == Direction::Inbound) {
        const std::string word = is_on ? "on" : "off";
        const std::string device = TestHost::port_device(host_.port_of(step.interface_id));
        host_.test_host().host().ip("link set " + device + " type bridge_slave flood " + word + " mcast_flood " + word + " bcast_flood " +
                                    word);
    }
}

std::vector<Bytes> BridgeRunner::send_and_collect(const Path& path, const Bytes& frame) {
    const Bytes last = sentinel(path.sentinel_mac, ++sentinels_);
    path.receiver->drain();
    path.sender->send(frame);
    (path.sentinel_sender == nullptr ? path.sender : path.sentinel_sender)->send(last);
    std::vector<Bytes> seen;
    const bool has_arrived = wait_until([&] {
        while (std::optional<Bytes> next = path.receiver->receive()) {
            if (*next == last) {
                return true;
            }
            seen.push_back(std::move(*next));
        }
        return false;
    });
    EXPECT_TRUE(has_arrived) << "the legal frame behind the one under test did not arrive: the path is closed";
    return seen;
}

void BridgeRunner::run_step(const Step& step) {
    if (step.entrance.interface_id == step.interface_id) {
        ++tally_.not_forwarded;  // a bridge returns nothing to the port it came from
        return;
    }
    const Path path = path_of(step);
    const std::uint64_t dropped_at_uplinks = host_.drops_at_uplinks();
    std::map<Crossing, ReasonCounts> before;
    for (const Arrival& arrival : path.crossings) {
        const Crossing crossing = crossing_of(arrival);
        before[crossing] = host_.counts(crossing.first, crossing.second);
    }
    flood_to(step, true);
    const std::vector<Bytes> seen = send_and_collect(path, step.frame);
    flood_to(step, false);
    const bool ends_at_uplink = host_.drops_at_uplinks() != dropped_at_uplinks;
    const Fate fate = ends_at_uplink ? compare_end_at_uplink(path, before) : compare_crossings(path, step.frame, before);
    const bool is_due = fate == Fate::Delivered;
    const bool was_seen =
        std::any_of(seen.begin(), seen.end(), [&](const Bytes& one) { return is_arrival_of(one, step.frame, options_.calls_netfilter); });
    EXPECT_EQ(was_seen, is_due) << (is_due ? "passed, but never seen at the far side" : "seen at the far side, which it must not reach");
    EXPECT_LE(seen.size(), is_due ? 1u : 0u) << "the far side saw something else";
    ++(fate == Fate::Delivered ? tally_.delivered : (fate == Fate::Dropped ? tally_.dropped : tally_.not_forwarded));
}

// Whether the bridge brings it as far as the receiver's port judges. nftables does that before br_netfilter reads ARP on its way out.
bool BridgeRunner::is_handed_over(const Bytes& frame) const {
    const bool is_arp = frame[12] == 0x08 && frame[13] == 0x06;
    return bridge_forwards(frame, options_.calls_netfilter && !(is_arp && options_.back_end == BackEndKind::Nftables));
}

BridgeRunner::Fate BridgeRunner::compare_crossings(const Path& path, const Bytes& frame, const std::map<Crossing, ReasonCounts>& before) {
    const bool is_forwarded = path.is_from_host || is_handed_over(frame);
    Fate fate = path.is_from_host || kernel_receives(frame) ? Fate::Delivered : Fate::NotForwarded;
    for (const Arrival& arrival : path.crossings) {
        const bool is_behind_the_bridge = arrival.direction == Direction::Inbound;
        if (fate == Fate::Delivered && is_behind_the_bridge && !is_forwarded) {
            fate = Fate::NotForwarded;
        }
        const bool is_reached = fate == Fate::Delivered;
        std::optional<Reason> expected;
        if (is_reached) {
            expected = excused_drop(arrival, before.at(crossing_of(arrival)));
            tally_.excused += expected ? 1 : 0;
            expected = expected ? *expected : judge(arrival);
        }
        const bool sees_sentinel = is_behind_the_bridge || path.sentinel_sender == nullptr;
        compare_crossing(arrival, before.at(crossing_of(arrival)), sees_sentinel, expected);
        if (is_reached && expected != PC_REASON_passed) {
            fate = Fate::Dropped;
        }
    }
    return fate == Fate::Delivered && !is_forwarded ? Fate::NotForwarded : fate;
}

// Early drop at the uplink is in order where the port would have dropped the frame.
BridgeRunner::Fate BridgeRunner::compare_end_at_uplink(const Path& path, const std::map<Crossing, ReasonCounts>& before) {
    const Arrival& arrival = path.crossings.front();
    EXPECT_TRUE(path.sender == &outside_ && !evaluator_.judge(arrival).passes()) << "dropped at the uplink: " << to_string(arrival);
    compare_crossing(arrival, before.at(crossing_of(arrival)), true, std::nullopt);
    return Fate::Dropped;
}

// Of a crossing that may end early: which of the reasons was counted instead of the one of the first stage in order.
std::optional<Reason> BridgeRunner::early_reason(const ReasonCounts& before, const ReasonCounts& after,
                                                 std::optional<Reason> expected) const {
    for (std::size_t i = PC_REASON_passed + 1; options_.drops_early && expected != PC_REASON_passed && i < after.size(); ++i) {
        const auto reason = static_cast<Reason>(i);
        if (after[i] != before[i] && (!expected || stage_of(reason) >= stage_of(*expected))) {
            return reason;
        }
    }
    return expected;
}

// What is remembered only here (docs/nftables.md, "Otherwise") is kept from the evaluator.
Reason BridgeRunner::judge(const Arrival& arrival) {
    const bool is_forgotten = options_.back_end == BackEndKind::Nftables && is_reset(arrival.frame);
    return (is_forgotten ? evaluator_.peek(arrival) : evaluator_.judge(arrival)).reason;
}

std::optional<Reason> BridgeRunner::excused_drop(const Arrival& arrival, const ReasonCounts& before) {
    const Crossing crossing = crossing_of(arrival);
    const ReasonCounts after = excuse_ ? host_.counts(crossing.first, crossing.second) : before;
    for (std::size_t i = PC_REASON_passed + 1; i < after.size(); ++i) {
        if (after[i] != before[i] && excuse_(step_, arrival, static_cast<Reason>(i))) {
            return static_cast<Reason>(i);
        }
    }
    return std::nullopt;
}

void BridgeRunner::compare_crossing(const Arrival& arrival, const ReasonCounts& before, bool sees_sentinel,
                                    std::optional<Reason> expected) {
    const Crossing crossing = crossing_of(arrival);
    const ReasonCounts after = host_.counts(crossing.first, crossing.second);
    if (arrival.direction == Direction::Outbound) {
        expected = early_reason(before, after, expected);
    }
    for (std::size_t reason = 0; reason < after.size(); ++reason) {
        const bool is_expected = expected && reason == *expected;
        const std::uint64_t sentinels = sees_sentinel && reason == PC_REASON_passed ? 1 : 0;
        EXPECT_EQ(after[reason] - before[reason], sentinels + (is_expected ? 1 : 0))
            << to_string(arrival.direction) << " at " << arrival.interface_id << ", counter " << name_of(static_cast<Reason>(reason))
            << (expected ? ": the evaluator says " + std::string(name_of(*expected)) : std::string(": the frame does not get there"));
    }
}

}  // namespace portcullis::test
