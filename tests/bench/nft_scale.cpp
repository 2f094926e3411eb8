// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/nft_scale.h"

#include "compiler/lower_nft/lower_nft.h"
#include "fallback/nft_teardown.h"
#include "fallback/nft_writer.h"
#include "tests/bench/linear_image.h"
#include "tests/bench/memory_use.h"
#include "tests/bench/sampling.h"

namespace portcullis::bench {
namespace {

using test::value_or_end;

void count_objects(const NftImage& image, ScaleCost& cost) {
    for (const NftTable& table : image.tables) {
        ++cost.tables;
        cost.chains += table.chains.size();
        cost.sets += table.sets.size();
        for (const NftChain& chain : table.chains) {
            cost.rules += chain.rules.size();
        }
        for (const NftSet& set : table.sets) {
            cost.elements += set.elements.size();
        }
    }
}

// Begun before the first apply; writes down what it took.
class MemoryCount {
   public:
    MemoryCount() : kernel_(kernel_memory()) {
        forget_peak();
        process_ = present_memory();
    }
    void end(ScaleCost& cost) const {
        cost.kernel_bytes = kernel_memory() - kernel_;
        cost.process_bytes = peak_memory() - process_;
    }

   private:
    std::int64_t kernel_, process_ = 0;
};

}  // namespace

NftScale::NftScale(const Scale& scale) : scale_(scale), host_(scale), model_(make_scale_model(scale)) {
    const test::NetNamespace::Entered here = host_.host().enter();
    dataplane_ = value_or_end(NftDataplane::create({.owns_tables = false}), "make the nftables back end");
}

std::uint64_t NftScale::apply() {
    return value_or_end(dataplane_->apply(ruleset_, host_.bindings(ruleset_), {}), "apply the model").kernel_writes;
}

std::uint64_t NftScale::change(const Model& before, const Model& model) {
    ruleset_ = value_or_end(compiler_.change(ruleset_, before, model, Aliases()), "compile the change");
    return apply();
}

ScaleCost NftScale::enforce() {
    const test::NetNamespace::Entered here = host_.host().enter();
    ScaleCost cost;
    const MemoryCount memory;
    cost.first_ms = milliseconds([&] {
        ruleset_ = value_or_end(compiler_.compile(model_, Aliases()), "compile the model");
        cost.first_writes = apply();
    });
    memory.end(cost);
    cost.second_ms = milliseconds([&] { cost.second_writes = apply(); });
    Model joined = model_;
    add_member(joined, scale_.ports / 2, 0);
    cost.member_ms = milliseconds([&] { cost.member_writes = change(model_, joined); });
    const std::vector<DeviceBinding> devices = host_.bindings(ruleset_);
    NftImage image;
    cost.lowering_ms = milliseconds([&] { image = lower_nft(ruleset_, devices, {}, NftBindings({}, ruleset_, devices, {})); });
    count_objects(image, cost);
    return cost;
}

ScaleCost NftScale::enforce_linear() {
    const test::NetNamespace::Entered here = host_.host().enter();
    ScaleCost cost;
    NftWriter writer = value_or_end(NftWriter::open(kLinearTable, false), "open nf_tables");
    const auto write = [&](const Model& model) { return value_or_end(writer.write(linear_image(model, host_)), "write the linear rules"); };
    const MemoryCount memory;
    cost.first_ms = milliseconds([&] { cost.first_writes = write(model_); });
    memory.end(cost);
    cost.second_ms = milliseconds([&] { cost.second_writes = write(model_); });
    Model joined = model_;
    add_member(joined, scale_.ports / 2, 0);
    cost.member_ms = milliseconds([&] { cost.member_writes = write(joined); });
    std::shared_ptr<const NftImage> image;
    cost.lowering_ms = milliseconds([&] { image = linear_image(model_, host_); });
    count_objects(*image, cost);
    return cost;
}

void NftScale::lift() {
    const test::NetNamespace::Entered here = host_.host().enter();
    (void)value_or_end(nft_teardown(), "take our tables away");
    NftWriter writer = value_or_end(NftWriter::open(kLinearTable, false), "open nf_tables");
    (void)value_or_end(writer.write(std::make_shared<const NftImage>()), "delete the linear rendering");
}

std::uint64_t NftScale::dropped(std::size_t port, Direction direction) const {
    const test::NetNamespace::Entered here = host_.host().enter();
    std::uint64_t packets = 0;
    for (const PortCounters& counters : value_or_end(dataplane_->port_counters(), "read the counters")) {
        for (const ReasonCount& one : counters.reasons) {
            const bool is_it = counters.ifindex == host_.ifindex(port) && one.direction == direction && one.reason != PC_REASON_passed;
            packets += is_it ? one.packets : 0;
        }
    }
    return packets;
}

}  // namespace portcullis::bench
