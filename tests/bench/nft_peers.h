// SPDX-License-Identifier: Apache-2.0
// What nftables is compared as: rule sets of others' making for the instances of bench_model.h, loaded by nft(8).
#pragma once

#include <cstddef>
#include <string>

#include "tests/support/netns.h"

namespace portcullis::bench {

// Loads the text in the namespace in one transaction. What nft refuses ends the process.
void load_nft(const test::NetNamespace& where, const std::string& text);

// In the bridge family, without state: rule behind rule, of which the last ones match; and at its best: a verdict map of ports, a
// concatenated set against spoofing, an interval map of sources, a set of ports.
[[nodiscard]] std::string linear_rules(std::size_t rules);
[[nodiscard]] std::string best_rules(std::size_t prefixes);
// In the inet family, which bridges ask where bridge-nf-call-iptables is on: what is established first.
[[nodiscard]] std::string conntrack_rules();

// An interval set of so many prefixes with ports, and one element more or less of it.
[[nodiscard]] std::string prefix_set(std::size_t prefixes);
[[nodiscard]] std::string add_prefix_element();
[[nodiscard]] std::string delete_prefix_element();

// Empties the namespace's connection tracking table.
void forget_conntrack(const test::NetNamespace& where);
// Bytes of one entry, as the kernel allocates it; 0 where it is not loaded.
[[nodiscard]] std::size_t conntrack_entry_bytes();

}  // namespace portcullis::bench
