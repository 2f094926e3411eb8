// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/planned_change.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace portcullis {
namespace {

// A device that is there is told by its number, one that is not by its name.
using Key = std::tuple<std::uint32_t, std::string, std::string>;
Key key_of(const PortLine& line) { return line.ifindex != 0 ? Key{line.ifindex, "", ""} : Key{0, line.device, line.interface_id}; }

}  // namespace

std::vector<PortChange> diff_lines(const std::vector<PortLine>& before, const std::vector<PortLine>& after) {
    std::map<Key, const PortLine*> former;
    for (const PortLine& line : before) {
        former.emplace(key_of(line), &line);
    }
    std::vector<PortChange> changes;
    for (const PortLine& line : after) {
        const auto found = former.extract(key_of(line));
        const PortLine* const was = found ? found.mapped() : nullptr;
        if (was == nullptr || was->state != line.state || was->interface_id != line.interface_id) {
            changes.push_back({.device = line.device,
                               .interface_id = line.interface_id.empty() && was != nullptr ? was->interface_id : line.interface_id,
                               .before = was == nullptr ? std::nullopt : std::optional(was->state),
                               .after = line.state});
        }
    }
    for (const auto& [key, line] : former) {
        changes.push_back({.device = line->device, .interface_id = line->interface_id, .before = line->state, .after = std::nullopt});
    }
    std::stable_partition(changes.begin(), changes.end(), [](const PortChange& change) { return change.after == PortState::Orphaned; });
    return changes;
}

}  // namespace portcullis
