// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/switch_watch.h"

#include <cstring>
#include <string>

#include "bpf/abi.h"
#include "tests/bench/machine.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::bench {

SwitchWatch::SwitchWatch()
    : host_(test::KernelMap::pinned(test::PrivateBpffs::directory() + "/maps/pc_host")),
      former_(generation()),
      begun_(std::chrono::steady_clock::now()),
      thread_([this] { watch(); }) {}

SwitchWatch::~SwitchWatch() {
    is_over_ = true;
    thread_.join();
}

std::uint32_t SwitchWatch::generation() const {
    pc_host host{};
    std::memcpy(&host, host_.rows(0, 1).data(), sizeof host);
    return host.generation;
}

void SwitchWatch::watch() {
    stay_on_cpu(0);
    while (!is_over_ && generation() == former_) {
    }
    nanoseconds_ = std::chrono::nanoseconds(std::chrono::steady_clock::now() - begun_).count();
}

double SwitchWatch::milliseconds() const {
    constexpr double kNanoseconds = 1e6;
    while (nanoseconds_ == 0) {
    }
    return static_cast<double>(nanoseconds_) / kNanoseconds;
}

}  // namespace portcullis::bench
