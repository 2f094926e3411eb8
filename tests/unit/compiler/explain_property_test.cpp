// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 12: what `explain` puts together stage by stage is the evaluator's verdict of the same packets, over random models.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <utility>

#include "compiler/evaluate/evaluate.h"
#include "compiler/explain/ends.h"
#include "compiler/explain/explain.h"
#include "compiler/explain/probe.h"
#include "tests/unit/compiler/random_model.h"

namespace portcullis::test {
namespace {

constexpr Mac kNeighbour{{2, 7, 0, 0, 0, 1}};

// A service that something lists, the subnet's router, or any port of any address.
void aim(RandomModel& random, const NetworkInterface& from, Question& question) {
    const Model& model = random.model();
    if (question.protocol == 1 && random.below(2) == 0) {
        const bool is_first = from.vpc_id == "vpc-0";
        question.to = Address::ipv4(10, is_first ? 0 : 1, static_cast<std::uint8_t>(from.subnet_id.back() - '0'), 1).to_string();
        return;
    }
    std::vector<Service> listed = model.services.listed;
    for (const PortClaim& claim : model.ports) {
        listed.insert(listed.end(), claim.services.listed.begin(), claim.services.listed.end());
    }
    listed.push_back({.address = address("169.254.169.254"), .protocol = 6, .port = 80});
    if (random.below(3) == 0) {
        const Service& service = listed[random.below(static_cast<std::uint32_t>(listed.size()))];
        question.to = service.address.to_string();
        question.protocol = service.protocol;
        question.destination_port = service.port;
    } else {
        question.to = random.some_address().to_string();
    }
}

Question some_question(RandomModel& random) {
    static constexpr std::uint8_t kTypes[] = {8, 8, 0, 3, 13, 128, 128, 129, 135};
    const auto& interfaces = random.model().network_interfaces;
    const auto some_interface = [&]() -> const NetworkInterface& {
        return interfaces[random.below(static_cast<std::uint32_t>(interfaces.size()))];
    };
    const NetworkInterface& from = some_interface();
    Question question{.from = from.id,
                      .to = some_interface().id,
                      .vpc_id = {},
                      .protocol = random.some_protocol(),
                      .source_port = random.some_port(),
                      .destination_port = random.some_port(),
                      .icmp_type = kTypes[random.below(std::size(kTypes))],
                      .icmp_code = static_cast<std::uint8_t>(random.below(8) == 0 ? 1 : 0),
                      .source_address = {},
                      .destination_address = {}};
    if (random.below(2) == 0) {
        aim(random, from, question);
    }
    if (random.below(3) == 0) {
        std::swap(question.from, question.to);
    }
    if (random.below(8) == 0) {
        question.source_address = random.some_address();
    }
    if (random.below(8) == 0) {
        question.destination_address = random.some_address();
    }
    return question;
}

// Packets of one question at one end, by an evaluator of its own.
class Witness {
   public:
    Witness(const Model& model, const NetworkInterface& interface) : evaluator_(model), interface_(&interface) {}

    bool passes(const Ends& ends, const Question& question, Direction direction, bool is_answer) {
        const bool is_outbound = direction == Direction::Outbound;
        const std::vector<std::uint8_t> frame = probe_frame({.source_mac = is_outbound ? *interface_->mac : kNeighbour,
                                                             .destination_mac = is_outbound ? kNeighbour : *interface_->mac,
                                                             .source = *ends.from.address,
                                                             .destination = *ends.to.address,
                                                             .is_answer = is_answer},
                                                            question);
        const Entrance::Kind kind = ends.from.interface != nullptr ? Entrance::Kind::Host : Entrance::Kind::Uplink;
        return evaluator_
            .judge({.interface_id = interface_->id,
                    .direction = direction,
                    .entrance = {.kind = kind, .interface_id = {}, .device = {}},
                    .frame = frame,
                    .now_s = 1})
            .passes();
    }

   private:
    Evaluator evaluator_;
    const NetworkInterface* interface_;
};

// None: nothing answers it.
std::optional<Question> answered(Question question, Family family) {
    std::swap(question.source_port, question.destination_port);
    if (question.protocol != 1 && question.protocol != 58) {
        return question;
    }
    static const std::map<std::pair<Family, int>, std::uint8_t> kReplies{
        {{Family::Ipv4, 8}, std::uint8_t{0}}, {{Family::Ipv4, 13}, std::uint8_t{14}}, {{Family::Ipv6, 128}, std::uint8_t{129}}};
    const auto reply = kReplies.find({family, question.icmp_type});
    if (reply == kReplies.end() || question.icmp_code != 0) {
        return std::nullopt;
    }
    question.icmp_type = reply->second;
    return question;
}

bool do_all_allow(const std::vector<StageAnswer>& stages, Direction direction) {
    for (const StageAnswer& stage : stages) {
        if (stage.direction == direction && !stage.allows) {
            return false;
        }
    }
    return true;
}

// What the questions of one kind of model came to: each must have come up.
struct Tally {
    std::map<std::string, int> seen;
    void note(const Answer& answer) {
        ++seen[answer.allowed ? "allowed" : "denied"];
        seen["response blocked"] += answer.allowed && !answer.response_allowed ? 1 : 0;
        for (const StageAnswer& stage : answer.forward) {
            ++seen[stage.stage];
            seen["untracked"] += stage.note.starts_with("untracked") ? 1 : 0;
            ++seen[stage.reason_code];
        }
    }
};

void check(const Model& model, const Question& question, Tally& tally) {
    const Result<Answer> answer = explain(model, question);
    if (!answer) {
        return;
    }
    tally.note(*answer);
    const ModelIndex index(model);
    const Ends ends = *find_ends(index, question);
    if (!ends.from.address || !ends.to.address) {
        EXPECT_FALSE(answer->allowed);
        return;
    }
    const std::optional<Question> response = answered(question, ends.from.address->family);
    const Ends back{.from = ends.to, .to = ends.from};
    bool is_allowed = true;
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
        const bool is_outbound = direction == Direction::Outbound;
        const NetworkInterface* const interface = is_outbound ? ends.from.interface : ends.to.interface;
        if (interface == nullptr) {
            continue;
        }
        Witness witness(model, *interface);
        const bool passes = witness.passes(ends, question, direction, false);
        is_allowed = is_allowed && passes;
        EXPECT_EQ(do_all_allow(answer->forward, direction), passes) << to_string(direction);
        if (passes && response) {
            const Direction returning = is_outbound ? Direction::Inbound : Direction::Outbound;
            EXPECT_EQ(do_all_allow(answer->response, returning), witness.passes(back, *response, returning, true)) << "the response";
        }
    }
    EXPECT_EQ(answer->allowed, is_allowed);
}

class ExplainProperty : public testing::TestWithParam<RandomKind> {};

TEST_P(ExplainProperty, IsTheEvaluatorsVerdictAtEachEndAndOfTheResponse) {
    Tally tally;
    for (std::uint32_t seed = 0; seed < 250; ++seed) {
        RandomModel random(seed, GetParam());
        for (int i = 0; i < 60; ++i) {
            const Question question = some_question(random);
            SCOPED_TRACE(testing::Message() << "seed " << seed << ", question " << i << ": " << question.from << " > " << question.to
                                            << " protocol " << question.protocol << " port " << question.destination_port);
            check(random.model(), question, tally);
            if (HasFailure()) {
                return;
            }
        }
    }
    for (const char* what : {"allowed", "denied", "response blocked", "services", "untracked", "ENI_ADDRESS_RESTRICTION",
                             "ENI_SOURCE_DEST_CHECK_RESTRICTION"}) {
        EXPECT_GT(tally.seen[what], 0) << what;
    }
}

INSTANTIATE_TEST_SUITE_P(Models, ExplainProperty, testing::Values(RandomKind::Plain, RandomKind::WithHostPolicies));

}  // namespace
}  // namespace portcullis::test
