// SPDX-License-Identifier: Apache-2.0
// The ring of denials, pc_events: records of the programs -> events with names.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "bpf/abi.h"
#include "compiler/lower_bpf/numbering.h"
#include "core/event.h"
#include "core/result.h"
#include "core/unique_fd.h"
#include "loader/bpf_object.h"
#include "loader/host_image.h"

struct ring_buffer;

namespace portcullis {

// What the numbers in a record mean now.
struct EventNames {
    const HostImage& in_force;
    const Numbering& rules;
};
[[nodiscard]] Event event_of(const pc_event& record, const EventNames& names);

class EventRing {
   public:
    [[nodiscard]] static Result<EventRing> open(const BpfObject& object);
    // Readable when there are records.
    [[nodiscard]] int fd() const;
    // Everything that is there, oldest first.
    [[nodiscard]] Result<std::vector<Event>> take(const EventNames& names);

   private:
    struct Free {
        void operator()(ring_buffer* ring) const;
    };
    explicit EventRing(UniqueFd map) : map_(std::move(map)) {}
    UniqueFd map_;
    std::unique_ptr<std::vector<pc_event>> records_ = std::make_unique<std::vector<pc_event>>();  // where libbpf's callback puts them
    std::unique_ptr<ring_buffer, Free> ring_;
};

}  // namespace portcullis
