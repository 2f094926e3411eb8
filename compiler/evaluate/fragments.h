// SPDX-License-Identifier: Apache-2.0
// The evaluator's memory of admitted first fragments (docs/semantics.md 9.2): of each port and family a ring of the last 32. It is
// forgotten with every change of the model, whether it concerns the port or not, which is more than 9.2 asks for. Called by evaluate.cpp
// alone.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "compiler/evaluate/flows.h"

namespace portcullis {

class FragmentMemory {
   public:
    // Pre: the packet is a later fragment.
    [[nodiscard]] bool follows(const Passage& passage) const;
    // Pre: the packet is a first fragment that passed stage 3.
    void settle(const Passage& passage, bool is_admitted);
    void forget() { rings_.clear(); }

   private:
    struct Key {
        Direction direction = Direction::Outbound;
        int way = 0;
        std::string sender_id;
        Address source;
        Address destination;
        std::uint32_t id = 0;
        std::uint8_t protocol = 0;
        bool operator==(const Key&) const = default;
    };
    struct Entry {
        Key key;
        double admitted_s = 0;
    };
    struct Ring {
        static constexpr std::size_t kEntries = 32;
        std::array<std::optional<Entry>, kEntries> entries;
        std::size_t next = 0;
    };
    using RingKey = std::pair<std::string, Family>;

    static Key key_of(const Passage& passage);
    static RingKey ring_key_of(const Passage& passage);
    // The live entry of the packet; none: nullptr.
    static const std::optional<Entry>* find(const Ring& ring, const Passage& passage);

    std::map<RingKey, Ring> rings_;
};

}  // namespace portcullis
