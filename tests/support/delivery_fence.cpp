// SPDX-License-Identifier: Apache-2.0
#include "tests/support/delivery_fence.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace portcullis::test {
namespace {

class OnOneCpu {
   public:
    OnOneCpu() {
        cpu_set_t present;
        CPU_ZERO(&present);
        CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &present);
        if (::sched_getaffinity(0, sizeof former_, &former_) != 0 || ::sched_setaffinity(0, sizeof present, &present) != 0) {
            end_test_run("stay on a CPU");
        }
    }
    OnOneCpu(const OnOneCpu&) = delete;
    OnOneCpu& operator=(const OnOneCpu&) = delete;
    ~OnOneCpu() {
        if (::sched_setaffinity(0, sizeof former_, &former_) != 0) {
            end_test_run("leave a CPU");
        }
    }

   private:
    cpu_set_t former_;
};

}  // namespace

DeliveryFence::DeliveryFence(const NetNamespace& where) {
    const NetNamespace::Entered here = where.enter();
    socket_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&own);
    socklen_t bytes = sizeof own;
    const timeval deadline{.tv_sec = patience(std::chrono::seconds(10)).count(), .tv_usec = 0};
    // Bound to a port of the kernel's choice and connected to itself.
    if (::bind(socket_.value(), address, bytes) != 0 || ::getsockname(socket_.value(), address, &bytes) != 0 ||
        ::connect(socket_.value(), address, bytes) != 0 ||
        ::setsockopt(socket_.value(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline) != 0) {
        end_test_run("open a socket for the fence");
    }
}

void DeliveryFence::run(const std::function<void()>& sending, unsigned pairs) const {
    const OnOneCpu here;
    sending();
    for (unsigned pair = 0; pair < pairs; ++pair) {
        char byte = 0;
        if (::send(socket_.value(), &byte, 1, 0) != 1 || ::recv(socket_.value(), &byte, 1, 0) != 1) {
            end_test_run("wait at the fence");
        }
    }
}

}  // namespace portcullis::test
