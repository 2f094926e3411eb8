// SPDX-License-Identifier: Apache-2.0
// The budgets: what each measured row is held to. docs/performance.md explains them. Ratios hold on any machine; where a budget is about
// an absolute value it says so by its unit.
#pragma once

#include <array>
#include <string_view>

namespace portcullis::bench {

struct Budget {
    enum class Of { Ratio, Value };
    enum class Bound { AtMost, AtLeast };
    std::string_view question;  // "B1"
    std::string_view what;
    Of of;
    Bound bound;
    double limit;
    std::string_view unit;  // of a value; of a ratio, what it is relative to
    [[nodiscard]] constexpr bool is_held_by(double measured) const {
        return bound == Bound::AtMost ? measured <= limit : measured >= limit;
    }
};

namespace budget {

using Of = Budget::Of;
using Bound = Budget::Bound;

inline constexpr Budget kEstablished4{"B1", "established flow, one program run, IPv4, one flow", Of::Ratio, Bound::AtMost, 1.6, "× limit"};
inline constexpr Budget kEstablished4Many{"B1", "the same, 100,000 flows in rotation", Of::Ratio, Bound::AtMost, 1.3, "× limit"};
inline constexpr Budget kEstablished6{"B1", "established flow, one program run, IPv6, one flow", Of::Ratio, Bound::AtMost, 1.8, "× limit"};
inline constexpr Budget kEstablished6Many{"B1", "the same, 100,000 flows in rotation", Of::Ratio, Bound::AtMost, 1.4, "× limit"};
inline constexpr Budget kNewFlow{
    "B1", "new flow with 10,000 prefixes, insertion included", Of::Ratio, Bound::AtMost, 2.5, "× bare insertion"};
inline constexpr Budget kNewFlowEvents{"B1", "new flow while events are consumed", Of::Value, Bound::AtMost,
                                       1.1,  "× the same without a consumer"};
inline constexpr Budget kDenied{"B1", "denied packet without prefixes", Of::Ratio, Bound::AtMost, 3, "× limit"};
inline constexpr Budget kDeniedPrefixes{"B1", "denied packet with 10,000 prefixes", Of::Ratio, Bound::AtMost, 5, "× limit"};
inline constexpr Budget kDeniedEvents{
    "B1", "denied packet while events are consumed", Of::Value, Bound::AtMost, 1.1, "× the same without a consumer"};
inline constexpr Budget kFlat{
    "B2", "new flow from 10 rules or members to 100,000, less a trie's own growth", Of::Value, Bound::AtMost, 1.15, "× the smallest"};
inline constexpr Budget kLiveOne{"B3",           "live path, both ports enforced, established, 1 flow", Of::Ratio, Bound::AtLeast, 0.75,
                                 "× bare bridge"};
inline constexpr Budget kLiveMany{"B3", "the same, 50,000 flows", Of::Ratio, Bound::AtLeast, 0.52, "× bare bridge"};
inline constexpr Budget kLiveNew{
    "B3", "live path, every packet a new UDP flow: time added", Of::Value, Bound::AtMost, 0.5, "× what inet conntrack adds"};
inline constexpr Budget kFastPort{"B3",           "live path, fast path port to port, established, 1 flow", Of::Ratio, Bound::AtLeast, 1.1,
                                  "× bare bridge"};
inline constexpr Budget kFastNamespace{"B3", "the same, into the namespace", Of::Ratio, Bound::AtLeast, 1.3, "× bare bridge"};
inline constexpr Budget kNftEstablished{
    "B3", "our nftables back end, established: time added", Of::Value, Bound::AtMost, 1, "× what nftables at its best adds"};
inline constexpr Budget kBulk{"B4", "TCP in bulk, one stream, offloads on", Of::Ratio, Bound::AtLeast, 0.98, "× bare bridge"};
inline constexpr Budget kBulkPlain{"B4", "TCP in bulk, one stream, offloads off", Of::Ratio, Bound::AtLeast, 0.93, "× bare bridge"};
inline constexpr Budget kConnections{"B5", "TCP connections opened and closed", Of::Ratio, Bound::AtLeast, 0.92, "× bare bridge"};
inline constexpr Budget kRuleChange{"B6", "one rule changed, 1,000,000 rules, to the switch, p99", Of::Value, Bound::AtMost, 10, "ms"};
inline constexpr Budget kMemberChange{"B6", "one member joins or leaves, to the switch, p99", Of::Value, Bound::AtMost, 1, "ms"};
inline constexpr Budget kColdStart{
    "B7", "1,000,000 rules and 10,000 interfaces, from JSON to enforced, one core", Of::Value, Bound::AtMost, 10, "s"};
inline constexpr Budget kColdStartPeak{"B7", "the same, memory of the process at its peak", Of::Value, Bound::AtMost, 1536, "MiB"};
inline constexpr Budget kColdStartMaps{"B7", "memory of the maps for 1,000,000 rules, computed for 64 CPUs", Of::Value, Bound::AtMost, 1024,
                                       "MiB"};
inline constexpr Budget kSweep{"B8", "sweep at 1,000,000 flows, called every second", Of::Value, Bound::AtMost, 5, "% of one core"};
inline constexpr Budget kFlow4{"B8", "memory of an IPv4 flow, everything counted", Of::Value, Bound::AtMost, 160, "bytes"};
inline constexpr Budget kFlow6{"B8", "memory of an IPv6 flow, everything counted", Of::Value, Bound::AtMost, 224, "bytes"};

}  // namespace budget

// In the order of the questions.
inline constexpr std::array kBudgets{&budget::kEstablished4,  &budget::kEstablished4Many,
                                     &budget::kEstablished6,  &budget::kEstablished6Many,
                                     &budget::kNewFlow,       &budget::kNewFlowEvents,
                                     &budget::kDenied,        &budget::kDeniedPrefixes,
                                     &budget::kDeniedEvents,  &budget::kFlat,
                                     &budget::kLiveOne,       &budget::kLiveMany,
                                     &budget::kLiveNew,       &budget::kFastPort,
                                     &budget::kFastNamespace, &budget::kNftEstablished,
                                     &budget::kBulk,          &budget::kBulkPlain,
                                     &budget::kConnections,   &budget::kRuleChange,
                                     &budget::kMemberChange,  &budget::kColdStart,
                                     &budget::kColdStartPeak, &budget::kColdStartMaps,
                                     &budget::kSweep,         &budget::kFlow4,
                                     &budget::kFlow6};

}  // namespace portcullis::bench
