// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/denials.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMost = 20;

Json busiest(std::vector<Json> all, const char* count) {
    std::ranges::stable_sort(
        all, [count](const Json& a, const Json& b) { return a.at(count).get<std::uint64_t>() > b.at(count).get<std::uint64_t>(); });
    all.resize(std::min(all.size(), kMost));
    return all;
}

// What denials have in common that count as one: sources' ports differ by attempt, and are left out.
Json without_attempt(const Json& event) {
    return {{"NetworkInterfaceId", event.at("NetworkInterfaceId")},
            {"Direction", event.at("Direction")},
            {"Reason", event.at("Reason")},
            {"Rule", event.at("Rule")},
            {"Source", event.value("Source", event.at("SourceMac").get<std::string>())},
            {"Destination", event.value("Destination", event.at("DestinationMac").get<std::string>())},
            {"Protocol", event.value("Protocol", 0)},
            {"DestinationPort", event.value("DestinationPort", 0)}};
}

}  // namespace

Json busiest_denials(const Json& status, const Json& events) {
    std::vector<Json> drops;
    for (const Json& port : status.at("Ports")) {
        for (const Json& drop : port.at("Drops")) {
            Json one{{"Device", port.at("Device")}, {"NetworkInterfaceId", port.at("NetworkInterfaceId")}};
            one.update(drop);
            drops.push_back(std::move(one));
        }
    }
    std::map<std::string, Json> by_kind;
    for (const Json& event : events) {
        Json kind = without_attempt(event);
        Json& sum = by_kind.emplace(kind.dump(), Json()).first->second;
        const std::uint64_t before = sum.is_null() ? 0 : sum.at("Events").get<std::uint64_t>();
        sum = std::move(kind);
        sum["Events"] = before + 1;
        sum["LastNs"] = event.at("TimeNs");
    }
    std::vector<Json> denials;
    for (auto& [text, denial] : by_kind) {
        denials.push_back(std::move(denial));
    }
    return {{"Drops", busiest(std::move(drops), "Packets")}, {"Denials", busiest(std::move(denials), "Events")}};
}

}  // namespace portcullis
