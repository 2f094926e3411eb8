// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_differences.h"

#include <algorithm>
#include <span>

#include "fallback/nft_diff.h"

namespace portcullis {
namespace {

std::string name_of(const NftTable& table) {
    const char* const family = table.family == NftFamily::Bridge ? "bridge " : "netdev ";
    return "table " + (family + table.name);
}

class Sentences {
   public:
    explicit Sentences(std::size_t most) : most_(most) {}
    void add(std::string sentence) {
        if (all_.size() < most_) {
            all_.push_back(std::move(sentence));
        }
    }
    std::vector<std::string> take() { return std::move(all_); }

   private:
    std::size_t most_;
    std::vector<std::string> all_;
};

// An object of that name, whatever it is like.
template <class Object>
bool is_among(std::span<const Object* const> objects, const std::string& name) {
    return std::ranges::any_of(objects, [&](const Object* object) { return object->name == name; });
}

// One that goes and comes again is another than it should be.
template <class Object>
void tell_objects(const std::string& where, std::span<const Object* const> gone, std::span<const Object* const> fresh,
                  Sentences& sentences) {
    for (const Object* const object : gone) {
        sentences.add(where + object->name + (is_among(fresh, object->name) ? " is another than it should be" : " should not be there"));
    }
    for (const Object* const object : fresh) {
        if (!is_among(gone, object->name)) {
            sentences.add(where + object->name + " is missing");
        }
    }
}

void tell(const NftTableDiff& diff, Sentences& sentences) {
    if (diff.had == nullptr || diff.wanted == nullptr) {
        sentences.add(name_of(diff.had == nullptr ? *diff.wanted : *diff.had) +
                      (diff.had == nullptr ? " is missing" : " should not be there"));
        return;
    }
    const std::string where = name_of(*diff.wanted) + ": ";
    tell_objects<NftChain>(where + "chain ", diff.gone_chains, diff.new_chains, sentences);
    tell_objects<NftSet>(where + "set ", diff.gone_sets, diff.new_sets, sentences);
    for (const NftChain* const chain : diff.filled) {
        if (!is_among<NftChain>(diff.new_chains, chain->name)) {
            sentences.add(where + "chain " + chain->name + " has other rules than it should have");
        }
    }
    for (const NftSetDelta& delta : diff.deltas) {
        sentences.add(where + "set " + delta.set->name + " lacks " + std::to_string(delta.fresh.size()) + " elements and has " +
                      std::to_string(delta.gone.size()) + " that should not be there");
    }
}

}  // namespace

std::vector<std::string> describe_differences(const NftImage& had, const NftImage& wanted, std::size_t most) {
    Sentences sentences(most);
    for (const NftTableDiff& diff : diff_images(had, wanted)) {
        tell(diff, sentences);
    }
    return sentences.take();
}

}  // namespace portcullis
