// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_closing.h"

#include <memory>
#include <string>
#include <vector>

#include "compiler/lower_nft/lower_nft.h"
#include "fallback/nft_diff.h"
#include "fallback/nft_standing.h"

namespace portcullis {

Result<NftClosing> NftClosing::open(bool owns_tables) {
    auto writer = NftWriter::open(std::string(kNftClosedTable), owns_tables);
    if (!writer) {
        return fail(writer.error());
    }
    return NftClosing(std::move(*writer));
}

Result<std::size_t> NftClosing::close(std::span<const DeviceBinding> devices, NftWriter& main) {
    auto image = std::make_shared<NftImage>();
    if (!devices.empty()) {
        std::vector<DeviceBinding> closed(devices.begin(), devices.end());
        for (DeviceBinding& device : closed) {
            device.kind = DeviceBinding::Kind::Closed;
            device.port = 0;
        }
        *image = lower_nft({}, closed, {}, {});
        std::erase_if(image->tables, [](const NftTable& table) { return table.family == NftFamily::Inet; });  // drops nothing
        for (NftTable& table : image->tables) {
            table.name = kNftClosedTable;
        }
        normalise(*image);
    }
    auto written = writer_.write(image);
    if (!written) {
        return fail(written.error());
    }
    closed_ = devices.empty() ? nullptr : std::move(image);
    if (*written != 0) {
        main.pass_over(writer_);
    }
    return written;
}

Result<> NftClosing::heal(NftWriter& main, Healing& healing) {
    auto drifted = closed_ == nullptr ? Result<bool>(false) : writer_.may_have_drifted();
    if (!drifted) {
        return fail(drifted.error());
    }
    auto healed = *drifted ? writer_.put_back(closed_) : Result<std::vector<std::string>>();
    if (!healed) {
        return fail(healed.error().with_context("cannot put back what was changed in nf_tables"));
    }
    for (std::string& what : *healed) {
        healing.healed.push_back({.what = std::move(what), .kind = Tampering::Kind::Table});
    }
    if (!healed->empty()) {
        main.pass_over(writer_);
    }
    return {};
}

}  // namespace portcullis
