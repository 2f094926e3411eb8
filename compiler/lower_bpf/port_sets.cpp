// SPDX-License-Identifier: Apache-2.0
// Port sets -> pc_set_heads and pc_port_sets: a range becomes the fewest blocks of 2^n aligned ports, each one entry (abi.h).
#include <optional>

#include "compiler/lower_bpf/keys.h"
#include "compiler/lower_bpf/state.h"

namespace portcullis {
namespace {

constexpr unsigned kPortBits = 16;

constexpr std::uint32_t index_of(Portless kind) { return static_cast<std::uint32_t>(kind); }
static_assert(index_of(Portless::Tcp) == PC_LENGTHS_TCP && index_of(Portless::Udp) == PC_LENGTHS_UDP, "index of pc_set_head.unknown_ports");
static_assert(index_of(Portless::Icmp) == PC_LENGTHS_ICMP && index_of(Portless::Icmpv6) == PC_LENGTHS_ICMPV6, "likewise");

// The index of a protocol in pc_set_head.lengths; none: it has no ports.
std::optional<std::size_t> lengths_index(std::uint8_t protocol) {
    switch (protocol) {
        case 6:
            return PC_LENGTHS_TCP;
        case 17:
            return PC_LENGTHS_UDP;
        case 1:
            return PC_LENGTHS_ICMP;
        case 58:
            return PC_LENGTHS_ICMPV6;
        default:
            return std::nullopt;
    }
}

std::uint32_t decision_word(const Lowering& lowering, const Decision& decision) {
    return lowering.rules[decision.rule] | (decision.allow ? 0u : PC_DENY);
}
std::uint32_t decision_word(const Lowering& lowering, const std::optional<Decision>& decision) {
    return decision ? decision_word(lowering, *decision) : 0;
}

// The bits of the largest block that starts at `from` and ends at or before `to`.
unsigned block_bits(std::uint32_t from, std::uint32_t to) {
    unsigned bits = 0;
    while (bits < kPortBits && from % (2u << bits) == 0 && from + (2u << bits) - 1 <= to) {
        ++bits;
    }
    return bits;
}

void add_range(const PortRange& range, std::uint32_t decision, PortSetContent& content) {
    pc_set_head& head = content.head;
    const auto lengths = lengths_index(range.protocol);
    if (!lengths) {
        head.has_others = 1;
        content.ports.push_back({{.port = 0, .protocol = range.protocol, .length = 0}, decision});
        return;
    }
    for (std::uint32_t from = range.from; from <= range.to;) {
        const unsigned bits = block_bits(from, range.to);
        const auto length = static_cast<std::uint8_t>(kPortBits - bits);
        head.lengths[*lengths] |= 1u << length;
        content.ports.push_back({{.port = static_cast<std::uint16_t>(from), .protocol = range.protocol, .length = length}, decision});
        from += 1u << bits;
    }
}

}  // namespace

PortSetContent content_of(const Lowering& lowering, const PortSet& set) {
    PortSetContent content{.head = {.any = decision_word(lowering, set.any)}, .ports = {}};
    for (std::size_t kind = 0; kind < set.unknown_ports.size(); ++kind) {
        content.head.unknown_ports[kind] = decision_word(lowering, set.unknown_ports[kind]);
    }
    for (const PortRange& range : set.ranges) {
        add_range(range, decision_word(lowering, range.decision), content);
    }
    sort_by_key(content.ports);
    return content;
}

void add_to(MapImage& image, std::uint32_t number, PortSetContent content) {
    content.head.number = number;
    image.set_heads.emplace_back(number, content.head);
    for (auto& [key, decision] : content.ports) {
        key.set = number;
        image.port_sets.emplace_back(key, decision);
    }
}

Result<> lower_port_sets(Lowering& lowering) {
    lowering.port_sets.reserve(lowering.ruleset.port_sets.size());
    for (const PortSet& set : lowering.ruleset.port_sets) {
        if (is_empty(set)) {
            lowering.port_sets.push_back(0);
            continue;
        }
        PortSetContent content = content_of(lowering, set);
        const auto number = lowering.numberings.port_sets.number_of(key_of(content));
        if (!number) {
            return fail(number.error());
        }
        lowering.port_sets.push_back(*number);
        add_to(lowering.image, *number, std::move(content));
    }
    return {};
}

}  // namespace portcullis
