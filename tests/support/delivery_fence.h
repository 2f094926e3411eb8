// SPDX-License-Identifier: Apache-2.0
// Tells that frames sent before are delivered or dropped. A frame through a veth is put into its CPU's backlog once for each pair that it
// crosses; that is usually emptied before the sending system call returns, but is left to ksoftirqd where that is late. The fence sends
// datagrams over loopback, which queue behind: when one has come, what was queued before it has been handled.
#pragma once

#include <functional>

#include "core/unique_fd.h"
#include "tests/support/netns.h"

namespace portcullis::test {

class DeliveryFence {
   public:
    explicit DeliveryFence(const NetNamespace& where);
    // Calls `sending` and returns when every frame that it sent has crossed that many veth pairs. The thread stays on one CPU meanwhile,
    // where frames and fence share a queue. A fence that takes ten seconds (`patience`) ends the process.
    void run(const std::function<void()>& sending, unsigned pairs) const;

   private:
    UniqueFd socket_;
};

}  // namespace portcullis::test
