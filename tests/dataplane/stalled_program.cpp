// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/stalled_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "stall.skel.h"
#include "tests/support/netns.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

void end_if(bool failed, std::string_view doing) {
    if (failed) {
        end_test_run(doing);
    }
}

void share_maps(bpf_object* object) {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        const std::string name = ::bpf_map__name(map);
        if (name.starts_with("pc_")) {
            const UniqueFd pinned(::bpf_obj_get((PrivateBpffs::directory() + "/maps/" + name).c_str()));
            end_if(!pinned.is_open() || ::bpf_map__reuse_fd(map, pinned.value()) != 0, "share " + name);
        }
    }
}

std::vector<int> numbers_of(const cpu_set_t& set) {
    std::vector<int> cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &set)) {
            cpus.push_back(cpu);
        }
    }
    return cpus;
}

void stay_on(const cpu_set_t& set) { end_if(::sched_setaffinity(0, sizeof set, &set) != 0, "stay on a CPU"); }

void stay_on(int cpu) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    stay_on(only);
}

// The wanted one alone: the verifier takes a second for each.
void choose_program(bpf_object* object, const std::string& name) {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object) {
        end_if(::bpf_program__set_autoload(program, name == ::bpf_program__name(program)) != 0, "choose " + name);
    }
}

std::uint32_t run_program(int program_fd, const StalledRun& run) {
    __sk_buff context{};
    context.ifindex = run.ifindex;
    context.ingress_ifindex = run.ingress_ifindex;
    if (run.request) {
        std::memcpy(context.cb, &*run.request, sizeof *run.request);
    }
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = run.frame.data();
    options.data_size_in = static_cast<std::uint32_t>(run.frame.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    end_if(::bpf_prog_test_run_opts(program_fd, &options) != 0, "run a program that stalls");
    return options.retval;
}

}  // namespace

StalledProgram::StalledProgram(const std::string& name) : name_(name), object_(stall_bpf__open()) {
    end_if(object_ == nullptr, "open the programs that stall");
    choose_program(object_->obj, name);
    share_maps(object_->obj);
    end_if(stall_bpf__load(object_) != 0, "load " + name);
    program_fd_ = ::bpf_program__fd(::bpf_object__find_program_by_name(object_->obj, name.c_str()));
    end_if(::sched_getaffinity(0, sizeof allowed_, &allowed_) != 0, "ask for the CPUs of a thread");
    const std::vector<int> cpus = numbers_of(allowed_);
    errno = EINVAL;
    end_if(cpus.size() < 2, "stall a program, which takes two CPUs");
    stay_on(cpus[0]);
    other_cpu_ = cpus[1];
}

StalledProgram::~StalledProgram() {
    stay_on(allowed_);
    stall_bpf__destroy(object_);
}

std::uint32_t StalledProgram::run(const StalledRun& run, StallAt at, const std::function<void()>& meanwhile) {
    auto& words = *object_->bss;  // shared with the program
    words.is_stalled = words.is_released = words.is_overslept = 0;
    words.passes = at.passes;
    words.stall_at = at.point;
    std::uint32_t verdict = 0;
    std::thread stolen([&] {
        stay_on(other_cpu_);
        verdict = run_program(program_fd_, run);
    });
    const auto deadline = std::chrono::steady_clock::now() + patience(std::chrono::seconds(10));
    errno = ETIMEDOUT;
    while (std::atomic_ref(const_cast<__u32&>(words.is_stalled)).load() == 0) {
        end_if(std::chrono::steady_clock::now() > deadline, "hold " + name_ + " up");
    }
    meanwhile();
    std::atomic_ref(const_cast<__u32&>(words.is_released)).store(1);
    stolen.join();
    errno = ETIMEDOUT;
    end_if(words.is_overslept != 0, "release " + name_ + " in time");
    return verdict;
}

KernelMap StalledProgram::plain_elements() const {
    return KernelMap(UniqueFd(::fcntl(::bpf_map__fd(object_->maps.plain_elements), F_DUPFD_CLOEXEC, 0)));
}

std::uint64_t StalledProgram::plain_value() const { return object_->bss->plain_value; }

}  // namespace portcullis::test
