// SPDX-License-Identifier: Apache-2.0
// The netlink socket to nf_tables: sends whole transactions and reads dumps. Belongs to the network namespace of the thread that opened it.
// What it owns (tables with an owner) loses its owner when it closes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/result.h"
#include "fallback/nft_batch.h"

struct mnl_socket;
struct nlmsghdr;

namespace portcullis {

struct NftRefusal {
    std::uint32_t sequence = 0;  // NftBatch::subject_of
    int code = 0;                // errno
};

class NftSocket {
   public:
    [[nodiscard]] static Result<NftSocket> open();

    // Number that changes with every committed transaction of the namespace, whoever wrote it.
    [[nodiscard]] Result<std::uint32_t> generation();

    // Sends `batch` in one piece. Empty: committed. Else nothing of it was, and these are the messages that the kernel refused.
    [[nodiscard]] Result<std::vector<NftRefusal>> commit(NftBatch& batch);

    // A request without attributes yet; `flags` like NLM_F_DUMP.
    [[nodiscard]] nlmsghdr* request(std::uint16_t type, std::uint16_t flags, std::uint8_t family);
    // Sends the last request and hands every answer to `each`. Fails with EINTR where the dump is not of one piece, because somebody wrote
    // meanwhile: to be asked again.
    [[nodiscard]] Result<> ask(const std::function<void(const nlmsghdr*)>& each);

   private:
    struct Closer {
        void operator()(mnl_socket* socket) const noexcept;
    };
    std::unique_ptr<mnl_socket, Closer> socket_;
    std::uint32_t sequence_ = 0;
    std::size_t send_buffer_bytes_ = 0;
    std::vector<std::uint8_t> request_;
    std::vector<std::uint8_t> answers_;
};

// Refusals in a sentence: the first, and how many more.
[[nodiscard]] Error error_of(const NftBatch& batch, const std::vector<NftRefusal>& refusals);

}  // namespace portcullis
