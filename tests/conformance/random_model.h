// SPDX-License-Identifier: Apache-2.0
// Random models that validate, made to disagree about: few addresses, ports and prefixes, so that rules overlap, nest and meet at their
// edges; two VPCs that share addresses or look up each other's groups; interfaces bound here and elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/model.h"
#include "tests/conformance/random_source.h"

namespace portcullis::test {

inline constexpr std::size_t kRandomPorts = 5;  // interfaces that the model binds

[[nodiscard]] Model random_model(RandomSource& random);

// The same interfaces on the same ports under other rules, memberships and ACLs: what a running host is changed to.
[[nodiscard]] Model changed_model(const Model& model, RandomSource& random);

// Ports at which rules begin and end, and protocols that rules and packets have in common.
[[nodiscard]] const std::vector<std::uint16_t>& interesting_ports();
// The address so many behind it, modulo its last 32 bits.
[[nodiscard]] Address offset_address(Address base, std::uint32_t host);
// A prefix around one, of a length at which lengths matter.
[[nodiscard]] Prefix random_prefix(const Model& model, Family family, RandomSource& random);
// An address that some rule, prefix or interface of the model is about, or one next to it.
[[nodiscard]] Address interesting_address(const Model& model, Family family, RandomSource& random);

}  // namespace portcullis::test
