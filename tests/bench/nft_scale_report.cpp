// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/nft_scale_report.h"

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
    Packets(const NftScale& scale, const ScaleEffort& effort)
        : host_(scale.host()), from_(effort.scale.ports / 2 - 1), to_(from_ + 1), fence_(host_.host()) {
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
        (void)object_.send({.ifindex = host_.ifindex(to_), .frame = answer, .rotation = {}, .count = 1});  // likewise
    }
    [[nodiscard]] double established(std::uint32_t count) const {
        const test::NetNamespace::Entered here = host_.host().enter();
        const test::Bytes frame = scale_frame(from_, to_, kScaleAllowed, test::kAck);
        return object_.send({.ifindex = host_.ifindex(from_), .frame = frame, .rotation = {}, .count = count});
    }
    [[nodiscard]] double denied(std::uint32_t count) const {
        const test::NetNamespace::Entered here = host_.host().enter();
        const test::Bytes frame = scale_frame(from_, to_, kScaleDenied, test::kSyn);
        return object_.send_denied({.ifindex = host_.ifindex(from_), .frame = frame, .rotation = {}, .count = count}, fence_);
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
    BenchObject object_{1};
    test::DeliveryFence fence_;
};

// One rendering's costs, as rows of a table in which each has a unit of its own.
void add_costs(const std::string& whose, const ScaleCost& cost, Table& table) {
    const auto add = [&](const char* name, double value, const char* unit) {
        table.rows.push_back({.name = whose + ", " + name, .samples = {value}, .unit = unit, .budget = nullptr, .x = {}});
    };
    const auto add_count = [&](const char* name, std::size_t value, const char* unit) { add(name, static_cast<double>(value), unit); };
    add("lowering", cost.lowering_ms, "ms");
    add("first apply", cost.first_ms, "ms");
    add("the same again", cost.second_ms, "ms");
    add("one member joins", cost.member_ms, "ms");
    add_count("first apply", cost.first_writes, "writes");
    add_count("the same again", cost.second_writes, "writes");
    add_count("one member joins", cost.member_writes, "writes");
    add("kernel", static_cast<double>(cost.kernel_bytes) / kMebibyte, "MiB");
    add("process at the peak", static_cast<double>(cost.process_bytes) / kMebibyte, "MiB");
    add_count("objects", cost.tables, "tables");
    add_count("objects", cost.chains, "chains");
    add_count("objects", cost.rules, "rules");
    add_count("objects", cost.sets, "sets");
    add_count("objects", cost.elements, "elements");
}

}  // namespace

std::vector<Table> measure_scale(const ScaleEffort& effort) {
    NftScale scale(effort.scale);
    const Packets packets(scale, effort);
    const std::string ports = std::to_string(effort.scale.ports);
    Table established{.id = "nftables",
                      .title = "60-byte TCP between two of " + ports + " ports, established",
                      .unit = "ns per packet",
                      .ratio = Ratio::OfCost,
                      .rows = {}};
    Table denied{.id = "nftables",
                 .title = "60-byte TCP between two of " + ports + " ports, denied",
                 .unit = "ns per packet",
                 .ratio = Ratio::OfCost,
                 .rows = {}};
    const auto sample = [&](Table& table, const char* name, const std::function<double()>& one) {
        Row row{.name = name, .samples = {}, .unit = {}, .budget = nullptr, .x = {}};
        for (std::size_t turn = 0; turn < effort.turns; ++turn) {
            row.samples.push_back(one());
        }
        table.rows.push_back(std::move(row));
    };
    packets.establish();
    sample(established, "bare bridge", [&] { return packets.established(effort.repeat); });

    std::cerr << "bench: nftables, ours\n";
    const ScaleCost ours = scale.enforce();
    packets.establish();
    sample(established, "nftables", [&] { return packets.established(effort.repeat); });
    const std::uint64_t before = scale.dropped(packets.sender(), Direction::Outbound);
    sample(denied, "nftables", [&] { return packets.denied(effort.repeat); });
    if (scale.dropped(packets.sender(), Direction::Outbound) != before + effort.turns * std::uint64_t{effort.repeat}) {
        errno = EIO;
        test::end_test_run("deny every packet");
    }
    scale.lift();

    std::cerr << "bench: nftables, linear\n";
    const ScaleCost linear = scale.enforce_linear();
    packets.establish();
    sample(established, "linear rendering, without guards", [&] { return packets.established(effort.repeat / kFewer); });
    sample(denied, "linear rendering, without guards", [&] { return packets.denied(effort.repeat / kFewer); });
    scale.lift();
    Table costs{.id = "nftables",
                .title = ports + " ports, " + std::to_string(effort.scale.rules) + " rules",
                .unit = "as said",
                .ratio = Ratio::None,
                .rows = {}};
    add_costs("ours", ours, costs);
    add_costs("linear", linear, costs);
    return {std::move(costs), std::move(established), std::move(denied)};
}

}  // namespace portcullis::bench
