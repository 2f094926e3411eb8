// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/differences.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "tests/support/netns.h"

namespace portcullis::test {

std::vector<std::string> differences_of(Dataplane& dataplane) {
    std::vector<std::string> all;
    for (std::optional<std::uint64_t> from = 0; from.has_value();) {
        VerifiedPart part = value_or_end(dataplane.verify(*from), "compare the kernel with what is in force");
        std::ranges::move(part.differences, std::back_inserter(all));
        from = part.next;
    }
    return all;
}

}  // namespace portcullis::test
