// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_digest.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <type_traits>

namespace portcullis {
namespace {

// Multiplies and folds, eight bytes at a time. Lengths go in before contents, so that no two sequences look the same.
class Digest {
   public:
    void add(std::uint64_t number) {
        state_ = (state_ ^ number) * 0x9e3779b97f4a7c15ULL;
        state_ ^= state_ >> 29;
    }
    void add(const NftBytes& bytes) { add_bytes(bytes.data(), bytes.size()); }
    void add(const std::string& text) { add_bytes(text.data(), text.size()); }
    template <class T>
    requires std::is_enum_v<T>
    void add(T value) { add(static_cast<std::uint64_t>(value)); }
    template <class T>
    void add(const std::vector<T>& all) {
        add(all.size());
        for (const T& one : all) {
            add(one);
        }
    }
    template <class T>
    void add(const std::optional<T>& one) {
        add(std::uint64_t{one.has_value()});
        if (one) {
            add(*one);
        }
    }

    void add(const NftLoad& load) {
        add(load.kind);
        add(load.header);
        add(std::uint64_t{load.offset});
        add(std::uint64_t{load.length});
        add(load.meta);
        add(load.constant);
        add(load.map);
        add(load.key);
        add(load.mask);
        add(std::uint64_t{load.shift_right});
    }
    void add(const NftVerdict& verdict) {
        add(verdict.kind);
        add(verdict.chain);
    }
    void add(const NftCompare& one) {
        add(one.load);
        add(one.op);
        add(one.value);
    }
    void add(const NftRange& one) {
        add(one.load);
        add(one.from);
        add(one.to);
        add(std::uint64_t{one.is_inverted});
    }
    void add(const NftLookup& one) {
        add(one.key);
        add(one.set);
        add(std::uint64_t{one.is_inverted});
    }
    void add(const NftVerdictLookup& one) {
        add(one.key);
        add(one.map);
    }
    void add(const NftUpdate& one) {
        add(one.op);
        add(one.key);
        add(one.set);
        add(one.timeout_ms);
        add(std::uint64_t{one.counts});
    }
    void add(const NftMapUpdate& one) {
        add(one.op);
        add(one.key);
        add(one.map);
        add(one.data);
        add(one.timeout_ms);
    }
    void add(const NftSetMark& one) {
        add(std::uint64_t{one.keep});
        add(std::uint64_t{one.bits});
    }
    void add(const NftLimit& one) {
        add(one.packets);
        add(std::uint64_t{one.burst});
        add(std::uint64_t{one.is_over});
    }
    void add(const NftCounter&) {}
    void add(const NftStatement& statement) {
        add(std::uint64_t{statement.index()});
        std::visit([this](const auto& one) { add(one); }, statement);
    }
    void add(const NftRule& rule) {
        add(rule.statements);
        add(rule.comment);
    }
    void add(const NftHook& hook) {
        add(hook.point);
        add(static_cast<std::uint64_t>(hook.priority));
        add(hook.device);
        add(std::uint64_t{hook.accepts});
    }
    void add(const NftElement& element) {
        add(element.from);
        add(element.to);
        add(element.verdict);
        add(element.data);
        add(element.comment);
    }

    [[nodiscard]] std::string text() const {
        char hex[17];
        std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(state_));
        return hex;
    }

   private:
    void add_bytes(const void* bytes, std::size_t size) {
        add(size);
        for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, static_cast<const char*>(bytes) + at, std::min(sizeof word, size - at));
            add(word);
        }
    }
    std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

}  // namespace

std::string nft_digest(const NftChain& chain) {
    Digest digest;
    digest.add(chain.hook);
    digest.add(chain.rules);
    return digest.text();
}

std::string nft_digest(const NftSet& set) {
    Digest digest;
    digest.add(set.kind);
    digest.add(set.key);
    digest.add(set.data);
    for (const std::uint64_t one : {std::uint64_t{set.is_interval}, std::uint64_t{set.is_dynamic}, set.timeout_ms,
                                    std::uint64_t{set.has_timeout}, std::uint64_t{set.size}, std::uint64_t{set.counts}}) {
        digest.add(one);
    }
    digest.add(set.elements);
    return digest.text();
}

}  // namespace portcullis
