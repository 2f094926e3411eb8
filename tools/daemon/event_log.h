// SPDX-License-Identifier: Apache-2.0
// The last denials: kept in memory for the API, and said in the log as they come.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "core/event.h"

namespace portcullis {

// "eni-1: inbound tcp 192.0.2.1:1234 > 192.0.2.2:22 denied: security_group (sg-1 ingress tcp 22)"
[[nodiscard]] std::string to_line(const Event& event);

class EventLog {
   public:
    static constexpr std::size_t kKept = 1000;
    // Takes them up behind those that are there; the oldest give way.
    void add(std::vector<Event> events);
    [[nodiscard]] const std::deque<Event>& events() const { return events_; }  // oldest first

   private:
    std::deque<Event> events_;
};

}  // namespace portcullis
