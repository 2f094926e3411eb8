// SPDX-License-Identifier: Apache-2.0
// Whatever changes: a ruleset that came about by changes, and the maps made of it by changes, hold what a compilation from scratch gives,
// entry for entry; and what did not change was not compiled again.
#include "compiler/compile/recompile.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "compiler/compile/compile.h"
#include "compiler/lower_bpf/change.h"
#include "tests/unit/compiler/decoded_image.h"
#include "tests/unit/compiler/random_model.h"

namespace portcullis {
namespace {

using test::RandomKind;
using test::RandomModel;

template <class Key, class Value>
std::string bytes_of(const MapImage::Entries<Key, Value>& entries) {
    std::string bytes;
    for (const auto& [key, value] : entries) {
        bytes += test::raw_bytes(key) + test::raw_bytes(value);
    }
    return bytes;
}

// Every entry of every map, with its numbers.
std::string all_of(const MapImage& image) { return test::bytes_of(image) + bytes_of(image.names) + bytes_of(image.rule_names); }

std::size_t given_out(const Numbering& numbering) {
    std::size_t count = 0;
    for (std::uint32_t number = 1; number <= numbering.highest(); ++number) {
        count += numbering.key_of(number).empty() ? 0 : 1;
    }
    return count;
}

// What a daemon does with one model after the other.
class Lasting {
   public:
    explicit Lasting(const Model& model, std::optional<Aliases> aliases = std::nullopt)
        : model_(model), aliases_(std::move(aliases)), ruleset_(*compiler_.compile(model, aliases_)), image_(lower_whole()) {
        numberings_.retire_unused();
    }

    // Returns whether it was a change of what was there, and not everything anew.
    bool change(const Model& model, std::optional<Aliases> aliases = std::nullopt) {
        aliases_ = std::move(aliases);
        ruleset_ = *compiler_.change(ruleset_, model_, model, aliases_);
        model_ = model;
        return take_up();
    }
    // Devices come and go; the model stays.
    bool change_devices(Aliases aliases) {
        aliases_ = std::move(aliases);
        ruleset_ = *compiler_.change(ruleset_, model_, model_, aliases_);
        return take_up();
    }
    // A change that the kernel refuses.
    void fail_to_change(const Model& model) {
        Ruleset changed = *compiler_.change(ruleset_, model_, model, aliases_);
        if (goes_on_from(lowered_, changed)) {
            (void)lower_bpf_change(changed, image_, {}, numberings_, {}, lowered_);
        }
        numberings_.roll_back();
        lowered_ = {};
        compiler_.give_back(ruleset_, std::move(changed));
    }

    // By a whole compilation: the same under the same numbers, so that no content has lost its number, and no number is given out beside.
    void expect_as_from_scratch() {
        const Ruleset from_scratch = *compile(model_, aliases_);
        const MapImage wanted = *lower_bpf(from_scratch, {}, numberings_);
        numberings_.roll_back();  // what was asked for here does not count
        ASSERT_EQ(all_of(image_), all_of(wanted));
        ASSERT_EQ(ruleset_.elsewhere, from_scratch.elsewhere);
        ASSERT_EQ(given_out(numberings_.policies), image_.policies.size());
        ASSERT_EQ(given_out(numberings_.port_sets), image_.set_heads.size());
    }
    void expect_to_say_what_fresh_maps_say() const {
        Numberings fresh{MapCapacities{}};
        const MapImage image = *lower_bpf(*compile(model_, aliases_), {}, fresh);
        ASSERT_EQ(test::decoded(image_, numberings_), test::decoded(image, fresh));
        ASSERT_EQ(given_out(numberings_.rules), given_out(fresh.rules));
    }
    [[nodiscard]] const Ruleset& ruleset() const { return ruleset_; }
    [[nodiscard]] const Compiler& compiler() const { return compiler_; }

   private:
    MapImage lower_whole() { return *lower_bpf(ruleset_, {}, numberings_, {}, &lowered_); }
    bool take_up() {
        const bool is_change = goes_on_from(lowered_, ruleset_);
        if (is_change) {
            auto changed = *lower_bpf_change(ruleset_, image_, {}, numberings_, {}, lowered_);
            take_policies(changed.image, image_, changed.policies);
            image_ = std::move(changed.image);
            numberings_.retire(changed.policies);
        } else {
            image_ = lower_whole();
            numberings_.retire_unused();
        }
        return is_change;
    }

    Model model_;
    std::optional<Aliases> aliases_;
    Compiler compiler_;
    Ruleset ruleset_;
    Numberings numberings_{MapCapacities{}};
    LoweredPolicies lowered_;
    MapImage image_;
};

TEST(Recompilation, EqualsCompilationFromScratchAfterTenThousandRandomEdits) {
    constexpr std::uint32_t kSeeds = 20;
    constexpr int kEdits = 500;
    int changes = 0;
    for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
        RandomModel random(seed, seed % 2 == 0 ? RandomKind::Plain : RandomKind::WithHostPolicies);
        Lasting lasting(random.model());
        for (int edit = 0; edit < kEdits && !HasFatalFailure(); ++edit) {
            SCOPED_TRACE("seed " + std::to_string(seed) + " edit " + std::to_string(edit));
            random.below(4) == 0 ? random.edit_further() : random.edit();
            if (random.below(20) == 0) {
                lasting.fail_to_change(random.model());
                random.edit();
            }
            changes += lasting.change(random.model()) ? 1 : 0;
            lasting.expect_as_from_scratch();
            if (edit % 50 == 0) {
                lasting.expect_to_say_what_fresh_maps_say();
            }
        }
    }
    EXPECT_GT(changes, kEdits * static_cast<int>(kSeeds) * 3 / 4) << "the others were compiled whole";
}

// Of a model that is of more than this host, the part that is here, which comes and goes as devices do.
TEST(Recompilation, EqualsCompilationFromScratchWhateverIsOfThisHost) {
    constexpr std::uint32_t kSeeds = 10;
    constexpr int kEdits = 200;
    for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
        RandomModel random(100 + seed, seed % 2 == 0 ? RandomKind::Plain : RandomKind::WithHostPolicies);
        const auto some = [&random] {
            Aliases aliases{"no interface"};
            for (const NetworkInterface& interface : random.model().network_interfaces) {
                if (random.below(3) == 0) {
                    aliases.insert(interface.id);
                }
            }
            return aliases;
        };
        Lasting lasting(random.model(), some());
        std::size_t elsewhere = 0;
        for (int edit = 0; edit < kEdits && !HasFatalFailure(); ++edit) {
            SCOPED_TRACE("seed " + std::to_string(seed) + " edit " + std::to_string(edit));
            if (random.below(2) == 0) {
                EXPECT_TRUE(lasting.change_devices(some()));
            } else {
                random.below(4) == 0 ? random.edit_further() : random.edit();
                (void)lasting.change(random.model(), some());
            }
            elsewhere += lasting.ruleset().elsewhere.size();
            lasting.expect_as_from_scratch();
            if (edit % 50 == 0) {
                lasting.expect_to_say_what_fresh_maps_say();
            }
        }
        EXPECT_GT(elsewhere, 0U);
    }
}

}  // namespace
}  // namespace portcullis
