// SPDX-License-Identifier: Apache-2.0
// First fragments that were admitted before the model changed last. docs/semantics.md 9.2 ends the memory of them when anything changes
// that the port's verdicts depend on; the evaluator, which does not ask what that is, forgets them all. A comparison looks here for the
// first fragment of a later one that a back end still knows.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/case_file.h"

namespace portcullis::test {

class FirstFragments {
   public:
    void clear();
    // The model changes: from now on what was admitted is of a former one.
    void age();
    // After the step was judged. Whatever becomes of a first fragment, it takes the place of an older one of its datagram.
    void note(const Step& step, bool is_admitted);
    // Of a later fragment: the admitted first one of its datagram, of a former model. None: null.
    [[nodiscard]] const Step* former(const Step& step) const;

   private:
    struct Key {
        std::string interface_id;
        Direction direction = Direction::Outbound;
        std::vector<std::uint8_t> datagram;  // addresses, protocol, identification
        auto operator<=>(const Key&) const = default;
    };
    struct Fragment {
        Key key;
        bool is_first = false;
    };
    // None: the frame is no fragment.
    [[nodiscard]] static std::optional<Fragment> fragment_of(const Step& step);
    std::map<Key, Step> current_, former_;
};

}  // namespace portcullis::test
