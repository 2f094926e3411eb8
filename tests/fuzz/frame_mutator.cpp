// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/frame_mutator.h"

#include <algorithm>

namespace portcullis::test {
namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kIpv4 = 20;
constexpr std::size_t kIpv6 = 40;
constexpr std::size_t kLongest = 2048;

unsigned read16(const Bytes& frame, std::size_t at) {
    return at + 2 <= frame.size() ? static_cast<unsigned>(frame[at] << 8 | frame[at + 1]) : 0;
}

bool is_extension(std::uint8_t number) { return number == 0 || number == 43 || number == 44 || number == 51 || number == 60; }

// The test run takes no frame with a cut IP header.
std::size_t least_size(const Bytes& frame) {
    const unsigned type = read16(frame, 12);
    return kEthernet + (type == 0x0800 ? kIpv4 : (type == 0x86dd ? kIpv6 : 1));
}

}  // namespace

void FrameMutator::set8(Bytes& frame, std::size_t at, std::uint8_t value) {
    if (at < frame.size()) {
        frame[at] = value;
    }
}

void FrameMutator::set16(Bytes& frame, std::size_t at, std::uint16_t value) {
    set8(frame, at, static_cast<std::uint8_t>(value >> 8));
    set8(frame, at + 1, static_cast<std::uint8_t>(value));
}

// A number of the kind that limits are forgotten at: a little more or less, or an extreme.
std::uint16_t FrameMutator::near(std::uint16_t value) {
    if (random_.chance(70)) {
        return static_cast<std::uint16_t>(value + random_.one_of({-8, -4, -2, -1, 1, 2, 4, 8}));
    }
    return random_.one_of<std::uint16_t>({0, 1, 7, 8, 19, 20, 39, 40, 0x7fff, 0x8000, 0xfffe, 0xffff});
}

void FrameMutator::walk_extensions(const Bytes& frame, Layout& layout) {
    std::uint8_t number = frame[layout.network + 6];
    while (is_extension(number) && layout.transport + 8 <= frame.size() && layout.headers.size() < 16) {
        const std::uint8_t length = frame[layout.transport + 1];
        const std::size_t bytes = number == 44 ? 8 : (number == 51 ? (length + std::size_t{2}) * 4 : (length + std::size_t{1}) * 8);
        number = frame[layout.transport];
        layout.headers.push_back(layout.transport);
        layout.transport += bytes;
    }
}

FrameMutator::Layout FrameMutator::layout_of(const Bytes& frame) {
    Layout layout;
    while (read16(frame, layout.network - 2) == 0x8100 && layout.network + 4 <= frame.size()) {
        layout.network += 4;
    }
    const unsigned type = read16(frame, layout.network - 2);
    layout.is_ipv4 = type == 0x0800 && layout.network + kIpv4 <= frame.size();
    layout.is_ipv6 = type == 0x86dd && layout.network + kIpv6 <= frame.size();
    layout.transport = layout.network;
    layout.headers = {layout.network};
    if (layout.is_ipv4) {
        layout.transport += static_cast<std::size_t>(frame[layout.network] & 15) * 4;
    } else if (layout.is_ipv6) {
        layout.transport += kIpv6;
        walk_extensions(frame, layout);
    }
    layout.transport = std::min(layout.transport, frame.size());
    layout.headers.push_back(layout.transport);
    return layout;
}

std::size_t FrameMutator::boundary(const Layout& layout) {
    return random_.pick(layout.headers) + random_.one_of<std::size_t>({0, 0, 1, 2, 4, 8, 20, 24});
}

void FrameMutator::change_byte(Bytes& frame, const Layout& layout) {
    const std::size_t end = std::min(frame.size(), layout.transport + 40);
    const std::size_t at = random_.chance(80) ? random_.below(end) : random_.below(frame.size());
    if (random_.chance(50)) {
        frame[at] = static_cast<std::uint8_t>(frame[at] ^ 1u << random_.below(8));
    } else {
        frame[at] = random_.one_of<std::uint8_t>({0, 1, 0x7f, 0x80, 0xff, random_.byte()});
    }
}

void FrameMutator::change_network_field(Bytes& frame, const Layout& layout) {
    const std::size_t ip = layout.network;
    const auto protocol =
        random_.one_of<std::uint8_t>({0, 1, 2, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 97, 132, 135, 137, 139, 140, 255});
    if (layout.is_ipv4) {
        switch (random_.below(5)) {
            case 0:
                return set8(frame, ip, static_cast<std::uint8_t>(random_.one_of({0x40, 0x40, 0x40, 0x50, 0x60}) | random_.below(16)));
            case 1:
                return set16(frame, ip + 2, near(static_cast<std::uint16_t>(read16(frame, ip + 2))));
            case 2:
                return set16(frame, ip + 6,
                             static_cast<std::uint16_t>(random_.one_of({0, 0x2000, 0x4000, 0x8000}) | random_.one_of({0, 1, 2, 3, 8191})));
            case 3:
                return set8(frame, ip + 8, random_.one_of<std::uint8_t>({0, 1, 2, 64, 255}));
            default:
                return set8(frame, ip + 9, protocol);
        }
    }
    if (layout.is_ipv6) {
        switch (random_.below(5)) {
            case 0:
                return set16(frame, ip + 4, near(static_cast<std::uint16_t>(read16(frame, ip + 4))));
            case 1:
                return set8(frame, ip + 7, random_.one_of<std::uint8_t>({0, 1, 64, 254, 255}));
            case 2:
                return set8(frame, ip + 6, protocol);
            case 3:  // next header, length or fragment field of some header
                return set8(frame, random_.pick(layout.headers), protocol);
            default: {
                const std::size_t header = random_.pick(layout.headers);
                return random_.chance(50) ? set8(frame, header + 1, random_.one_of<std::uint8_t>({0, 1, 2, 15, 30, 31, 32, 255}))
                                          : set16(frame, header + 2, static_cast<std::uint16_t>(random_.one_of({0, 1, 8, 9, 16, 0xfff8})));
            }
        }
    }
    set16(frame, 12, random_.one_of<std::uint16_t>({0x0800, 0x86dd, 0x0806, 0x8035, 0x8100, 0x88a8, 0x9100, 0x05dc, 0x0600, 0x88cc}));
}

void FrameMutator::change_transport_field(Bytes& frame, const Layout& layout) {
    const std::size_t at = layout.transport;
    switch (random_.below(8)) {
        case 0:
            return set8(frame, at + 13, random_.byte());  // TCP flags
        case 1:
            return set8(frame, at + 12, static_cast<std::uint8_t>(random_.below(16) << 4));  // data offset
        case 2:
            return set16(frame, at + 4, near(static_cast<std::uint16_t>(read16(frame, at + 4))));  // UDP length
        case 3:
            return set8(frame, at, random_.byte());  // ICMP type
        case 4:
            return set8(frame, at + 1, random_.one_of<std::uint8_t>({0, 1, 3, 4, 255}));  // ICMP code
        case 5:
            return set16(frame, at + 2, random_.one_of<std::uint16_t>({0, 22, 53, 67, 68, 80, 546, 547, 65535}));
        case 6:
            return set16(frame, at, random_.one_of<std::uint16_t>({0, 22, 53, 67, 68, 80, 546, 547, 65535}));
        default:  // an option's type or length
            return set8(frame, boundary(layout) + 20, random_.one_of<std::uint8_t>({0, 1, 2, 3, 5, 14, 131, 137, 0xc2, 255}));
    }
}

void FrameMutator::change_addresses(Bytes& frame, const Layout& layout) {
    const std::size_t bytes = layout.is_ipv6 ? 16 : 4;
    const std::size_t source = layout.network + (layout.is_ipv6 ? 8 : 12);
    if (source + 2 * bytes > frame.size()) {
        return;
    }
    const auto from = frame.begin() + static_cast<std::ptrdiff_t>(source);
    const auto to = from + static_cast<std::ptrdiff_t>(bytes);
    switch (random_.below(6)) {
        case 0:
            std::swap_ranges(from, to, to);
            break;
        case 1:
            std::copy(from, to, to);
            break;
        case 2:
            std::swap_ranges(frame.begin(), frame.begin() + 6, frame.begin() + 6);
            break;
        case 3:  // a group
            frame[0] = static_cast<std::uint8_t>(frame[0] ^ 1u);
            break;
        case 4:
            set8(frame, source + (random_.chance(50) ? 0 : bytes),
                 random_.one_of<std::uint8_t>({0, 10, 127, 169, 224, 239, 255, 0xfe, 0xff, 0x20}));
            break;
        default:
            set8(frame, source + (random_.chance(50) ? 1 : 2) * bytes - 1, random_.byte());
    }
}

void FrameMutator::resize(Bytes& frame, const Layout& layout) {
    if (random_.chance(60)) {
        frame.resize(random_.chance(70) ? boundary(layout) : random_.between(1, static_cast<std::uint32_t>(frame.size())));
    } else {
        frame.resize(frame.size() + random_.between(1, 80), random_.one_of<std::uint8_t>({0, 0xff, 1}));
    }
}

void FrameMutator::splice(Bytes& frame, const Layout& layout, const Bytes& other) {
    const Layout theirs = layout_of(other);
    const std::size_t cut = std::min(random_.pick(layout.headers), frame.size());
    const std::size_t begin = std::min(random_.pick(theirs.headers), other.size());
    frame.resize(cut);
    frame.insert(frame.end(), other.begin() + static_cast<std::ptrdiff_t>(begin), other.end());
}

void FrameMutator::move_bytes(Bytes& frame, const Layout& layout) {
    const std::size_t from = std::min(boundary(layout), frame.size());
    const std::size_t count = std::min<std::size_t>(random_.one_of({2, 4, 8, 8, 16, 20, 40}), frame.size() - from);
    const auto begin = frame.begin() + static_cast<std::ptrdiff_t>(from);
    const Bytes piece(begin, begin + static_cast<std::ptrdiff_t>(count));
    if (random_.chance(50)) {
        frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(from), piece.begin(), piece.end());
    } else {
        frame.erase(frame.begin() + static_cast<std::ptrdiff_t>(from), frame.begin() + static_cast<std::ptrdiff_t>(from + count));
    }
}

// An extension header in front of what stands there, or options in the IPv4 header.
void FrameMutator::insert_header(Bytes& frame, const Layout& layout) {
    const auto at = [&](std::size_t offset) { return frame.begin() + static_cast<std::ptrdiff_t>(std::min(offset, frame.size())); };
    if (layout.is_ipv6) {
        const auto number = random_.one_of<std::uint8_t>({0, 60, 44, 43, 51, 60, 44});
        const std::size_t next = layout.network + 6;
        Bytes header{frame[next], 0, 1, 4, 0, 0, 0, 0};
        if (number == 44) {
            header = {frame[next], 0, 0, random_.one_of<std::uint8_t>({0, 1, 8, 9, 16}), 0, 0, 0, random_.one_of<std::uint8_t>({1, 2, 3})};
        }
        frame[next] = number;
        frame.insert(at(layout.network + kIpv6), header.begin(), header.end());
    } else if (layout.is_ipv4 && (frame[layout.network] & 15) < 14) {
        const Bytes options =
            random_.one_of<Bytes>({{1, 1, 1, 0}, {7, 3, 4, 0}, {131, 3, 4, 0}, {137, 4, 0, 0}, {0x94, 4, 0, 0}, {68, 5, 0, 0}});
        frame[layout.network] = static_cast<std::uint8_t>(frame[layout.network] + 1);
        frame.insert(at(layout.network + kIpv4), options.begin(), options.end());
    } else {
        const Bytes tag{0x81, 0, 0, random_.byte()};
        frame.insert(at(12), tag.begin(), tag.end());
    }
}

// So that a change of length is not always found by the first check.
void FrameMutator::repair_lengths(Bytes& frame) const {
    const Layout layout = layout_of(frame);
    const auto length_behind = [&](std::size_t header) {
        return static_cast<unsigned>(std::min<std::size_t>(frame.size() - header, 0xffff));
    };
    const auto write = [&](std::size_t at, unsigned value) {
        frame[at] = static_cast<std::uint8_t>(value >> 8);
        frame[at + 1] = static_cast<std::uint8_t>(value);
    };
    if (layout.is_ipv4) {
        write(layout.network + 2, length_behind(layout.network));
    } else if (layout.is_ipv6) {
        write(layout.network + 4, length_behind(layout.network + kIpv6));
    }
    const bool is_udp = layout.is_ipv4 && frame[layout.network + 9] == 17;
    if (is_udp && layout.transport + 8 <= frame.size()) {
        write(layout.transport + 4, length_behind(layout.transport));
    }
}

void FrameMutator::change(Bytes& frame, const Bytes& other) {
    const Layout layout = layout_of(frame);
    const std::uint32_t kind = random_.below(100);
    if (kind < 25) {
        change_byte(frame, layout);
    } else if (kind < 45) {
        change_network_field(frame, layout);
    } else if (kind < 62) {
        change_transport_field(frame, layout);
    } else if (kind < 70) {
        change_addresses(frame, layout);
    } else if (kind < 80) {
        resize(frame, layout);
    } else if (kind < 86) {
        splice(frame, layout, other);
    } else if (kind < 92) {
        move_bytes(frame, layout);
    } else {
        insert_header(frame, layout);
    }
}

Bytes FrameMutator::mutate(Bytes frame, const Bytes& other) {
    const std::uint32_t changes = random_.one_of({1u, 1u, 1u, 2u, 2u, 3u, 4u});
    for (std::uint32_t i = 0; i < changes; ++i) {
        change(frame, other);
        frame.resize(std::clamp<std::size_t>(frame.size(), kEthernet + 1, kLongest));
    }
    if (random_.chance(50)) {
        repair_lengths(frame);
    }
    frame.resize(std::max(frame.size(), least_size(frame)));
    return frame;
}

}  // namespace portcullis::test
