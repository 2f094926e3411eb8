// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bench_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bench.skel.h"
#include "bpf/abi.h"
#include "tests/bench/bench_model.h"
#include "tests/bench/sampling.h"
#include "tests/support/netns.h"

namespace portcullis::bench {
namespace {

constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);  // UAPI of Linux 6.6, newer than the distribution's headers
constexpr std::uint64_t kFewestFlows = 1'024;
constexpr double kNanoseconds = 1e9;

void end_if(bool failed, const char* doing) {
    if (failed) {
        test::end_test_run(doing);
    }
}

// Deletes whatever is in a hash map.
template <class Key, class Value>
void clear(int map) {
    constexpr std::uint32_t kBatch = 4'096;
    std::vector<Key> keys(kBatch);
    std::vector<Value> values(kBatch);
    std::uint32_t position = 0, count = 0;
    bool goes_on = true;
    for (bool is_first = true; goes_on; is_first = false) {
        count = kBatch;
        goes_on = bpf_map_lookup_and_delete_batch(map, is_first ? nullptr : &position, &position, keys.data(), values.data(), &count,
                                                  nullptr) == 0;
    }
    end_if(errno != ENOENT, "clear the benchmark's table");  // ENOENT: that was all
}

}  // namespace

BenchObject::BenchObject(std::uint64_t flows) : object_(bench_bpf__open()) {
    end_if(object_ == nullptr, "open the benchmark's programs");
    const auto entries = static_cast<std::uint32_t>(std::max(flows, kFewestFlows));
    for (bpf_map* map : {object_->maps.bench_flows4, object_->maps.bench_flows6}) {
        end_if(bpf_map__set_max_entries(map, entries) != 0, "size the benchmark's tables");
    }
    end_if(bench_bpf__load(object_) != 0, "load the benchmark's programs");
}
BenchObject::~BenchObject() { bench_bpf__destroy(object_); }

int BenchObject::empty() const { return bpf_program__fd(object_->progs.bench_empty); }
int BenchObject::limit(Family family) const {
    return bpf_program__fd(family == Family::Ipv4 ? object_->progs.bench_limit4 : object_->progs.bench_limit6);
}
int BenchObject::insert(Family family) const {
    return bpf_program__fd(family == Family::Ipv4 ? object_->progs.bench_insert4 : object_->progs.bench_insert6);
}
int BenchObject::prefix_look_up() const { return bpf_program__fd(object_->progs.bench_prefix); }

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
    object_->bss->ends_varied = static_cast<std::uint32_t>(rotation.ends);
    object_->bss->delivered = 0;
    object_->bss->first_flow = rotation.first;
    object_->data->flow_count = rotation.flows;
    object_->data->first_remote = rotation.first_remote;
}

double BenchObject::time_rotating(const ProgramRun& run, std::span<const std::uint8_t> frame, const Rotation& rotation) const {
    const std::uint32_t first = 0;
    end_if(bpf_map_update_elem(bpf_map__fd(object_->maps.bench_target), &first, &run.program_fd, BPF_ANY) != 0,
           "set the program under test");
    begin(rotation);
    ProgramRun wrapped = run;
    wrapped.program_fd = bpf_program__fd(family_of(frame) == Family::Ipv4 ? object_->progs.bench_rotate4 : object_->progs.bench_rotate6);
    return time(wrapped, frame);
}

void BenchObject::fill_limit(std::span<const std::uint8_t> frame, std::uint64_t flows) const {
    (void)time_rotating({.program_fd = insert(family_of(frame)), .repeat = static_cast<std::uint32_t>(flows)}, frame,
                        {.flows = flows});  // for its effect
}

void BenchObject::add_prefix(const Prefix& prefix) const {
    pc_cidr4_key key{.prefixlen = 32U + prefix.length, .policy = 1, .address = 0};
    std::memcpy(&key.address, prefix.address.bytes.data(), sizeof key.address);
    const std::uint32_t value = 1;
    end_if(bpf_map_update_elem(bpf_map__fd(object_->maps.bench_prefixes), &key, &value, BPF_ANY) != 0, "add a prefix");
}

void BenchObject::clear_flows() const {
    clear<pc_flow4_key, pc_flow4>(bpf_map__fd(object_->maps.bench_flows4));
    clear<pc_flow6_key, pc_flow6>(bpf_map__fd(object_->maps.bench_flows6));
}

void BenchObject::generate(const Burst& burst) const {
    constexpr std::uint32_t kBatch = 64;
    xdp_md context{};
    context.data_end = static_cast<std::uint32_t>(burst.frame.size());
    context.ingress_ifindex = burst.ifindex;
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = burst.frame.data();
    options.data_size_in = static_cast<std::uint32_t>(burst.frame.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    options.repeat = static_cast<int>(burst.count);
    options.batch_size = kBatch;
    options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    end_if(bpf_prog_test_run_opts(bpf_program__fd(object_->progs.bench_send), &options) != 0, "send live frames");
}

double BenchObject::send(const Burst& burst) const {
    begin(burst.rotation);
    const volatile __u64& delivered = object_->bss->delivered;  // written by the kernel
    bool is_complete = false;
    const double took = seconds([&] {
        generate(burst);
        is_complete = test::wait_until([&] { return delivered >= burst.count; });
    });
    errno = EIO;
    end_if(!is_complete, "deliver every packet of the live path");
    return took * kNanoseconds / burst.count;
}

BenchObject::Sent BenchObject::send_some(const Burst& burst, const test::DeliveryFence& fence) const {
    constexpr unsigned kPairs = 2;  // that a packet crosses
    begin(burst.rotation);
    const double took = seconds([&] { fence.run([&] { generate(burst); }, kPairs); });
    const volatile __u64& delivered = object_->bss->delivered;  // written by the kernel
    return {.nanoseconds = took * kNanoseconds / burst.count, .delivered = delivered};
}

double BenchObject::send_denied(const Burst& burst, const test::DeliveryFence& fence) const {
    const Sent sent = send_some(burst, fence);
    errno = EIO;
    end_if(sent.delivered != 0, "have packets denied");
    return sent.nanoseconds;
}

void BenchObject::attach_sink(std::uint32_t ifindex) {
    sink_links_.emplace_back(bpf_link_create(bpf_program__fd(object_->progs.bench_sink), static_cast<int>(ifindex), kTcxIngress, nullptr));
    end_if(!sink_links_.back().is_open(), "attach a sink");
}

}  // namespace portcullis::bench
