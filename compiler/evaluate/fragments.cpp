// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/fragments.h"

namespace portcullis {

FragmentMemory::Key FragmentMemory::key_of(const Passage& passage) {
    constexpr int kRouter = 100;
    const IpPacket& packet = *passage.packet;
    Key key{.direction = passage.direction,
            .source = packet.source,
            .destination = packet.destination,
            .id = packet.fragment_id,
            .protocol = packet.fragment_protocol};
    if (!passage.is_outbound()) {
        key.way = passage.way.is_router ? kRouter : static_cast<int>(passage.way.entrance.kind);
        key.sender_id = passage.way.is_port() ? passage.way.entrance.interface_id : std::string{};
    }
    return key;
}

FragmentMemory::RingKey FragmentMemory::ring_key_of(const Passage& passage) {
    return {passage.port->interface().id, passage.packet->family()};
}

const std::optional<FragmentMemory::Entry>* FragmentMemory::find(const Ring& ring, const Passage& passage) {
    constexpr double kMemorySeconds = 30;
    const Key key = key_of(passage);
    for (const std::optional<Entry>& entry : ring.entries) {
        if (entry && entry->key == key && passage.now_s - entry->admitted_s <= kMemorySeconds) {
            return &entry;
        }
    }
    return nullptr;
}

bool FragmentMemory::follows(const Passage& passage) const {
    const auto ring = rings_.find(ring_key_of(passage));
    return ring != rings_.end() && find(ring->second, passage) != nullptr;
}

void FragmentMemory::settle(const Passage& passage, bool is_admitted) {
    Ring& ring = rings_[ring_key_of(passage)];
    if (const std::optional<Entry>* const known = find(ring, passage)) {
        std::optional<Entry>& entry = ring.entries[static_cast<std::size_t>(known - ring.entries.data())];
        if (is_admitted) {
            entry->admitted_s = passage.now_s;
        } else {
            entry.reset();
        }
        return;
    }
    if (is_admitted) {
        ring.entries[ring.next] = Entry{.key = key_of(passage), .admitted_s = passage.now_s};
        ring.next = (ring.next + 1) % Ring::kEntries;
    }
}

}  // namespace portcullis
