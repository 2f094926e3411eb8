// SPDX-License-Identifier: Apache-2.0
// What a change of the model would do, for `plan`: to ports of this host, and to the policy.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/parse/model_diff.h"
#include "core/dataplane.h"
#include "core/model.h"
#include "tools/daemon/bindings.h"

namespace portcullis {

struct PortChange {
    std::string device;
    std::string interface_id;         // after the change, or before it where there is none after
    std::optional<PortState> before;  // none: no line of `status`
    std::optional<PortState> after;
};

struct PlannedChange {
    bool is_acceptable = false;  // false: `findings` has errors, and the rest is empty
    std::vector<Finding> findings;
    std::vector<PortChange> ports;  // that change; those that become orphaned come first
    std::vector<ObjectDifference> objects;
    std::vector<PlannedWrites> writes;
    std::string failure;  // why this host could not do it, as far as can be told before; empty: it can
};

[[nodiscard]] std::vector<PortChange> diff_lines(const std::vector<PortLine>& before, const std::vector<PortLine>& after);

}  // namespace portcullis
