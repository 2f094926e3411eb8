// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_flow_ends.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "fallback/nft_decode.h"
#include "fallback/nft_objects.h"
#include "fallback/nft_readback.h"

namespace portcullis {
namespace {

// An element can be gone by itself between reading and deleting it, and others can write.
constexpr int kMostAttempts = 100;

const NftTable* find_bridge(const NftImage& image) {
    const auto found =
        std::find_if(image.tables.begin(), image.tables.end(), [](const NftTable& table) { return table.family == NftFamily::Bridge; });
    return found == image.tables.end() ? nullptr : &*found;
}

Result<std::vector<NftElement>> over_in(NftSocket& socket, const NftTable& table, const NftSet& set, const NftEnds& ends) {
    NftElementDecoder decoder(set);
    auto read = for_each_element(socket, {.family = table.family, .name = table.name}, set.name,
                                 [&](nftnl_set_elem& element) { decoder.add(element); });
    if (!read) {
        return fail(read.error());
    }
    std::vector<NftElement> elements = std::move(decoder).take();
    std::erase_if(elements, [&](const NftElement& element) { return !ends.is_over(set.name, element); });
    return elements;
}

// All that is over; EINTR where it could not be read in one piece.
Result<std::vector<NftElementEnd>> find_over(NftSocket& socket, const NftTable& table, const NftEnds& ends) {
    std::vector<NftElementEnd> over;
    for (const std::string& name : ends.asked()) {
        const auto set = std::lower_bound(table.sets.begin(), table.sets.end(), name,
                                          [](const NftSet& one, const std::string& wanted) { return one.name < wanted; });
        if (set == table.sets.end() || set->name != name) {
            continue;
        }
        auto elements = over_in(socket, table, *set, ends);
        if (!elements) {
            return fail(elements.error().with_context("cannot read " + name));
        }
        if (!elements->empty()) {
            over.push_back({.family = table.family, .set = &*set, .elements = std::move(*elements)});
        }
    }
    return over;
}

}  // namespace

Result<std::size_t> end_flows(NftWriter& writer, const NftImage& image, const NftEnds& ends) {
    const NftTable* bridge = find_bridge(image);
    for (int i = 0; bridge != nullptr && i < kMostAttempts; ++i) {
        auto over = find_over(writer.socket(), *bridge, ends);
        if (!over && over.error().code == EINTR) {
            continue;
        }
        if (!over) {
            return fail(over.error());
        }
        auto deleted = writer.delete_elements(*over);
        if (!deleted) {
            return fail(deleted.error().with_context("cannot end flows"));
        }
        if (*deleted) {
            std::size_t count = 0;
            for (const NftElementEnd& end : *over) {
                count += end.elements.size();
            }
            return count;
        }
    }
    return bridge == nullptr ? Result<std::size_t>(0) : fail("cannot end flows: others keep changing nf_tables", EBUSY);
}

}  // namespace portcullis
