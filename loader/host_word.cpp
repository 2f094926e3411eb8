// SPDX-License-Identifier: Apache-2.0
#include "loader/host_word.h"

#include <sys/mman.h>
#include <sys/random.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <utility>

namespace portcullis {
namespace {

// False: errno says why.
template <class T>
bool fill_randomly(T& value) {
    return ::getrandom(&value, sizeof value, 0) == sizeof value;
}

std::uint64_t nanoseconds(const timespec& time) {
    constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
    return static_cast<std::uint64_t>(time.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

// The resolution of the coarse clock is a jiffy (kernel/time/posix-timers.c, posix_get_coarse_res). Neither call can fail for this clock.
void set_clock(pc_host& row, std::uint64_t jiffies) {
    timespec jiffy{};
    timespec now{};
    (void)::clock_getres(CLOCK_MONOTONIC_COARSE, &jiffy);
    (void)::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    row.jiffy_ns = nanoseconds(jiffy);
    row.clock_base = nanoseconds(now) - jiffies * row.jiffy_ns;
}

}  // namespace

Result<HostWord> HostWord::open(UniqueFd map, std::uint32_t flow_reserve, std::uint64_t jiffies) {
    void* const memory = ::mmap(nullptr, sizeof(pc_host), PROT_READ | PROT_WRITE, MAP_SHARED, map.value(), 0);
    if (memory == MAP_FAILED) {
        return fail(Error::from_errno("cannot map pc_host", errno));
    }
    HostWord word(static_cast<pc_host*>(memory));
    if (word.row_->abi_version != 0) {
        word.forget_devices();  // a former daemon may have ended between the two
        return word;
    }
    set_clock(*word.row_, jiffies);
    word.row_->device_version = 1;  // rows of the cache are 0
    word.row_->flow_reserve = flow_reserve;
    if (!fill_randomly(word.row_->tag_seed)) {
        return fail(Error::from_errno("cannot get random bytes for pc_host", errno));
    }
    while (word.row_->answer_mark == 0) {
        if (!fill_randomly(word.row_->answer_mark)) {
            return fail(Error::from_errno("cannot get random bytes for pc_host", errno));
        }
    }
    word.row_->abi_version = PC_ABI_VERSION;  // last: it is filled in
    return word;
}

HostWord::HostWord(HostWord&& other) noexcept : row_(std::exchange(other.row_, nullptr)) {}
HostWord& HostWord::operator=(HostWord&& other) noexcept {
    std::swap(row_, other.row_);
    return *this;
}
HostWord::~HostWord() {
    if (row_ != nullptr) {
        (void)::munmap(row_, sizeof(pc_host));  // cannot fail for a mapping of ours
    }
}

std::uint32_t HostWord::generation() const { return std::atomic_ref(row_->generation).load(std::memory_order_relaxed); }

void HostWord::advance() { std::atomic_ref(row_->generation).store(generation() + 1, std::memory_order_release); }

void HostWord::forget_devices() {
    const std::atomic_ref version(row_->device_version);
    version.store(version.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void HostWord::lend_fast_path(std::uint32_t until) { std::atomic_ref(row_->fast_path_until).store(until, std::memory_order_relaxed); }

void HostWord::share_flows(std::uint32_t entries) { std::atomic_ref(row_->flow_shared).store(entries, std::memory_order_relaxed); }

}  // namespace portcullis
