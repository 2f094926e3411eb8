// SPDX-License-Identifier: Apache-2.0
#include "tests/support/prog_run.h"

#include <linux/pkt_cls.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <string>

#include "tests/support/filters.h"
#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

// UAPI of Linux 6.6, newer than the headers of the distribution.
constexpr std::uint32_t kTcxIngress = 46;
constexpr std::uint32_t kTcxEgress = 47;

// Of a frame by our programs, in bytes.
constexpr std::size_t kMostGrowth = 256;

long bpf(bpf_cmd command, bpf_attr& attributes) { return ::syscall(__NR_bpf, command, &attributes, sizeof attributes); }

template <class T>
std::uint64_t pointer(T* to) {
    return reinterpret_cast<std::uint64_t>(to);
}

template <class Info>
Info info_of(const UniqueFd& fd, Info info = {}) {
    bpf_attr attributes{};
    attributes.info.bpf_fd = static_cast<std::uint32_t>(fd.value());
    attributes.info.info_len = sizeof info;
    attributes.info.info = pointer(&info);
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0) {
        end_test_run("read the description of a BPF object");
    }
    return info;
}

UniqueFd program_by_id(std::uint32_t id) {
    bpf_attr attributes{};
    attributes.prog_id = id;
    return UniqueFd(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, attributes)));
}

UniqueFd open_pinned_link(const std::string& path) {
    bpf_attr attributes{};
    attributes.pathname = pointer(path.c_str());
    UniqueFd link(static_cast<int>(bpf(BPF_OBJ_GET, attributes)));
    if (!link.is_open()) {
        end_test_run("open the pinned link " + path);
    }
    return link;
}

// Ids, in the order in which the kernel runs them; none on kernels without tcx.
std::vector<std::uint32_t> tcx_programs(std::uint32_t ifindex, Direction direction) {
    std::vector<std::uint32_t> ids(16);
    bpf_attr attributes{};
    attributes.query.target_fd = ifindex;  // the kernel's name for it is target_ifindex
    attributes.query.attach_type = direction == Direction::Outbound ? kTcxIngress : kTcxEgress;
    attributes.query.prog_ids = pointer(ids.data());
    attributes.query.prog_cnt = static_cast<std::uint32_t>(ids.size());
    const bool is_answered = bpf(BPF_PROG_QUERY, attributes) == 0;
    ids.resize(is_answered ? std::min<std::size_t>(attributes.query.prog_cnt, ids.size()) : 0);
    return ids;
}

std::size_t possible_cpus() {
    static const auto count = static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_CONF));
    return count;
}

bool is_per_cpu(std::uint32_t type) {
    return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

}  // namespace

KernelMap::KernelMap(UniqueFd fd) : fd_(std::move(fd)), info_(info_of<bpf_map_info>(fd_)) {}

KernelMap KernelMap::pinned(const std::string& path) {
    bpf_attr attributes{};
    attributes.pathname = pointer(path.c_str());
    UniqueFd fd(static_cast<int>(bpf(BPF_OBJ_GET, attributes)));
    if (!fd.is_open()) {
        end_test_run("open the pinned map " + path);
    }
    return KernelMap(std::move(fd));
}

KernelMap KernelMap::by_id(std::uint32_t id) {
    bpf_attr attributes{};
    attributes.map_id = id;
    UniqueFd fd(static_cast<int>(bpf(BPF_MAP_GET_FD_BY_ID, attributes)));
    if (!fd.is_open()) {
        end_test_run("open the map of number " + std::to_string(id));
    }
    return KernelMap(std::move(fd));
}

// The kernel rounds the values of per-CPU maps up to 8 bytes.
std::size_t KernelMap::value_bytes() const {
    return is_per_cpu(info_.type) ? (info_.value_size + 7) / 8 * 8 * possible_cpus() : info_.value_size;
}

std::optional<std::vector<std::byte>> KernelMap::value_of(std::span<const std::byte> key) const {
    std::vector<std::byte> value(value_bytes());
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(fd_.value());
    attributes.key = pointer(key.data());
    attributes.value = pointer(value.data());
    if (bpf(BPF_MAP_LOOKUP_ELEM, attributes) != 0) {
        return std::nullopt;
    }
    return value;
}

std::vector<std::byte> KernelMap::rows(std::uint32_t first, std::uint32_t count) const {
    std::vector<std::byte> values(count * value_bytes());
    std::vector<std::uint32_t> keys(count);
    std::uint32_t before = first - 1;
    std::uint32_t last = 0;
    bpf_attr attributes{};
    attributes.batch.map_fd = static_cast<std::uint32_t>(fd_.value());
    attributes.batch.in_batch = first == 0 ? 0 : pointer(&before);
    attributes.batch.out_batch = pointer(&last);
    attributes.batch.keys = pointer(keys.data());
    attributes.batch.values = pointer(values.data());
    attributes.batch.count = count;
    // ENOENT: these were the array's last rows.
    if ((bpf(BPF_MAP_LOOKUP_BATCH, attributes) != 0 && errno != ENOENT) || attributes.batch.count != count) {
        end_test_run("read rows of a BPF map");
    }
    return values;
}

std::vector<std::vector<std::byte>> KernelMap::keys() const {
    std::vector<std::vector<std::byte>> found;
    std::vector<std::byte> next(info_.key_size);
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(fd_.value());
    attributes.next_key = pointer(next.data());
    while (bpf(BPF_MAP_GET_NEXT_KEY, attributes) == 0) {
        found.push_back(next);
        attributes.key = pointer(found.back().data());
    }
    return found;
}

void KernelMap::update(std::span<const std::byte> key, std::span<const std::byte> value) const {
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(fd_.value());
    attributes.key = pointer(key.data());
    attributes.value = pointer(value.data());
    attributes.flags = BPF_ANY;
    if (bpf(BPF_MAP_UPDATE_ELEM, attributes) != 0) {
        end_test_run("write to a BPF map");
    }
}

void KernelMap::remove(std::span<const std::byte> key) const {
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(fd_.value());
    attributes.key = pointer(key.data());
    if (bpf(BPF_MAP_DELETE_ELEM, attributes) != 0) {
        end_test_run("delete from a BPF map");
    }
}

void KernelMap::clear() const {
    for (const std::vector<std::byte>& key : keys()) {
        bpf_attr attributes{};
        attributes.map_fd = static_cast<std::uint32_t>(fd_.value());
        attributes.key = pointer(key.data());
        if (bpf(BPF_MAP_DELETE_ELEM, attributes) != 0 && errno != ENOENT) {
            end_test_run("clear a BPF map");
        }
    }
}

void KernelMap::drain() const {
    std::vector<std::byte> value(value_bytes());
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(fd_.value());
    attributes.value = pointer(value.data());
    while (bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM, attributes) == 0) {
    }
    if (errno != ENOENT) {
        end_test_run("drain a queue of BPF");
    }
}

bool is_taken_by_test_run(std::span<const std::uint8_t> frame) {
    if (frame.size() < 14) {
        return false;
    }
    const unsigned type = static_cast<unsigned>(frame[12] << 8 | frame[13]);
    const std::size_t ip_header = type == 0x0800 ? 20 : (type == 0x86dd ? 40 : 0);
    return frame.size() >= 14 + ip_header;
}

std::optional<AttachedProgram> AttachedProgram::at(std::uint32_t ifindex, Direction direction) {
    std::vector<std::uint32_t> ids = tcx_programs(ifindex, direction);
    std::ranges::copy(filter_programs(ifindex, direction), std::back_inserter(ids));
    for (const std::uint32_t id : ids) {
        UniqueFd fd = program_by_id(id);
        if (fd.is_open() && std::string_view(info_of<bpf_prog_info>(fd).name).starts_with("pc_")) {
            return AttachedProgram(std::move(fd));
        }
    }
    return std::nullopt;
}

std::uint32_t pinned_link_id(const std::string& path) { return info_of<bpf_link_info>(open_pinned_link(path)).id; }

AttachedProgram AttachedProgram::of_link(const std::string& path) {
    const UniqueFd link = open_pinned_link(path);
    UniqueFd program = program_by_id(info_of<bpf_link_info>(link).prog_id);
    if (!program.is_open()) {
        end_test_run("open the program of the link " + path);
    }
    return AttachedProgram(std::move(program));
}

std::uint32_t AttachedProgram::id() const { return info_of<bpf_prog_info>(fd_).id; }
bool AttachedProgram::exists(std::uint32_t id) { return program_by_id(id).is_open(); }

std::uint32_t AttachedProgram::run(std::span<const std::uint8_t> frame, std::uint32_t ifindex, std::uint32_t ingress_ifindex) const {
    __sk_buff context{};
    context.ifindex = ifindex;
    context.ingress_ifindex = ingress_ifindex;
    return run_in(frame, std::as_writable_bytes(std::span(&context, 1)));
}

AttachedProgram::Outcome AttachedProgram::outcome_of(std::span<const std::uint8_t> frame, const Run& run) const {
    __sk_buff context{};
    context.ifindex = run.ifindex;
    context.ingress_ifindex = run.ingress_ifindex;
    context.mark = run.mark;
    context.gso_size = run.gso_size;
    context.gso_segs = run.gso_segs;
    Outcome outcome{.frame = std::vector<std::uint8_t>(frame.size() + kMostGrowth)};
    bpf_attr attributes{};
    attributes.test.prog_fd = static_cast<std::uint32_t>(fd_.value());
    attributes.test.data_in = pointer(frame.data());
    attributes.test.data_size_in = static_cast<std::uint32_t>(frame.size());
    attributes.test.data_out = pointer(outcome.frame.data());
    attributes.test.data_size_out = static_cast<std::uint32_t>(outcome.frame.size());
    attributes.test.ctx_in = attributes.test.ctx_out = pointer(&context);
    attributes.test.ctx_size_in = attributes.test.ctx_size_out = sizeof context;
    if (bpf(BPF_PROG_TEST_RUN, attributes) != 0) {
        end_test_run("run a program on a frame of " + std::to_string(frame.size()) + " bytes");
    }
    outcome.code = attributes.test.retval;
    outcome.mark = context.mark;
    outcome.gso_segs = context.gso_segs;
    outcome.frame.resize(attributes.test.data_size_out);
    return outcome;
}

std::uint32_t AttachedProgram::run_xdp(std::span<const std::uint8_t> frame, std::uint32_t ifindex) const {
    xdp_md context{};
    context.data_end = static_cast<std::uint32_t>(frame.size());
    context.ingress_ifindex = ifindex;
    return run_in(frame, std::as_writable_bytes(std::span(&context, 1)));
}

std::uint32_t AttachedProgram::run_in(std::span<const std::uint8_t> frame, std::span<std::byte> context) const {
    bpf_attr attributes{};
    attributes.test.prog_fd = static_cast<std::uint32_t>(fd_.value());
    attributes.test.data_in = pointer(frame.data());
    attributes.test.data_size_in = static_cast<std::uint32_t>(frame.size());
    attributes.test.ctx_in = pointer(context.data());
    attributes.test.ctx_size_in = static_cast<std::uint32_t>(context.size());
    if (bpf(BPF_PROG_TEST_RUN, attributes) != 0) {
        end_test_run("run a program on a frame of " + std::to_string(frame.size()) + " bytes");
    }
    return attributes.test.retval;
}

KernelMap AttachedProgram::map(std::string_view name) const {
    std::array<std::uint32_t, 64> ids{};
    bpf_prog_info wanted{};
    wanted.nr_map_ids = ids.size();
    wanted.map_ids = pointer(ids.data());
    const bpf_prog_info info = info_of(fd_, wanted);
    for (std::size_t i = 0; i < std::min<std::size_t>(info.nr_map_ids, ids.size()); ++i) {
        bpf_attr attributes{};
        attributes.map_id = ids[i];
        KernelMap map(UniqueFd(static_cast<int>(bpf(BPF_MAP_GET_FD_BY_ID, attributes))));
        if (name == map.info().name) {
            return map;
        }
    }
    errno = ENOENT;
    end_test_run("find the map " + std::string(name));
}

}  // namespace portcullis::test
