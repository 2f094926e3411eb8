// SPDX-License-Identifier: Apache-2.0
// The model of a host for tests that run the daemon.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace portcullis::test {

// Interfaces eni-1, eni-2, … of the group sg-1 on those devices, with 10.0.1.11, 10.0.1.12, …; the bridge br0, whose uplink is up0, is
// closed. Everything may go out, and nothing comes in.
[[nodiscard]] nlohmann::json model_of_ports(const std::vector<std::string>& devices);

// A permission of UDP, as IpPermissions has it, from the members of sg-1.
[[nodiscard]] nlohmann::json udp_from_members(std::uint16_t from, std::uint16_t to);

}  // namespace portcullis::test
