// SPDX-License-Identifier: Apache-2.0
// The part of a random model that EC2 does not know (docs/model.md, `Portcullis`), and what the host is like: services, routers and DHCP
// servers at addresses that no interface has, allowed and shared addresses, listed groups, host policies.
#pragma once

#include "core/host_facts.h"
#include "core/model.h"
#include "tests/conformance/random_source.h"

namespace portcullis::test {

// Pre: the model has its interfaces and ports. What was there before is replaced.
void add_random_policies(Model& model, RandomSource& random);
// The addresses and tunnels of the host, the same for every model.
[[nodiscard]] const HostFacts& random_host();
// MACs of routers that random models configure; no interface has one.
[[nodiscard]] const std::vector<Mac>& router_macs();

}  // namespace portcullis::test
