// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/failing_daemon.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>

#include "core/unique_fd.h"
#include "tests/support/netns.h"

namespace portcullis::test {

LoadedBeforeLibc::LoadedBeforeLibc(const char* module) { (void)::setenv("LD_PRELOAD", module, 1); }
LoadedBeforeLibc::~LoadedBeforeLibc() { (void)::unsetenv("LD_PRELOAD"); }

FailingCalls::FailingCalls(const TemporaryDirectory& directory) {
    const std::string path = directory.path("failing-calls");
    const UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    void* const shared = ::ftruncate(file.value(), sizeof *shared_) == 0
                             ? ::mmap(nullptr, sizeof *shared_, PROT_READ | PROT_WRITE, MAP_SHARED, file.value(), 0)
                             : MAP_FAILED;
    if (shared == MAP_FAILED) {
        end_test_run("share memory with the daemon");
    }
    shared_ = static_cast<failing_calls*>(shared);
    (void)::setenv("PORTCULLIS_FAILING_CALLS", path.c_str(), 1);
}

FailingCalls::~FailingCalls() {
    (void)::unsetenv("PORTCULLIS_FAILING_CALLS");
    (void)::munmap(shared_, sizeof *shared_);
}

void FailingCalls::refuse_bpf(int n, int error) {
    shared_->error = error;
    std::atomic_ref(shared_->bpf_calls_left).store(n);
}

bool FailingCalls::end_refusals() { return std::atomic_ref(shared_->bpf_calls_left).exchange(0) == 0; }

void FailingCalls::lose_an_answer() { std::atomic_ref(shared_->answers_left).store(1); }

bool FailingCalls::has_lost_it() const { return std::atomic_ref(shared_->answers_left).load() == 0; }

void FailingCalls::make_unverifiable(const std::string& program) {
    std::ranges::fill(shared_->unverifiable, '\0');
    program.copy(static_cast<char*>(shared_->unverifiable), sizeof shared_->unverifiable - 1);
}

}  // namespace portcullis::test
