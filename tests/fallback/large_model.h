// SPDX-License-Identifier: Apache-2.0
// Models of any size: each port has an interface and a group of its own, with rules of CIDRs and one from the group "everybody".
#pragma once

#include <cstdint>
#include <vector>

#include "core/dataplane.h"
#include "core/model.h"
#include "core/ruleset.h"
#include "tests/support/netns.h"

namespace portcullis::test {

struct Size {
    unsigned ports = 2;
    unsigned rules = 4;    // of each port, half of them inbound
    unsigned members = 0;  // of "everybody", beside the ports; not on this host
};

[[nodiscard]] Model large_model(const Size& size);
[[nodiscard]] Ruleset compiled(const Model& model);

// Devices p1 … pN of a bridge br0 in the namespace.
void add_devices(const NetNamespace& where, unsigned ports);
// They, bound to the model's interfaces in their order.
[[nodiscard]] std::vector<DeviceBinding> bound_devices(const NetNamespace& where, const Ruleset& ruleset, unsigned ports);

}  // namespace portcullis::test
