// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/render_nft.h"

#include <algorithm>
#include <array>
#include <span>

#include "compiler/lower_nft/render_nft_fields.h"
#include "compiler/lower_nft/render_nft_rules.h"

namespace portcullis {
namespace {

constexpr const char* kIndent = "    ";

std::string join(const std::vector<std::string>& parts, const char* between) {
    std::string text;
    for (const std::string& part : parts) {
        text += (text.empty() ? "" : between) + part;
    }
    return text;
}

// "type ipv4_addr . inet_service", or with examples where a field has no name.
std::string key_declaration(const NftSet& set, const NftSetTypes& types) {
    const auto has_name = [](NftDatatype type) { return !nft_type_word(type).empty(); };
    const bool are_named = std::ranges::all_of(types.key, has_name) && (set.kind != NftSet::Kind::DataMap || has_name(types.data));
    std::vector<std::string> fields;
    for (std::size_t i = 0; i < types.key.size(); ++i) {
        fields.push_back(are_named ? std::string(nft_type_word(types.key[i])) : nft_type_example(types.key[i], bytes_of(set.key[i])));
    }
    std::string text = (are_named ? "type " : "typeof ") + join(fields, " . ");
    if (set.kind == NftSet::Kind::VerdictMap) {
        text += " : verdict";
    } else if (set.kind == NftSet::Kind::DataMap) {
        text += " : " + (are_named ? std::string(nft_type_word(types.data)) : nft_type_example(types.data, types.data_bytes));
    }
    return text;
}

std::string element_key(const NftSet& set, const std::vector<NftDatatype>& types, const NftElement& element) {
    std::vector<std::string> fields;
    std::size_t at = 0;
    for (std::size_t i = 0; i < types.size(); ++i) {
        const std::size_t bytes = bytes_of(set.key[i]);
        const std::span<const std::uint8_t> from = std::span(element.from).subspan(at, bytes);
        fields.push_back(element.to.empty() ? nft_value(types[i], from)
                                            : nft_interval(types[i], from, std::span(element.to).subspan(at, bytes)));
        at += (bytes + 3) / 4 * 4;
    }
    return join(fields, " . ");
}

std::string render_element(const NftSet& set, const NftSetTypes& types, const NftElement& element) {
    std::string text = element_key(set, types.key, element);
    if (set.counts) {
        text += " counter";
    }
    if (!element.comment.empty()) {
        text += " comment " + nft_quoted(element.comment);
    }
    if (element.verdict) {
        text += " : " + render_verdict(*element.verdict);
    } else if (set.kind == NftSet::Kind::DataMap) {
        text += " : " + nft_value(types.data, element.data);
    }
    return text;
}

std::string render_set(const NftSet& set, const NftSetTypes& types) {
    std::vector<std::string> flags;
    if (set.is_dynamic) {
        flags.emplace_back("dynamic");
    }
    if (set.is_interval) {
        flags.emplace_back("interval");
    }
    if (set.has_timeout) {
        flags.emplace_back("timeout");
    }
    std::vector<std::string> lines{key_declaration(set, types)};
    if (!flags.empty()) {
        lines.push_back("flags " + join(flags, ","));
    }
    if (set.timeout_ms != 0) {
        lines.push_back("timeout " + nft_time(set.timeout_ms));
    }
    if (set.size != 0) {
        lines.push_back("size " + std::to_string(set.size));
    }
    if (set.counts) {
        lines.emplace_back("counter");
    }
    if (!set.elements.empty()) {
        std::vector<std::string> elements;
        std::ranges::transform(set.elements, std::back_inserter(elements),
                               [&](const NftElement& element) { return render_element(set, types, element); });
        lines.push_back("elements = {\n            " + join(elements, ",\n            ") + "\n        }");
    }
    std::string text = kIndent + std::string(set.kind == NftSet::Kind::Set ? "set " : "map ") + set.name + " {\n";
    for (const std::string& line : lines) {
        text += std::string(kIndent) + kIndent + line + "\n";
    }
    return text + kIndent + "}\n";
}

std::string render_hook(const NftHook& hook) {
    constexpr std::array kPoints{"ingress", "egress", "prerouting", "input", "forward", "output", "postrouting"};
    std::string text = std::string("type filter hook ") + kPoints.at(static_cast<std::size_t>(hook.point));
    if (!hook.device.empty()) {
        text += " device " + nft_quoted(hook.device);
    }
    return text + " priority " + std::to_string(hook.priority) + "; policy " + (hook.accepts ? "accept;" : "drop;");
}

std::string render_chain(const NftChain& chain, const NftTypes& types) {
    std::string text = kIndent + ("chain " + chain.name) + " {\n";
    if (chain.hook) {
        text += std::string(kIndent) + kIndent + render_hook(*chain.hook) + "\n";
    }
    const std::vector<NftContext> contexts = nft_contexts(chain);
    for (std::size_t i = 0; i < chain.rules.size(); ++i) {
        text += std::string(kIndent) + kIndent + render_rule(chain.rules[i], contexts[i], types) + "\n";
    }
    return text + kIndent + "}\n";
}

std::string_view family_word(NftFamily family) {
    constexpr std::array<std::string_view, 3> kFamilies{"bridge", "netdev", "inet"};
    return kFamilies.at(static_cast<std::size_t>(family));
}

}  // namespace

std::string render_nft(const NftImage& image) {
    std::string text;
    for (const NftTable& table : image.tables) {
        const NftTypes types = nft_types(table);
        text += "table " + std::string(family_word(table.family)) + " " + table.name + " {\n";
        for (const NftSet& set : table.sets) {
            text += render_set(set, types.at(set.name));
        }
        for (const NftChain& chain : table.chains) {
            text += render_chain(chain, types);
        }
        text += "}\n";
    }
    return text;
}

}  // namespace portcullis
