// SPDX-License-Identifier: Apache-2.0
// A set of prefixes that is asked whether one of them holds another prefix: one look-up per length that occurs.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <set>

#include "core/address.h"

namespace portcullis {

class PrefixSet {
   public:
    void add(const Prefix& prefix) {
        prefixes_.insert(prefix);
        lengths_[static_cast<std::size_t>(prefix.family())].set(prefix.length);
    }
    [[nodiscard]] bool covers(const Prefix& prefix) const {
        const auto& lengths = lengths_[static_cast<std::size_t>(prefix.family())];
        for (std::uint8_t length = 0; length <= prefix.length; ++length) {
            if (lengths.test(length) && prefixes_.contains(Prefix::of(prefix.address, length))) {
                return true;
            }
        }
        return false;
    }

   private:
    static constexpr std::size_t kLengths = 129;
    std::set<Prefix> prefixes_;
    std::array<std::bitset<kLengths>, 2> lengths_;  // by Family
};

}  // namespace portcullis
