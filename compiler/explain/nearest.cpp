// SPDX-License-Identifier: Apache-2.0
#include "compiler/explain/nearest.h"

#include "core/rule_label.h"

namespace portcullis {
namespace {

// In order of preference: a port is more often mistyped than an address, and either more often than a protocol.
enum class Respect : std::uint8_t { Port, Remote, Protocol };

struct Likeness {
    bool protocol = false;
    bool port = false;
    bool remote = false;
};

// The only respect in which it is unlike; none: there are more.
std::optional<Respect> single_difference(const Likeness& likeness) {
    const int likes = int{likeness.protocol} + int{likeness.port} + int{likeness.remote};
    if (likes != 2) {
        return std::nullopt;
    }
    if (!likeness.port) {
        return Respect::Port;
    }
    return likeness.remote ? Respect::Protocol : Respect::Remote;
}

std::string respect_text(Respect respect, const RuleQuestion& question) {
    const bool is_icmp = question.protocol == 1 || question.protocol == 58;
    switch (respect) {
        case Respect::Port:
            return is_icmp ? ": type" : ": port";
        case Respect::Remote:
            return question.direction == Direction::Inbound ? ": source" : ": destination";
        case Respect::Protocol:
            return ": protocol";
    }
    return {};
}

// Keeps the first candidate of the best respect.
class Nearest {
   public:
    void offer(std::optional<Respect> respect, std::string label) {
        if (respect && (!respect_ || *respect < *respect_)) {
            respect_ = respect;
            label_ = std::move(label);
        }
    }
    [[nodiscard]] std::optional<std::string> text(const RuleQuestion& question) const {
        return respect_ ? std::optional(label_ + respect_text(*respect_, question)) : std::nullopt;
    }

   private:
    std::optional<Respect> respect_;
    std::string label_;
};

}  // namespace

std::optional<std::string> nearest_group_rule(const ModelIndex& index, const RuleQuestion& question) {
    Nearest nearest;
    for (const std::string& group_id : question.port->group_ids) {
        const SecurityGroup* const group = index.group(group_id);
        if (group == nullptr) {
            continue;
        }
        for (const SecurityGroupRule& rule : group->rules[static_cast<std::size_t>(question.direction)]) {
            const Likeness likeness{.protocol = matches_protocol(rule.traffic, question),
                                    .port = matches_ports(rule.traffic, question),
                                    .remote = matches_source(index, rule.source, question)};
            nearest.offer(single_difference(likeness), rule_label(*group, question.direction, rule));
        }
    }
    return nearest.text(question);
}

std::optional<std::string> nearest_acl_entry(const RuleQuestion& question, const AclAnswer& answer) {
    if (answer.acl == nullptr) {
        return std::nullopt;
    }
    Nearest nearest;
    for (const NetworkAclEntry& entry : answer.acl->entries[static_cast<std::size_t>(question.direction)]) {
        const bool comes_first = answer.entry == nullptr || entry.number < answer.entry->number;
        if (!entry.allow || !comes_first) {
            continue;
        }
        const Likeness likeness{.protocol = matches_protocol(entry.traffic, question),
                                .port = matches_ports(entry.traffic, question),
                                .remote = entry.cidr.contains(question.remote)};
        nearest.offer(single_difference(likeness), rule_label(*answer.acl, question.direction, entry));
    }
    return nearest.text(question);
}

}  // namespace portcullis
