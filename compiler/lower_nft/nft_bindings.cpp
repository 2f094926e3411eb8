// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_bindings.h"

#include <algorithm>
#include <cstring>

#include "compiler/lower_nft/nft_flow_element.h"
#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

struct Standing {
    std::map<std::uint32_t, const NftElement*> by_ifindex;
    std::uint32_t last = 0;
};

std::uint32_t in_host_order(const NftBytes& bytes) {
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof number));
    return number;
}

Standing look_at(const NftImage& image) {
    Standing standing;
    const NftTable* const bridge = find_table(image, NftFamily::Bridge);
    const NftSet* const map = bridge == nullptr ? nullptr : find_set(*bridge, kNftNumbers);
    for (std::size_t i = 0; map != nullptr && i < map->elements.size(); ++i) {
        const NftElement& element = map->elements[i];
        standing.by_ifindex.emplace(in_host_order(element.from), &element);
        standing.last = std::max(standing.last, nft_number_of(element.data));
    }
    return standing;
}

}  // namespace

NftBindings::NftBindings(const NftImage& standing, const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                         const std::set<std::uint32_t>& renewed) {
    const Standing had = look_at(standing);
    last_ = had.last;
    std::set<std::uint32_t> taken = {0};  // whatever others wrote into the map, no two bindings share a number
    for (const DeviceBinding& device : devices) {
        if (device.kind != DeviceBinding::Kind::Bound) {
            continue;
        }
        const Port& port = ruleset.ports[device.port];
        Binding binding{.number = 0,
                        .comment = nft_name("binding", {port.interface_id, ruleset.zones[port.zone], std::to_string(device.bridge)})};
        const auto former = had.by_ifindex.find(device.ifindex);
        const bool stays =
            former != had.by_ifindex.end() && former->second->comment == binding.comment && !renewed.contains(device.ifindex);
        binding.number = stays && !taken.contains(nft_number_of(former->second->data)) ? nft_number_of(former->second->data) : ++last_;
        taken.insert(binding.number);
        bindings_.emplace(device.ifindex, std::move(binding));
    }
}

std::uint32_t NftBindings::number_of(std::uint32_t ifindex) const {
    const auto at = bindings_.find(ifindex);
    return at == bindings_.end() ? 0 : at->second.number;
}

NftSet NftBindings::map() const {
    NftSet map{.name = kNftNumbers, .kind = NftSet::Kind::DataMap, .key = {NftType::Interface}, .data = NftType::Word};
    map.elements.push_back({.from = nft_ifindex(0), .to = {}, .verdict = {}, .data = nft_u32(last_), .comment = {}});
    for (const auto& [ifindex, binding] : bindings_) {
        map.elements.push_back(
            {.from = nft_ifindex(ifindex), .to = {}, .verdict = {}, .data = nft_u32(binding.number), .comment = binding.comment});
    }
    std::sort(map.elements.begin(), map.elements.end(), [](const NftElement& a, const NftElement& b) { return a.from < b.from; });
    return map;
}

}  // namespace portcullis
