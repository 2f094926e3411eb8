// SPDX-License-Identifier: Apache-2.0
// What is enforced while something breaks: two instances in one group on p1 and p2, in both families. Everything may go out; in come TCP
// and UDP at kOpenProbe from each other. The models that are exchanged for one another agree about all of that, and differ in the rest.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/address.h"

namespace portcullis::test {

inline constexpr std::uint16_t kOpenProbe = 5353, kClosedProbe = 5354;

// Of the first instance (0), the second, ….
[[nodiscard]] Address probe_address(std::size_t instance, Family family);
[[nodiscard]] Mac probe_mac(std::size_t instance);
// Models of different `variant` differ in twenty rules and a member that is on another host. `devices`: of further instances, p3 ….
[[nodiscard]] nlohmann::json fault_model(unsigned variant, const std::vector<std::string>& devices = {});

}  // namespace portcullis::test
