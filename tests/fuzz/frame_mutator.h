// SPDX-License-Identifier: Apache-2.0
// Bends frames where parsers make mistakes: at lengths, header boundaries, options, flags and next-header fields. Knows just enough of a
// frame to find its headers, trusts none of its lengths, and never leaves less than the kernel's test run takes.
#pragma once

#include "tests/conformance/random_source.h"
#include "tests/support/packet.h"

namespace portcullis::test {

class FrameMutator {
   public:
    explicit FrameMutator(RandomSource& random) : random_(random) {}

    // One to four changes. `other`: a frame whose tail may take the place of this one's.
    [[nodiscard]] Bytes mutate(Bytes frame, const Bytes& other);

   private:
    // Where the headers of a frame begin, as far as it has them.
    struct Layout {
        std::size_t network = 14;
        std::size_t transport = 14;
        std::vector<std::size_t> headers;  // every boundary, in order
        bool is_ipv4 = false, is_ipv6 = false;
    };
    [[nodiscard]] static Layout layout_of(const Bytes& frame);
    static void walk_extensions(const Bytes& frame, Layout& layout);

    void change(Bytes& frame, const Bytes& other);
    void change_byte(Bytes& frame, const Layout& layout);
    void change_network_field(Bytes& frame, const Layout& layout);
    void change_transport_field(Bytes& frame, const Layout& layout);
    void change_addresses(Bytes& frame, const Layout& layout);
    void resize(Bytes& frame, const Layout& layout);
    void splice(Bytes& frame, const Layout& layout, const Bytes& other);
    void move_bytes(Bytes& frame, const Layout& layout);
    void insert_header(Bytes& frame, const Layout& layout);
    void repair_lengths(Bytes& frame) const;

    void set8(Bytes& frame, std::size_t at, std::uint8_t value);
    void set16(Bytes& frame, std::size_t at, std::uint16_t value);
    [[nodiscard]] std::uint16_t near(std::uint16_t value);
    [[nodiscard]] std::size_t boundary(const Layout& layout);

    RandomSource& random_;
};

}  // namespace portcullis::test
