// SPDX-License-Identifier: Apache-2.0
// How long work tells how far it is, so that whoever waits sees that it goes on.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace portcullis {

// `step`: what begins now, as in "lowering the policy"; `done` of so many things, where they are counted (else 0 of 0). Called on the
// thread that works, between one piece and the next, however short they are. May be empty: then nobody waits.
using WorkCallback = std::function<void(std::string_view step, std::size_t done, std::size_t of)>;

inline void tell(const WorkCallback& work, std::string_view step, std::size_t done = 0, std::size_t of = 0) {
    if (work) {
        work(step, done, of);
    }
}

}  // namespace portcullis
