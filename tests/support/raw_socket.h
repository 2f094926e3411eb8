// SPDX-License-Identifier: Apache-2.0
// An AF_PACKET socket on one device: sends whole frames as they are and receives what the device receives (not what is sent on it).
#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/unique_fd.h"
#include "tests/support/netns.h"
#include "tests/support/packet.h"

namespace portcullis::test {

class RawSocket {
   public:
    RawSocket(const NetNamespace& where, const std::string& device);

    // Ends the process when the device does not take the frame. A drop by the device's own egress hook (ENOBUFS) is no failure.
    void send(std::span<const std::uint8_t> frame) const;
    // Of what is sent from now on: the packets' mark in the kernel, not in the frame.
    void set_mark(std::uint32_t mark) const;
    // The next frame that is waiting, with the VLAN tag that the kernel took out put back; none when nothing waits.
    [[nodiscard]] std::optional<Bytes> receive() const;
    // Throws away what is waiting.
    void drain() const;

   private:
    UniqueFd socket_;
    std::string device_;
};

}  // namespace portcullis::test
