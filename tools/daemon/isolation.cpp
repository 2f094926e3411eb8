// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/isolation.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "tools/daemon/faulty_objects.h"
#include "tools/daemon/put_aside.h"

namespace portcullis {
namespace {

using nlohmann::json;

// Each reads everything anew. Objects that only fall out one after the other, for each other's sake, are not worth more.
constexpr int kMostRounds = 16;

// What of an object is looked at in a round. It only ever goes on to the next.
enum class Content : std::uint8_t { Offered, LastAccepted, Nothing };

class Isolation {
   public:
    Isolation(const std::vector<Document>& offered, const std::vector<Document>& accepted) : offered_(offered), accepted_(accepted) {}
    [[nodiscard]] Result<IsolatedModel> run(std::vector<Finding> findings);

   private:
    struct Faulty {
        Content content = Content::Offered;
        std::vector<Finding> reasons;
    };
    // An error, and the objects that it lies in and that it is at odds with.
    struct Blame {
        Finding finding;
        std::optional<ObjectName> object;
        std::optional<ObjectName> other;
    };
    [[nodiscard]] std::vector<Blame> blames(std::vector<Finding> findings, const PutAside& aside) const;
    void remember(const std::vector<Blame>& blames);
    [[nodiscard]] Result<> advance(const std::vector<Blame>& blames);
    [[nodiscard]] Result<std::set<ObjectName>> to_advance(const Blame& blame) const;
    [[nodiscard]] Content content_of(const ObjectName& name) const;
    [[nodiscard]] std::map<ObjectName, json> contents() const;
    [[nodiscard]] IsolatedModel isolated(const PutAside& aside) const;

    const std::vector<Document>& offered_;
    const std::vector<Document>& accepted_;
    std::map<ObjectName, Faulty> faulty_;
    std::map<ObjectName, json> last_;     // last accepted content of those that were looked up and have one
    std::set<ObjectName> offered_names_;  // of those that were looked up: offered, and not only mentioned
    std::set<ObjectName> unchanged_;      // offered as they were accepted
    std::set<ObjectName> was_looked_up_;
};

Error refusal(const Finding& finding, const std::string& why) { return {.message = finding.to_string() + " (" + why + ")"}; }

Content Isolation::content_of(const ObjectName& name) const {
    const auto found = faulty_.find(name);
    return found == faulty_.end() ? Content::Offered : found->second.content;
}

// The findings are about `aside`, and told of what was offered.
std::vector<Isolation::Blame> Isolation::blames(std::vector<Finding> findings, const PutAside& aside) const {
    std::vector<Blame> blames;
    std::vector<Position> places;
    for (Finding& finding : findings) {
        if (finding.severity != Finding::Severity::Error) {
            continue;
        }
        finding.position = aside.offered_place(std::move(finding.position));
        places.push_back(finding.position);
        places.push_back(finding.other ? aside.offered_place(*finding.other) : Position{});
        blames.push_back({.finding = std::move(finding), .object = {}, .other = {}});
    }
    const std::vector<std::optional<ObjectName>> objects = objects_at(offered_, places);
    const auto object = [&](std::size_t i) {
        const ObjectName* const owner = aside.owner_of(places[i].file);
        return owner != nullptr ? std::optional(*owner) : objects[i];
    };
    for (std::size_t i = 0; i < blames.size(); ++i) {
        blames[i].object = object(2 * i);
        blames[i].other = object(2 * i + 1);
    }
    return blames;
}

// Looks up what was accepted of objects that are blamed for the first time.
void Isolation::remember(const std::vector<Blame>& blames) {
    std::set<ObjectName> names;
    for (const Blame& blame : blames) {
        for (const auto& name : {blame.object, blame.other}) {
            if (name && was_looked_up_.insert(*name).second) {
                names.insert(*name);
            }
        }
    }
    if (names.empty()) {
        return;
    }
    const std::map<ObjectName, json> now = collect_objects(offered_, names);
    std::map<ObjectName, json> before = collect_objects(accepted_, names);
    for (const auto& [name, content] : now) {
        offered_names_.insert(name);
        if (const auto same = before.find(name); same != before.end() && same->second == content) {
            unchanged_.insert(name);
        }
    }
    last_.merge(std::move(before));
}

// Of two that are at odds, whoever has changed is to go back; if neither has, whoever did go back already; else both.
Result<std::set<ObjectName>> Isolation::to_advance(const Blame& blame) const {
    if (!blame.object || !offered_names_.contains(*blame.object)) {
        return fail(refusal(blame.finding, "it is not in an object that can be isolated"));
    }
    std::set<ObjectName> both{*blame.object};
    if (blame.other && offered_names_.contains(*blame.other)) {
        both.insert(*blame.other);
    }
    const auto those = [&](auto is_meant) {
        std::set<ObjectName> found;
        std::ranges::copy_if(both, std::inserter(found, found.end()), is_meant);
        return found;
    };
    std::set<ObjectName> chosen =
        those([this](const ObjectName& name) { return content_of(name) == Content::Offered && !unchanged_.contains(name); });
    if (chosen.empty()) {
        chosen = those([this](const ObjectName& name) { return content_of(name) == Content::LastAccepted; });
    }
    if (!chosen.empty()) {
        return chosen;
    }
    if (blame.finding.other && !blame.other) {
        return fail(refusal(blame.finding, "the object is as it was, and what it is at odds with cannot be isolated"));
    }
    chosen = those([this](const ObjectName& name) { return content_of(name) == Content::Offered; });
    if (chosen.empty()) {
        return fail(refusal(blame.finding, "putting the object aside does not mend it"));
    }
    return chosen;
}

Result<> Isolation::advance(const std::vector<Blame>& blames) {
    std::map<ObjectName, std::vector<Finding>> reasons;
    for (const Blame& blame : blames) {
        const Result<std::set<ObjectName>> chosen = to_advance(blame);
        if (!chosen) {
            return fail(chosen.error());
        }
        for (const ObjectName& name : *chosen) {
            reasons[name].push_back(blame.finding);
        }
    }
    for (auto& [name, findings] : reasons) {
        Faulty& faulty = faulty_[name];
        const bool goes_back = faulty.content == Content::Offered && last_.contains(name) && !unchanged_.contains(name);
        faulty.content = goes_back ? Content::LastAccepted : Content::Nothing;
        std::ranges::move(findings, std::back_inserter(faulty.reasons));
    }
    return {};
}

std::map<ObjectName, json> Isolation::contents() const {
    std::map<ObjectName, json> contents;
    for (const auto& [name, faulty] : faulty_) {
        contents.emplace(name, faulty.content == Content::LastAccepted ? last_.at(name) : json());
    }
    return contents;
}

IsolatedModel Isolation::isolated(const PutAside& aside) const {
    IsolatedModel model{.documents = aside.documents(), .objects = {}};
    for (const auto& [name, content] : contents()) {
        using InForce = IsolatedObject::InForce;
        model.objects.push_back({.name = name,
                                 .in_force = says_nothing(name, content) ? InForce::Nothing : InForce::LastAccepted,
                                 .reasons = faulty_.at(name).reasons,
                                 .since = {}});
    }
    return model;
}

Result<IsolatedModel> Isolation::run(std::vector<Finding> findings) {
    const std::map<ObjectName, json> nothing;
    std::map<ObjectName, json> contents_now;
    std::optional<PutAside> aside(std::in_place, std::vector<Document>{}, nothing);
    for (int round = 0; round < kMostRounds; ++round) {
        const std::vector<Blame> blamed = blames(std::move(findings), *aside);
        remember(blamed);
        if (Result<> advanced = advance(blamed); !advanced) {
            return fail(advanced.error());
        }
        contents_now = contents();
        aside.emplace(offered_, contents_now);
        ParseOutcome parsed = parse(aside->documents());
        findings = std::move(parsed.findings);
        if (!parsed.model) {
            continue;
        }
        // Which addresses are instances' is what is denied then: no interface's may be left out.
        const bool has_interface =
            std::ranges::any_of(faulty_, [](const auto& entry) { return entry.first.kind->keys[0] == "NetworkInterfaces"; });
        if (parsed.model->isolates_instances && has_interface) {
            return fail("with Egress.IsolateInstances an interface cannot be isolated, since others are denied its addresses");
        }
        return isolated(*aside);
    }
    return fail("after " + std::to_string(kMostRounds) + " rounds of isolating objects there are still errors");
}

}  // namespace

std::string_view to_string(IsolatedObject::InForce in_force) {
    return in_force == IsolatedObject::InForce::Nothing ? "matches nothing" : "keeps its last accepted content";
}

Result<IsolatedModel> isolate(const std::vector<Document>& offered, std::vector<Finding> findings, const std::vector<Document>& accepted) {
    return Isolation(offered, accepted).run(std::move(findings));
}

}  // namespace portcullis
