// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/scale_report.h"

#include <cerrno>
#include <functional>
#include <iostream>

#include "tests/bench/bench_object.h"
#include "tests/bench/nft_scale.h"

namespace portcullis::bench {
namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;
constexpr std::uint32_t kFewer = 20;

// Packets between the two ports in the middle, so that half of all jumps of the linear rendering come before them.
class Packets {
   public:
    Packets(const NftScale& scale, const ScaleEffort& effort) : host_(scale.host()), from_(effort.scale.ports / 2 - 1), to_(from_ + 1) {
        const test::NetNamespace::Entered there = host_.far().enter();
        for (const std::size_t port : {from_, to_}) {
            object_.attach_sink(host_.far().ifindex_of(ScaleHost::far_device(port)));
        }
    }
    // The bridge learns where both are, and the flow is begun and answered.
    void establish() const {
        (void)established(1);  // for its effect
        const test::NetNamespace::Entered here = host_.host().enter();
        const test::Bytes answer = swapped();
        (void)object_.send(host_.ifindex(to_), answer, {.flows = 1, .is_answer = true}, 1);  // likewise
    }
    [[nodiscard]] double established(std::uint32_t count) const {
        const test::NetNamespace::Entered here = host_.host().enter();
        return object_.send(host_.ifindex(from_), scale_frame(from_, to_, kScaleAllowed, test::kAck), {.flows = 1}, count);
    }
    [[nodiscard]] double denied(std::uint32_t count) const {
        const test::NetNamespace::Entered here = host_.host().enter();
        return object_.send_denied(host_.ifindex(from_), scale_frame(from_, to_, kScaleDenied, test::kSyn), {.flows = 1}, count);
    }
    [[nodiscard]] std::size_t sender() const { return from_; }

   private:
    // What the receiver answers to the established flow's packet.
    [[nodiscard]] test::Bytes swapped() const {
        test::Bytes frame = scale_frame(to_, from_, 0, test::kAck);
        constexpr std::size_t kSourcePort = 34;
        const std::uint16_t ports[] = {kScaleAllowed, kFlowPort};
        for (std::size_t i = 0; i < 2; ++i) {
            frame[kSourcePort + 2 * i] = static_cast<std::uint8_t>(ports[i] >> 8);
            frame[kSourcePort + 2 * i + 1] = static_cast<std::uint8_t>(ports[i]);
        }
        return frame;
    }
    static constexpr std::uint16_t kFlowPort = 1024;  // which the generator gives the only flow

    const ScaleHost& host_;
    std::size_t from_, to_;
    BenchObject object_;
};

Quantities costs_of(const ScaleCost& ours, const ScaleCost& linear, const Scale& scale) {
    Quantities all{.id = "B6",
                   .title = std::to_string(scale.ports) + " ports, " + std::to_string(scale.rules) + " rules, nftables",
                   .columns = {"ours", "linear"},
                   .rows = {}};
    const auto add = [&](const char* name, const auto& value_of) {
        all.rows.push_back({.name = name, .values = {static_cast<double>(value_of(ours)), static_cast<double>(value_of(linear))}});
    };
    add("lowering, ms", [](const ScaleCost& cost) { return cost.lowering_ms; });
    add("first apply, ms", [](const ScaleCost& cost) { return cost.first_ms; });
    add("the same again, ms", [](const ScaleCost& cost) { return cost.second_ms; });
    add("one member joins, ms", [](const ScaleCost& cost) { return cost.member_ms; });
    add("first apply, writes", [](const ScaleCost& cost) { return cost.first_writes; });
    add("the same again, writes", [](const ScaleCost& cost) { return cost.second_writes; });
    add("one member joins, writes", [](const ScaleCost& cost) { return cost.member_writes; });
    add("kernel memory, MiB", [](const ScaleCost& cost) { return static_cast<double>(cost.kernel_bytes) / kMebibyte; });
    add("process at the peak, MiB", [](const ScaleCost& cost) { return static_cast<double>(cost.process_bytes) / kMebibyte; });
    add("tables", [](const ScaleCost& cost) { return cost.tables; });
    add("chains", [](const ScaleCost& cost) { return cost.chains; });
    add("rules", [](const ScaleCost& cost) { return cost.rules; });
    add("sets", [](const ScaleCost& cost) { return cost.sets; });
    add("elements", [](const ScaleCost& cost) { return cost.elements; });
    return all;
}

}  // namespace

ScaleReport measure_scale(const ScaleEffort& effort) {
    NftScale scale(effort.scale);
    const Packets packets(scale, effort);
    const std::string ports = std::to_string(effort.scale.ports);
    Table established{.id = "B6", .title = "60-byte TCP between two of " + ports + " ports, established", .is_rate = false, .rows = {}};
    Table denied{.id = "B6", .title = "60-byte TCP between two of " + ports + " ports, denied", .is_rate = false, .rows = {}};
    const auto sample = [&](Table& table, const char* name, const std::function<double()>& one) {
        Row row{.name = name, .nanoseconds = {}};
        for (std::size_t turn = 0; turn < effort.turns; ++turn) {
            row.nanoseconds.push_back(one());
        }
        table.rows.push_back(std::move(row));
    };
    packets.establish();
    sample(established, "bare bridge", [&] { return packets.established(effort.repeat); });

    std::cerr << "bench: B6, ours\n";
    const ScaleCost ours = scale.enforce();
    packets.establish();
    sample(established, "nftables", [&] { return packets.established(effort.repeat); });
    const std::uint64_t before = scale.dropped(packets.sender(), Direction::Outbound);
    sample(denied, "nftables", [&] { return packets.denied(effort.repeat); });
    if (scale.dropped(packets.sender(), Direction::Outbound) != before + effort.turns * std::uint64_t{effort.repeat}) {
        errno = EIO;
        test::end_test_run("deny every packet of B6");
    }
    scale.lift();

    std::cerr << "bench: B6, linear\n";
    const ScaleCost linear = scale.enforce_linear();
    packets.establish();
    sample(established, "linear rendering, without guards", [&] { return packets.established(effort.repeat / kFewer); });
    sample(denied, "linear rendering, without guards", [&] { return packets.denied(effort.repeat / kFewer); });
    scale.lift();
    return {.costs = costs_of(ours, linear, effort.scale), .packets = {std::move(established), std::move(denied)}};
}

}  // namespace portcullis::bench
