// SPDX-License-Identifier: Apache-2.0
// A tap device as a hypervisor holds it: what is written to its descriptor is what the instance sends. Each frame has a virtio_net_hdr in
// front, by which an instance hands over segments that are still to be cut, and checksums that are still to be computed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/unique_fd.h"
#include "tests/support/netns.h"
#include "tests/support/packet.h"

namespace portcullis::test {

// struct virtio_net_hdr of linux/virtio_net.h, which is no C++: host order.
struct VirtioHeader {
    static constexpr std::uint8_t kNeedsChecksum = 1;              // flags
    static constexpr std::uint8_t kTcp4 = 1, kUdp = 3, kTcp6 = 4;  // segmentation
    std::uint8_t flags = 0;
    std::uint8_t segmentation = 0;
    std::uint16_t header_length = 0;
    std::uint16_t segment_size = 0;
    std::uint16_t checksum_start = 0, checksum_offset = 0;
};
static_assert(sizeof(VirtioHeader) == 10);

class TapPort {
   public:
    // Makes the device, of that number (0: any); it goes when this does.
    TapPort(const NetNamespace& where, const std::string& device, std::uint32_t ifindex = 0);

    // Ends the process when the device does not take the frame.
    void send(std::span<const std::uint8_t> frame, const VirtioHeader& header = {}) const;
    // The next frame for the instance, whole, without its header; none when nothing waits.
    [[nodiscard]] std::optional<Bytes> receive() const;
    void drain() const;

   private:
    UniqueFd tap_;
    std::string device_;
};

}  // namespace portcullis::test
