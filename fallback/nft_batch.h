// SPDX-License-Identifier: Apache-2.0
// The netlink messages of one transaction, one behind the other, and what each is about, so that a refusal can be told in words. Filled by
// nft_encode.h, sent by nft_socket.h; nothing in it touches the kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct nlmsghdr;

namespace portcullis {

// What a message is about. The names are views: the images that they come from outlive the batch.
struct NftSubject {
    const char* verb = "";  // "add rule"
    const char* family = "";
    std::string_view table;
    std::string_view name;      // of the chain or set; empty: the table itself
    std::size_t position = 0;   // rules: counted from 1; elements: of the first in the message; 0: none
    bool is_of_device = false;  // a base chain that hooks a device
    [[nodiscard]] std::string text() const;
};

class NftBatch {
   public:
    // A transaction that the kernel refuses (ERESTART) unless its generation still is this one.
    explicit NftBatch(std::uint32_t generation);

    // A message of `type` (NFT_MSG_*), to which attributes are added until the next call. Room for 64 KiB and more is behind it.
    [[nodiscard]] nlmsghdr* add(std::uint16_t type, std::uint16_t flags, std::uint8_t family, const NftSubject& subject);
    // To be called when the message is complete.
    void close(const nlmsghdr* message);

    [[nodiscard]] bool is_empty() const { return subjects_.empty(); }
    [[nodiscard]] std::size_t count() const { return subjects_.size(); }

    // The bytes to send; the last message asks for an acknowledgement. Nothing can be added any more.
    [[nodiscard]] const std::vector<std::uint8_t>& finish();
    // Sequence numbers: 0 is the batch as such, then messages count from 1.
    [[nodiscard]] std::string subject_of(std::uint32_t sequence) const;
    [[nodiscard]] const NftSubject* find_subject(std::uint32_t sequence) const;

   private:
    void reserve();
    std::vector<std::uint8_t> bytes_;
    std::size_t used_ = 0;
    std::size_t last_ = 0;
    std::vector<NftSubject> subjects_;
};

}  // namespace portcullis
