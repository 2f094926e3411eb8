// SPDX-License-Identifier: Apache-2.0
// Whatever the model: the maps, read as bpf/abi.h says, decide what the rules say when they are gone through one by one; and maps that
// came about by changes hold what maps made from scratch hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "compiler/compile/compile.h"
#include "compiler/evaluate/rules.h"
#include "compiler/lower_bpf/lower_bpf.h"
#include "core/rule_label.h"
#include "tests/unit/compiler/decoded_image.h"
#include "tests/unit/compiler/map_interpreter.h"
#include "tests/unit/compiler/random_model.h"

namespace portcullis {
namespace {

using test::MapInterpreter;
using test::RandomKind;
using test::RandomModel;

constexpr std::uint32_t kModels = 20;
constexpr int kQuestionsPerModel = 500;

// One model in both forms.
struct Subject {
    explicit Subject(const Model& model)
        : index(model), ruleset(*compile(model)), numberings(MapCapacities{}), image(*lower_bpf(ruleset, {}, numberings)), maps(image) {}
    ModelIndex index;
    Ruleset ruleset;
    Numberings numberings;
    MapImage image;
    MapInterpreter maps;
};

RuleQuestion some_question(RandomModel& random, const Subject& subject, std::size_t port) {
    RuleQuestion question{.port = subject.index.interface(subject.ruleset.ports[port].interface_id),
                          .direction = random.below(2) == 0 ? Direction::Outbound : Direction::Inbound,
                          .entrance = {.kind = Entrance::Kind::Host, .interface_id = {}},
                          .remote = random.some_address(),
                          .protocol = random.some_protocol()};
    const std::uint16_t point = random.some_port();
    question.destination_port = point;
    question.has_unknown_ports = random.below(3) == 0;
    question.icmp_type = static_cast<std::uint8_t>(point >> 8);
    question.icmp_code = static_cast<std::uint8_t>(point & 0xff);
    return question;
}

std::uint16_t point_of(const RuleQuestion& question) {
    const bool has_point = question.protocol == 6 || question.protocol == 17 || question.protocol == 1 || question.protocol == 58;
    return has_point ? question.destination_port : 0;
}

std::string text_of(const RuleQuestion& question) {
    return question.port->id + " " + std::string(to_string(question.direction)) + " " + question.remote.to_string() + " protocol " +
           std::to_string(question.protocol) + " point " + std::to_string(question.destination_port);
}

void expect_group_decision(const Subject& subject, const RuleQuestion& question, std::uint32_t decision) {
    std::vector<std::string> labels;
    for (const GroupMatch& match : matching_rules(subject.index, question)) {
        labels.push_back(rule_label(*match.group, question.direction, *match.rule));
    }
    ASSERT_EQ(decision == 0, labels.empty()) << text_of(question);
    ASSERT_EQ(decision & PC_DENY, 0u) << text_of(question);
    if (decision != 0) {
        const std::string label(subject.numberings.rules.key_of(decision));
        ASSERT_NE(std::ranges::find(labels, label), labels.end()) << text_of(question) << ": " << label;
    }
}

void expect_acl_decision(const Subject& subject, const RuleQuestion& question, std::uint32_t decision) {
    const AclAnswer answer = ask_acl(subject.index, question);
    ASSERT_EQ(decision == 0, answer.entry == nullptr) << text_of(question);
    if (decision != 0) {
        ASSERT_EQ((decision & PC_DENY) == 0, answer.entry->allow) << text_of(question);
        ASSERT_EQ(subject.numberings.rules.key_of(decision & ~PC_DENY), rule_label(*answer.acl, question.direction, *answer.entry))
            << text_of(question);
    }
}

void expect_same_decisions(const Subject& subject, const RuleQuestion& question, const PortRow& view) {
    const auto direction = static_cast<std::size_t>(question.direction);
    const OwnerRow owner = subject.maps.find_owner(view.zone, question.remote);
    MapInterpreter::Query query{.policy = view.group_policy[direction],
                                .remote = question.remote,
                                .interface = owner.interface,
                                .protocol = question.protocol,
                                .port = point_of(question),
                                .has_unknown_ports = question.has_unknown_ports};
    expect_group_decision(subject, question, subject.maps.decide(query));
    ASSERT_EQ((view.flags & PC_PORT_NO_ACL) != 0, !subject.index.model().has_network_acls);
    const bool is_own = subject.index.has_address(*question.port, question.remote) || has_eui64(*question.port, question.remote);
    ASSERT_EQ(subject.maps.is_own(view.address_set, question.remote), is_own) << text_of(question);
    if ((view.flags & PC_PORT_NO_ACL) != 0) {
        return;
    }
    ASSERT_EQ(owner.subnet != view.subnet, concerns_acl(subject.index, question)) << text_of(question);
    query.policy = view.acl_policy[direction];
    query.interface = 0;
    expect_acl_decision(subject, question, subject.maps.decide(query));
}

TEST(LoweredPolicies, DecideWhatTheRulesSay) {
    for (std::uint32_t seed = 0; seed < kModels; ++seed) {
        RandomModel random(seed, seed % 2 == 0 ? RandomKind::Plain : RandomKind::WithHostPolicies);
        const Subject subject(random.model());
        for (int i = 0; i < kQuestionsPerModel && !HasFatalFailure(); ++i) {
            SCOPED_TRACE("seed " + std::to_string(seed));
            const std::size_t port = random.below(static_cast<std::uint32_t>(subject.image.ports.size()));
            expect_same_decisions(subject, some_question(random, subject, port), subject.image.ports[port]);
        }
    }
}

TEST(LoweredPolicies, ThatCameAboutByChangesEqualThoseMadeFromScratch) {
    for (std::uint32_t seed = 0; seed < 4; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomModel random(seed, seed < 2 ? RandomKind::Plain : RandomKind::WithHostPolicies);
        Numberings lasting{MapCapacities{}};
        for (int change = 0; change < 12; ++change) {
            const Ruleset ruleset = *compile(random.model());
            const MapImage image = *lower_bpf(ruleset, {}, lasting);
            if (random.below(5) == 0) {
                lasting.roll_back();  // the kernel refused; the change after it starts from the same place
            } else {
                Numberings fresh{MapCapacities{}};
                const MapImage from_scratch = *lower_bpf(ruleset, {}, fresh);
                ASSERT_EQ(test::decoded(image, lasting), test::decoded(from_scratch, fresh));
                lasting.retire_unused();
            }
            random.edit();
        }
    }
}

// Every entry by its key, with the value's bytes.
template <class Key, class Value>
std::map<std::string, std::string> by_key(const MapImage::Entries<Key, Value>& entries) {
    std::map<std::string, std::string> values;
    for (const auto& [key, value] : entries) {
        values.emplace(test::raw_bytes(key), test::raw_bytes(value));
    }
    return values;
}

// What both images number alike says the same in both: rows that exist in both, with all the entries under their number.
template <class Row, class Key>
void expect_immutable(const std::pair<const MapImage&, const MapImage&>& images, MapImage::Entries<std::uint32_t, Row> MapImage::*rows,
                      MapImage::Entries<Key, std::uint32_t> MapImage::*entries, std::uint32_t Key::*number) {
    const auto before = by_key(images.first.*rows);
    const auto after = by_key(images.second.*rows);
    for (const auto& [key, row] : after) {
        ASSERT_TRUE(!before.contains(key) || before.at(key) == row);
    }
    const auto entries_before = by_key(images.first.*entries);
    const auto entries_after = by_key(images.second.*entries);
    for (const auto& [key, value] : images.second.*entries) {
        if (before.contains(test::raw_bytes(key.*number))) {
            ASSERT_TRUE(entries_before.contains(test::raw_bytes(key)) && entries_before.at(test::raw_bytes(key)) == test::raw_bytes(value));
        }
    }
    for (const auto& [key, value] : images.first.*entries) {
        if (after.contains(test::raw_bytes(key.*number))) {
            ASSERT_TRUE(entries_after.contains(test::raw_bytes(key)));
        }
    }
}

TEST(LoweredPolicies, AreNeverChangedUnderTheirNumber) {
    for (std::uint32_t seed = 0; seed < 3; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomModel random(seed);
        Numberings lasting{MapCapacities{}};
        MapImage before;
        for (int change = 0; change < 15 && !HasFatalFailure(); ++change) {
            MapImage after = *lower_bpf(*compile(random.model()), {}, lasting);
            lasting.retire_unused();
            const std::pair<const MapImage&, const MapImage&> images(before, after);
            expect_immutable(images, &MapImage::set_heads, &MapImage::port_sets, &pc_port_set_key::set);
            expect_immutable(images, &MapImage::policies, &MapImage::cidrs4, &pc_cidr4_key::policy);
            expect_immutable(images, &MapImage::policies, &MapImage::cidrs6, &pc_cidr6_key::policy);
            expect_immutable(images, &MapImage::policies, &MapImage::group_sets, &pc_group_set_key::policy);
            before = std::move(after);
            random.edit();
        }
    }
}

// Sets by their number, as bytes without it.
template <class Key, class Value>
std::map<std::uint32_t, std::string> sets_of(MapImage::Entries<Key, Value> entries, std::uint32_t Key::*number) {
    std::map<std::uint32_t, std::string> sets;
    for (auto& [key, value] : entries) {
        std::string& set = sets[std::exchange(key.*number, 0)];
        set += test::raw_bytes(key) + test::raw_bytes(value);
    }
    return sets;
}

void expect_same_where_both(const std::map<std::uint32_t, std::string>& before, const std::map<std::uint32_t, std::string>& after) {
    for (const auto& [number, content] : after) {
        ASSERT_TRUE(!before.contains(number) || before.at(number) == content) << number;
    }
}

TEST(LoweredSets, AreNeverChangedUnderTheirNumber) {
    for (std::uint32_t seed = 0; seed < 3; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomModel random(seed, RandomKind::WithHostPolicies);
        Numberings lasting{MapCapacities{}};
        MapImage before;
        for (int change = 0; change < 15 && !HasFatalFailure(); ++change) {
            const DeviceNumbers devices = {{"up0", random.below(2) + 1}};
            MapImage after = *lower_bpf(*compile(random.model()), {}, lasting, devices);
            lasting.retire_unused();
            expect_same_where_both(sets_of(before.services, &pc_service_key::set), sets_of(after.services, &pc_service_key::set));
            expect_same_where_both(sets_of(before.addresses4, &pc_address4_key::address_set),
                                   sets_of(after.addresses4, &pc_address4_key::address_set));
            expect_same_where_both(sets_of(before.addresses6, &pc_address6_key::address_set),
                                   sets_of(after.addresses6, &pc_address6_key::address_set));
            before = std::move(after);
            random.edit();
        }
    }
}

TEST(LoweredPolicies, KeepTheirNumbersWhenNothingChanges) {
    const RandomModel random(7, RandomKind::WithHostPolicies);
    const Ruleset ruleset = *compile(random.model());
    Numberings numberings{MapCapacities{}};
    const std::string first = test::bytes_of(*lower_bpf(ruleset, {}, numberings));
    numberings.retire_unused();
    EXPECT_EQ(test::bytes_of(*lower_bpf(ruleset, {}, numberings)), first);
}

}  // namespace
}  // namespace portcullis
