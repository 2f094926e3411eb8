// SPDX-License-Identifier: Apache-2.0
// Takes a back end's events as they come, on the first CPU, in a thread of its own, as the daemon does.
#pragma once

#include <atomic>
#include <thread>

#include "core/dataplane.h"

namespace portcullis::bench {

class EventConsumer {
   public:
    // Pre: nobody else calls the back end while this lives.
    explicit EventConsumer(Dataplane& dataplane);
    EventConsumer(const EventConsumer&) = delete;
    EventConsumer& operator=(const EventConsumer&) = delete;
    ~EventConsumer();

   private:
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

}  // namespace portcullis::bench
