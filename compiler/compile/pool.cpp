// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/pool.h"

namespace portcullis {
namespace {

// One round of splitmix64 per word: short contents that differ in one bit must not share a bucket.
class Hasher {
   public:
    void add(std::uint64_t word) {
        state_ += word + 0x9e3779b97f4a7c15u;
        state_ = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9u;
        state_ = (state_ ^ (state_ >> 27)) * 0x94d049bb133111ebu;
        state_ ^= state_ >> 31;
    }
    void add(const Decision& decision) { add(std::uint64_t{decision.rule} << 1 | (decision.allow ? 1u : 0u)); }
    void add(const Prefix& prefix) {
        std::uint64_t halves[2] = {};
        for (std::size_t i = 0; i < prefix.address.bytes.size(); ++i) {
            halves[i / 8] = halves[i / 8] << 8 | prefix.address.bytes[i];
        }
        add(halves[0]);
        add(halves[1] ^ prefix.length);
    }
    [[nodiscard]] std::size_t value() const { return state_; }

   private:
    std::uint64_t state_ = 0;
};

}  // namespace

std::size_t content_hash(const PortSet& set) {
    Hasher hasher;
    if (set.any) {
        hasher.add(*set.any);
    }
    for (const PortRange& range : set.ranges) {
        hasher.add(std::uint64_t{range.protocol} << 32 | std::uint64_t{range.from} << 16 | range.to);
        hasher.add(range.decision);
    }
    for (const auto& decision : set.unknown_ports) {
        hasher.add(decision ? std::uint64_t{decision->rule} << 2 | (decision->allow ? 2u : 1u) : 0);
    }
    return hasher.value();
}

std::size_t content_hash(const Policy& policy) {
    Hasher hasher;
    for (const auto& [prefix, set] : policy.cidrs) {
        hasher.add(prefix);
        hasher.add(set);
    }
    for (const auto* sets : {&policy.default_set, &policy.literal_set}) {
        for (const auto& set : *sets) {
            hasher.add(set ? std::uint64_t{*set} + 1 : 0);
        }
    }
    for (const auto& [tcp, udp] : policy.is_wide) {
        hasher.add((tcp ? 1u : 0u) | (udp ? 2u : 0u));
    }
    for (const auto& [group, set] : policy.groups) {
        hasher.add(std::uint64_t{group} << 32 | set);
    }
    return hasher.value();
}

}  // namespace portcullis
