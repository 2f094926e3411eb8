// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/verification.h"

#include <algorithm>

#include "compiler/explain/probe_questions.h"

namespace portcullis {
namespace {

constexpr std::size_t kMostQuestions = 20'000;  // of one run
constexpr std::size_t kFewest = 8;              // of a port
constexpr std::size_t kMost = 64;
constexpr std::size_t kOfAPart = 32;

std::string protocol_text(const Question& question) {
    const auto ports = [&] { return " " + std::to_string(question.destination_port); };
    switch (question.protocol) {
        case 6:
            return "tcp" + ports();
        case 17:
            return "udp" + ports();
        case 1:
        case 58:
            return std::string(question.protocol == 1 ? "icmp " : "icmpv6 ") + std::to_string(question.icmp_type) + "/" +
                   std::to_string(question.icmp_code);
        default:
            return "protocol " + std::to_string(question.protocol);
    }
}

}  // namespace

std::string text_of(const Question& question, const GateProbe& probe) {
    return probe.device + " (" + probe.interface_id + ") " + std::string(to_string(probe.packet.direction)) + " " + question.from + " to " +
           question.to + " " + protocol_text(question);
}

Verification::Verification(Dataplane& dataplane, const Model* model, const LocalNetwork& network)
    : dataplane_(dataplane),
      model_(model),
      most_of_a_port_(std::clamp(kMostQuestions / std::max<std::size_t>(network.ports.size(), 1), kFewest, kMost)) {
    if (model == nullptr || !dataplane.can_probe()) {
        return;
    }
    gates_.emplace(*model, network);
    for (const NetworkInterface& interface : model->network_interfaces) {
        if (network.ports.contains(interface.id)) {
            unasked_.push_back(&interface);
        }
    }
}

Result<std::vector<std::string>> Verification::go_on() {
    if (!reading_) {
        return ask_some();
    }
    auto part = dataplane_.verify(*reading_);
    if (!part) {
        return fail(std::move(part.error()));
    }
    reading_ = part->next;
    return std::move(part->differences);
}

Result<std::vector<std::string>> Verification::ask_some() {
    std::vector<std::string> differences;
    for (std::size_t asked = 0; asked < kOfAPart && !is_over();) {
        if (questions_.empty()) {
            for (Question& question : draw_questions(*model_, *unasked_.front(), most_of_a_port_)) {
                questions_.push_back(std::move(question));
            }
            unasked_.pop_front();
            continue;
        }
        const Question question = std::move(questions_.front());
        questions_.pop_front();
        if (auto done = ask(question, differences); !done) {
            return fail(std::move(done.error()));
        }
        ++asked;
    }
    return differences;
}

Result<> Verification::ask(const Question& question, std::vector<std::string>& differences) {
    const auto probes = gates_->of(question, GateProbes::Responses::Left);
    if (!probes || probes->empty()) {
        return {};  // an address that several have, or of a family that the interface does not talk
    }
    std::vector<ProbePacket> packets;
    for (const GateProbe& probe : *probes) {
        packets.push_back(probe.packet);
    }
    const auto verdicts = dataplane_.probe(packets, Dataplane::ProbeRules::Left);
    if (!verdicts) {
        return fail(verdicts.error());
    }
    probes_ += verdicts->size();
    for (std::size_t i = 0; i < verdicts->size(); ++i) {
        const Reason said = (*verdicts)[i].reason;
        const Reason expected = (*probes)[i].expected.reason;
        if (said != expected) {
            differences.push_back("probe packet: " + text_of(question, (*probes)[i]) + ": the programs say " + std::string(name_of(said)) +
                                  ", the model says " + std::string(name_of(expected)));
        }
    }
    return {};
}

}  // namespace portcullis
