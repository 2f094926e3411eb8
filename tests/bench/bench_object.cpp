// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bench_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <chrono>

#include "bench.skel.h"
#include "bpf/abi.h"
#include "tests/support/netns.h"

namespace portcullis::bench {
namespace {

constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);  // UAPI of Linux 6.6, newer than the distribution's headers

void end_if(bool failed, const char* doing) {
    if (failed) {
        test::end_test_run(doing);
    }
}

}  // namespace

BenchObject::BenchObject() : object_(bench_bpf__open_and_load()) { end_if(object_ == nullptr, "load the benchmark's programs"); }
BenchObject::~BenchObject() { bench_bpf__destroy(object_); }

int BenchObject::empty() const { return bpf_program__fd(object_->progs.bench_empty); }
int BenchObject::limit() const { return bpf_program__fd(object_->progs.bench_limit); }
int BenchObject::insert() const { return bpf_program__fd(object_->progs.bench_insert); }
int BenchObject::sink() const { return bpf_program__fd(object_->progs.bench_sink); }

double BenchObject::time(const ProgramRun& run, std::span<const std::uint8_t> frame) const {
    __sk_buff context{};
    context.ifindex = run.ifindex;
    context.ingress_ifindex = run.ingress_ifindex;
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<std::uint32_t>(frame.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    options.repeat = static_cast<int>(run.repeat);
    end_if(bpf_prog_test_run_opts(run.program_fd, &options) != 0, "run the program under test");
    return options.duration;
}

void BenchObject::begin(const Rotation& rotation) const {
    object_->bss->runs = 0;
    object_->bss->is_answer = rotation.is_answer ? 1 : 0;
    object_->data->flow_count = rotation.flows;
}

double BenchObject::time_rotating(const ProgramRun& run, std::span<const std::uint8_t> frame, const Rotation& rotation) const {
    const std::uint32_t first = 0;
    end_if(bpf_map_update_elem(bpf_map__fd(object_->maps.bench_target), &first, &run.program_fd, BPF_ANY) != 0,
           "set the program under test");
    begin(rotation);
    ProgramRun wrapped = run;
    wrapped.program_fd = bpf_program__fd(object_->progs.bench_rotate);
    return time(wrapped, frame);
}

void BenchObject::generate(std::uint32_t ifindex, std::span<const std::uint8_t> frame, std::uint32_t count) const {
    constexpr std::uint32_t kBatch = 64;
    xdp_md context{};
    context.data_end = static_cast<std::uint32_t>(frame.size());
    context.ingress_ifindex = ifindex;
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<std::uint32_t>(frame.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    options.repeat = static_cast<int>(count);
    options.batch_size = kBatch;
    options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    end_if(bpf_prog_test_run_opts(bpf_program__fd(object_->progs.bench_send), &options) != 0, "send live frames");
}

double BenchObject::send(std::uint32_t ifindex, std::span<const std::uint8_t> frame, const Rotation& rotation, std::uint32_t count) const {
    begin(rotation);
    object_->bss->delivered = 0;
    const volatile __u64& delivered = object_->bss->delivered;  // written by the kernel
    const auto begin = std::chrono::steady_clock::now();
    generate(ifindex, frame, count);
    const bool is_complete = test::wait_until([&] { return delivered >= count; });
    const auto end = std::chrono::steady_clock::now();
    errno = EIO;
    end_if(!is_complete, "deliver every packet of the live path");
    return std::chrono::duration<double, std::nano>(end - begin).count() / count;
}

double BenchObject::send_denied(std::uint32_t ifindex, std::span<const std::uint8_t> frame, const Rotation& rotation,
                                std::uint32_t count) const {
    begin(rotation);
    object_->bss->delivered = 0;
    const volatile __u64& delivered = object_->bss->delivered;  // written by the kernel
    const auto begin = std::chrono::steady_clock::now();
    generate(ifindex, frame, count);
    const auto end = std::chrono::steady_clock::now();
    errno = EIO;
    end_if(delivered != 0, "have packets denied");
    return std::chrono::duration<double, std::nano>(end - begin).count() / count;
}

void BenchObject::fill_limit(std::span<const std::uint8_t> frame, std::uint64_t flows) const {
    (void)time_rotating({.program_fd = insert(), .repeat = static_cast<std::uint32_t>(flows)}, frame, {.flows = flows});  // for its effect
}

void BenchObject::clear_flows() const {
    const int map = bpf_map__fd(object_->maps.bench_flows);
    pc_flow4_key key{};
    bool is_found = bpf_map_get_next_key(map, nullptr, &key) == 0;
    while (is_found) {
        // The next key first: the kernel starts over from a key that is gone.
        pc_flow4_key next{};
        is_found = bpf_map_get_next_key(map, &key, &next) == 0;
        end_if(bpf_map_delete_elem(map, &key) != 0, "clear the benchmark's table");
        key = next;
    }
}

void BenchObject::attach_sink(std::uint32_t ifindex) {
    sink_links_.emplace_back(bpf_link_create(sink(), static_cast<int>(ifindex), kTcxIngress, nullptr));
    end_if(!sink_links_.back().is_open(), "attach a sink");
}

}  // namespace portcullis::bench
