// SPDX-License-Identifier: Apache-2.0
// A host in a namespace with as many ports on one bridge as the scale says: veth pairs, whose far ends are all in one other namespace and
// swallow what comes. The bridge knows where each address is: nothing is flooded.
#pragma once

#include <vector>

#include "core/dataplane.h"
#include "core/ruleset.h"
#include "tests/bench/scale_model.h"
#include "tests/support/netns.h"

namespace portcullis::bench {

class ScaleHost {
   public:
    explicit ScaleHost(const Scale& scale);

    [[nodiscard]] const test::NetNamespace& host() const { return host_; }
    [[nodiscard]] const test::NetNamespace& far() const { return far_; }
    [[nodiscard]] static std::string far_device(std::size_t port) { return "i" + std::to_string(port); }
    [[nodiscard]] std::uint32_t ifindex(std::size_t port) const { return ifindexes_.at(port); }
    // Every port of the ruleset is bound to the device that it names; the other devices are closed.
    [[nodiscard]] std::vector<DeviceBinding> bindings(const Ruleset& ruleset) const;

   private:
    test::NetNamespace host_, far_;
    std::vector<std::uint32_t> ifindexes_;
    std::uint32_t bridge_ = 0;
};

}  // namespace portcullis::bench
