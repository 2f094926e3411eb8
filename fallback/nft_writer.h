// SPDX-License-Identifier: Apache-2.0
// Makes the kernel hold an image, whatever it held before: looks, writes what is new and led to by nothing, then the rest of the difference
// in one transaction, by which it takes effect, and begins anew as often as others wrote in between. What it knows of the kernel counts
// only for the generation that it was read in or written to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "core/result.h"
#include "fallback/nft_diff.h"
#include "fallback/nft_readback.h"
#include "fallback/nft_socket.h"

namespace portcullis {

// A dynamic set whose elements, what packets left there, end with a change.
struct NftStateEnd {
    NftFamily family = NftFamily::Bridge;
    std::string set;
};

// What becomes of some of its elements: `gone` go, those in `fresh` come, in place of such a one or anew.
struct NftElementChange {
    NftFamily family = NftFamily::Bridge;
    const NftSet* set = nullptr;
    std::vector<NftElement> gone, fresh;
};

class NftWriter {
   public:
    // `owns_tables`: as NftDataplaneOptions.
    [[nodiscard]] static Result<NftWriter> open(std::string table, bool owns_tables);

    // Returns what was written; 0: all was there already. Failure: nothing was that has an effect. Base chains of devices that are not
    // there are left out. `image` is normal (nft_diff.h) and shared, since it is large. `ends` that the kernel or the image does not have
    // are passed over.
    [[nodiscard]] Result<std::size_t> write(const std::shared_ptr<const NftImage>& image, const std::vector<NftStateEnd>& ends = {});

    // The same, for what others changed since the last write. Returns what that was, a sentence for each of our tables.
    [[nodiscard]] Result<std::vector<std::string>> put_back(const std::shared_ptr<const NftImage>& image);

    // Changes what packets left, in one transaction. False: something of it is not there any more, so nothing was; it is to be read anew.
    [[nodiscard]] Result<bool> change_elements(const std::vector<NftElementChange>& changes);

    // Whether somebody else may have changed something since the last write.
    [[nodiscard]] Result<bool> may_have_drifted();

    // What the kernel has now. Valid until the next call.
    [[nodiscard]] Result<const NftImage*> standing();

    // The same, read from the kernel whoever wrote.
    [[nodiscard]] Result<const NftImage*> read_again();

    // Another writer of this process wrote, and what this one knows still holds if nobody else wrote before.
    void pass_over(const NftWriter& other);

    [[nodiscard]] NftSocket& socket() { return socket_; }

   private:
    NftWriter(NftSocket socket, std::string table, std::uint32_t flags)
        : socket_(std::move(socket)), table_(std::move(table)), flags_(flags) {}

    [[nodiscard]] Result<> look();
    [[nodiscard]] Result<> look_at_devices();
    [[nodiscard]] bool is_ours_alone() const;
    [[nodiscard]] Result<std::optional<std::size_t>> attempt(const NftImage& image, const std::vector<NftStateEnd>& ends);
    void give_up(const std::shared_ptr<const NftImage>& former);
    void note_written(const std::vector<NftTableDiff>& diffs, const std::set<NftFamily>& adopted);
    [[nodiscard]] Result<std::optional<std::size_t>> after_refusal(const NftBatch& batch, const std::vector<NftRefusal>& refusals);
    [[nodiscard]] std::shared_ptr<const NftImage> without_absent(const std::shared_ptr<const NftImage>& image) const;

    NftSocket socket_;
    std::string table_;
    std::uint32_t flags_ = 0;          // that tables of ours are to have
    std::vector<std::string> absent_;  // base chains of devices that are not there, while one image is written
    bool is_known_ = false;
    std::uint32_t generation_ = 0;
    std::uint32_t written_over_ = 0;  // generation before the last write
    std::shared_ptr<const NftImage> standing_;
    std::map<NftFamily, std::uint32_t> standing_flags_;
    std::set<NftFamily> held_;  // tables that we own
};

}  // namespace portcullis
