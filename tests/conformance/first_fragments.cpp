// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/first_fragments.h"

#include <utility>

namespace portcullis::test {
namespace {

constexpr std::size_t kEthernetBytes = 14;

std::vector<std::uint8_t> part(const Bytes& frame, std::size_t from, std::size_t bytes) {
    const auto begin = frame.begin() + static_cast<std::ptrdiff_t>(from);
    return {begin, begin + static_cast<std::ptrdiff_t>(bytes)};
}

unsigned number16(const Bytes& frame, std::size_t at) { return static_cast<unsigned>(frame[at]) << 8 | frame[at + 1]; }

struct Piece {
    std::vector<std::uint8_t> datagram;
    unsigned offset = 0;
    bool has_more = false;
};

std::optional<Piece> ipv4_piece(const Bytes& frame) {
    constexpr std::size_t kHeader = 20;
    if (frame.size() < kEthernetBytes + kHeader) {
        return std::nullopt;
    }
    const unsigned field = number16(frame, kEthernetBytes + 6);
    Piece piece{.datagram = part(frame, kEthernetBytes + 12, 8), .offset = field & 0x1fff, .has_more = (field & 0x2000) != 0};
    piece.datagram.push_back(frame[kEthernetBytes + 9]);
    piece.datagram.push_back(frame[kEthernetBytes + 4]);
    piece.datagram.push_back(frame[kEthernetBytes + 5]);
    return piece;
}

// Behind hop-by-hop and destination options, and routing headers.
std::optional<Piece> ipv6_piece(const Bytes& frame) {
    constexpr std::size_t kHeader = 40;
    constexpr std::uint8_t kFragment = 44;
    std::size_t at = kEthernetBytes + kHeader;
    if (frame.size() < at) {
        return std::nullopt;
    }
    for (std::uint8_t next = frame[kEthernetBytes + 6]; at + 8 <= frame.size();) {
        if (next == kFragment) {
            const unsigned field = number16(frame, at + 2);
            Piece piece{.datagram = part(frame, kEthernetBytes + 8, 32), .offset = field >> 3, .has_more = (field & 1) != 0};
            piece.datagram.push_back(frame[at]);
            const std::vector<std::uint8_t> id = part(frame, at + 4, 4);
            piece.datagram.insert(piece.datagram.end(), id.begin(), id.end());
            return piece;
        }
        if (next != 0 && next != 43 && next != 60) {
            break;
        }
        next = frame[at];
        at += (std::size_t{frame[at + 1]} + 1) * 8;
    }
    return std::nullopt;
}

}  // namespace

std::optional<FirstFragments::Fragment> FirstFragments::fragment_of(const Step& step) {
    if (step.frame.size() < kEthernetBytes) {
        return std::nullopt;
    }
    const unsigned type = number16(step.frame, 12);
    std::optional<Piece> piece = type == 0x0800 ? ipv4_piece(step.frame) : type == 0x86dd ? ipv6_piece(step.frame) : std::nullopt;
    if (!piece || (piece->offset == 0 && !piece->has_more)) {
        return std::nullopt;
    }
    return Fragment{.key = {.interface_id = step.interface_id, .direction = step.direction, .datagram = std::move(piece->datagram)},
                    .is_first = piece->offset == 0};
}

void FirstFragments::clear() {
    current_.clear();
    former_.clear();
}

void FirstFragments::age() {
    for (auto& [key, step] : current_) {
        former_.insert_or_assign(key, std::move(step));
    }
    current_.clear();
}

void FirstFragments::note(const Step& step, bool is_admitted) {
    const std::optional<Fragment> fragment = fragment_of(step);
    if (!fragment || !fragment->is_first) {
        return;
    }
    former_.erase(fragment->key);
    current_.erase(fragment->key);
    if (is_admitted) {
        current_.emplace(fragment->key, step);
    }
}

const Step* FirstFragments::former(const Step& step) const {
    const std::optional<Fragment> fragment = fragment_of(step);
    if (!fragment || fragment->is_first) {
        return nullptr;
    }
    const auto first = former_.find(fragment->key);
    return first == former_.end() ? nullptr : &first->second;
}

}  // namespace portcullis::test
