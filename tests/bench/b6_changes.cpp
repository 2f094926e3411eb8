// SPDX-License-Identifier: Apache-2.0
// B6: from a changed model to its enforcement: one rule, one member, one port, in models of several sizes; beside nftables, whose rules
// are loaded whole or changed by one element.
#include <algorithm>

#include "compiler/compile/recompile.h"
#include "loader/grace_period.h"
#include "tests/bench/nft_peers.h"
#include "tests/bench/program_bench.h"
#include "tests/bench/questions.h"
#include "tests/bench/scale_host.h"
#include "tests/bench/switch_watch.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::bench {
namespace {

using test::value_or_end;

constexpr std::size_t kLargest = 1'000'000;
constexpr std::size_t kRulesPerPort = 100;
constexpr double kAlmostAll = 0.99;

Scale scale_of(std::size_t rules) {
    const std::size_t groups = std::clamp<std::size_t>(rules / kRulesPerPort, 4, 10'000);
    return {.ports = std::min<std::size_t>(groups, 1'000), .rules = rules, .interfaces = groups};
}

// The BPF back end over a large model, as the daemon drives it: compile, lower, write, switch, settle.
class Enforcement {
   public:
    Enforcement(const Effort& effort, const Scale& scale) : host_(scale), model_(make_scale_model(scale)) {
        add_member(model_, 0, 0);  // the last interface: no port of this host, in a group as everybody is
        MapCapacities capacities = capacities_for(effort, 0);
        capacities.ports = std::max<std::uint32_t>(capacities.ports, 1'024);
        const test::NetNamespace::Entered here = host_.host().enter();
        const std::string pins = test::PrivateBpffs::directory();
        dataplane_ =
            value_or_end(BpfDataplane::create({.bpffs_directory = pins, .capacities = capacities, .log = {}}), "load the BPF back end");
        ruleset_ = value_or_end(compiler_.compile(model_, Aliases()), "compile the model");
        (void)value_or_end(dataplane_->apply(ruleset_, host_.bindings(ruleset_), {}), "apply the model");
        accepted_ = model_;
    }
    [[nodiscard]] Model& model() { return model_; }
    std::uint64_t apply() {
        const test::NetNamespace::Entered here = host_.host().enter();
        ruleset_ = value_or_end(compiler_.change(ruleset_, accepted_, model_, Aliases()), "compile the change");
        return value_or_end(dataplane_->apply(ruleset_, host_.bindings(ruleset_), {}), "apply the model").kernel_writes;
    }
    // After apply, and no part of what a change costs: the daemon has both models from its documents, and looks at its hooks four times in
    // a second.
    void accept() {
        const test::NetNamespace::Entered here = host_.host().enter();
        accepted_ = model_;
        (void)dataplane_->heal();
    }

   private:
    ScaleHost host_;
    Model model_, accepted_;
    Compiler compiler_;
    Ruleset ruleset_;
    std::unique_ptr<BpfDataplane> dataplane_;
};

// To and fro, so that every other change undoes the one before.
struct Change {
    const char* name;
    std::function<void(Model&, bool is_there)> make;
    const Budget* budget;
};

std::vector<Change> changes() {
    const auto rule = [](Model& model, bool is_there) {
        SecurityGroupRule& one = model.security_groups[model.ports.size() / 2].rules[static_cast<std::size_t>(Direction::Inbound)].back();
        one.traffic.from_port = one.traffic.to_port = is_there ? 50'001 : 50'002;
    };
    const auto member = [](Model& model, bool joins) {
        NetworkInterface& somebody = model.network_interfaces.back();
        if (joins) {
            somebody.group_ids.push_back(model.security_groups[model.ports.size() / 2].id);
        } else {
            somebody.group_ids.pop_back();
        }
    };
    const auto interface = [](Model& model, bool is_new) {
        if (is_new) {
            add_member(model, model.ports.size() / 2, 1);
        } else {
            model.network_interfaces.pop_back();
        }
    };
    const auto port = [kept = PortClaim{}](Model& model, bool is_there) mutable {
        if (is_there) {
            kept = model.ports.back();
            model.ports.pop_back();
        } else {
            model.ports.push_back(kept);
        }
    };
    return {{"one rule", rule, &budget::kRuleChange},
            {"one member", member, &budget::kMemberChange},
            {"one interface of another host", interface, nullptr},
            {"one port", port, nullptr}};
}

void add_changes(Enforcement& enforcement, const std::string& rules, const Effort& effort, Table& table) {
    const bool is_largest = std::stoul(rules) >= kLargest;
    const std::size_t times = std::max<std::size_t>(2, (is_largest ? effort.changes / 20 : effort.changes) & ~std::size_t{1});
    for (const Change& change : changes()) {
        std::vector<double> to_switch;
        std::vector<double> whole;
        std::vector<double> writes;
        for (std::size_t i = 0; i < times; ++i) {
            change.make(enforcement.model(), i % 2 == 0);
            const SwitchWatch watch;
            whole.push_back(milliseconds([&] { writes.push_back(static_cast<double>(enforcement.apply())); }));
            to_switch.push_back(watch.milliseconds());
            enforcement.accept();
        }
        const auto add = [&](const std::string& what, std::vector<double> samples, const char* unit, const Budget* budget) {
            std::string name = rules;
            name.append(" rules, ").append(change.name).append(", ").append(what);
            table.rows.push_back({.name = std::move(name), .samples = std::move(samples), .unit = unit, .budget = budget, .x = {}});
        };
        const bool is_budgeted = is_largest || change.budget == &budget::kMemberChange;
        const double last = quantile(to_switch, kAlmostAll);
        add("to the switch, p50", std::move(to_switch), "ms", nullptr);
        add("to the switch, p99", {last}, "ms", is_budgeted ? change.budget : nullptr);
        add("with the grace periods, p50", std::move(whole), "ms", nullptr);
        add("written", std::move(writes), "entries", nullptr);
    }
}

Row grace_periods(std::size_t times) {
    const GracePeriod grace = value_or_end(GracePeriod::create(), "prepare for grace periods");
    Row row{.name = "one grace period of the kernel alone", .samples = {}, .unit = "ms", .budget = nullptr, .x = {}};
    for (std::size_t i = 0; i < times; ++i) {
        row.samples.push_back(milliseconds([&] { value_or_end(grace.wait(), "wait for a grace period"); }));
    }
    return row;
}

Table of_peers(const Effort& effort) {
    constexpr std::size_t kMostLoaded = 60'000;
    Table table{.id = "B6",
                .title = "from change to enforced, nftables, the start of nft included",
                .unit = "ms",
                .ratio = Ratio::None,
                .rows = {}};
    for (const std::size_t rules : effort.models) {
        const std::size_t loaded = std::min(rules, kMostLoaded);
        const test::NetNamespace where;
        const std::string linear = "flush ruleset\n" + linear_rules(loaded);
        load_nft(where, linear);
        const auto element = [&, is_there = false]() mutable {
            is_there = !is_there;
            return milliseconds([&] { load_nft(where, is_there ? add_prefix_element() : delete_prefix_element()); });
        };
        std::vector<Row> rows = interleave({{.name = std::to_string(loaded) + " rules, all of them",
                                             .sample = [&] { return milliseconds([&] { load_nft(where, linear); }); }}},
                                           effort.turns);
        load_nft(where, "flush ruleset\n" + prefix_set(loaded));
        for (Row& row :
             interleave({{.name = "one element more or less in an interval set of " + std::to_string(loaded), .sample = element}},
                        effort.changes)) {
            rows.push_back(std::move(row));
        }
        table.rows.insert(table.rows.end(), rows.begin(), rows.end());
    }
    return table;
}

}  // namespace

Tables measure_changes(const Effort& effort) {
    Table ours{.id = "B6",
               .title = "from change to enforced: compile, lower, write, switch, settle",
               .unit = "as said",
               .ratio = Ratio::None,
               .rows = {grace_periods(effort.changes)}};
    for (const std::size_t rules : effort.models) {
        const test::PrivateBpffs bpffs;
        Enforcement enforcement(effort, scale_of(rules));
        add_changes(enforcement, std::to_string(rules), effort, ours);
    }
    return {std::move(ours), of_peers(effort)};
}

}  // namespace portcullis::bench
