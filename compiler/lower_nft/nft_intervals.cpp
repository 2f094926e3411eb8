// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_intervals.h"

#include <algorithm>
#include <optional>

#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

// None behind the last address.
std::optional<NftBytes> next(NftBytes bytes) {
    for (std::size_t i = bytes.size(); i-- > 0;) {
        if (++bytes[i] != 0) {
            return bytes;
        }
    }
    return std::nullopt;
}

// Pre: not the first address.
NftBytes previous(NftBytes bytes) {
    for (std::size_t i = bytes.size(); i-- > 0;) {
        if (bytes[i]-- != 0) {
            break;
        }
    }
    return bytes;
}

class Sweep {
   public:
    void enter(const Prefix& prefix, Index value) {
        while (!around_.empty() && !around_.back().first.contains(prefix)) {
            leave();
        }
        const NftBytes first = nft_first(prefix);
        if (!around_.empty() && position_ && *position_ < first) {
            append(*position_, previous(first), around_.back().second);
        }
        position_ = first;
        around_.emplace_back(prefix, value);
    }

    std::vector<NftInterval> take() && {
        while (!around_.empty()) {
            leave();
        }
        return std::move(intervals_);
    }

   private:
    void leave() {
        const auto [prefix, value] = around_.back();
        around_.pop_back();
        NftBytes last = nft_last(prefix);
        std::optional<NftBytes> behind = next(last);
        if (position_ && *position_ <= last) {
            append(*position_, std::move(last), value);
        }
        position_ = std::move(behind);
    }

    void append(const NftBytes& from, NftBytes to, Index value) {
        if (!intervals_.empty()) {
            NftInterval& before = intervals_.back();
            if (before.value == value && next(before.to) == from) {
                before.to = std::move(to);
                return;
            }
        }
        intervals_.push_back({.from = from, .to = std::move(to), .value = value});
    }

    std::vector<NftInterval> intervals_;
    std::vector<std::pair<Prefix, Index>> around_;  // each contains the next
    std::optional<NftBytes> position_;              // from where on nothing has been appended; none: behind the last address
};

}  // namespace

std::vector<NftInterval> nft_intervals(const std::vector<std::pair<Prefix, Index>>& prefixes) {
    Sweep sweep;
    for (const auto& [prefix, value] : prefixes) {
        sweep.enter(prefix, value);
    }
    return std::move(sweep).take();
}

std::vector<NftElement> nft_covered(const std::vector<Prefix>& prefixes, Family family) {
    std::vector<std::pair<Prefix, Index>> valued;
    for (const Prefix& prefix : prefixes) {
        if (prefix.family() == family) {
            valued.emplace_back(prefix, 0);
        }
    }
    std::sort(valued.begin(), valued.end());
    valued.erase(std::unique(valued.begin(), valued.end()), valued.end());
    std::vector<NftElement> elements;
    for (const NftInterval& interval : nft_intervals(valued)) {
        elements.push_back(nft_element(interval));
    }
    return elements;
}

NftElement nft_element(const NftInterval& interval) {
    NftElement element;
    element.from = interval.from;
    element.to = interval.to;
    return element;
}

NftSet nft_interval_set(std::string name, Family family, std::vector<NftElement> elements) {
    NftSet set;
    set.name = std::move(name);
    set.key = {nft_address_type(family)};
    set.is_interval = true;
    set.elements = std::move(elements);
    return set;
}

}  // namespace portcullis
