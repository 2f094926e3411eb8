// SPDX-License-Identifier: Apache-2.0
#include "tests/support/prog_run.h"

#include <linux/pkt_cls.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

// UAPI of Linux 6.6, newer than the headers of the distribution.
constexpr std::uint32_t kTcxIngress = 46;
constexpr std::uint32_t kTcxEgress = 47;

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

std::size_t possible_cpus() {
    static const auto count = static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_CONF));
    return count;
}

bool is_per_cpu(std::uint32_t type) {
    return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

}  // namespace

KernelMap::KernelMap(UniqueFd fd) : fd_(std::move(fd)), info_(info_of<bpf_map_info>(fd_)) {}

std::optional<std::vector<std::byte>> KernelMap::value_of(std::span<const std::byte> key) const {
    // The kernel rounds the values of per-CPU maps up to 8 bytes.
    std::vector<std::byte> value(is_per_cpu(info_.type) ? (info_.value_size + 7) / 8 * 8 * possible_cpus() : info_.value_size);
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(fd_.value());
    attributes.key = pointer(key.data());
    attributes.value = pointer(value.data());
    if (bpf(BPF_MAP_LOOKUP_ELEM, attributes) != 0) {
        return std::nullopt;
    }
    return value;
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

std::optional<AttachedProgram> AttachedProgram::at(std::uint32_t ifindex, Direction direction) {
    std::array<std::uint32_t, 16> ids{};
    bpf_attr attributes{};
    attributes.query.target_fd = ifindex;  // the kernel's name for it is target_ifindex
    attributes.query.attach_type = direction == Direction::Outbound ? kTcxIngress : kTcxEgress;
    attributes.query.prog_ids = pointer(ids.data());
    attributes.query.prog_cnt = ids.size();
    if (bpf(BPF_PROG_QUERY, attributes) != 0) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(attributes.query.prog_cnt, ids.size()); ++i) {
        UniqueFd fd = program_by_id(ids[i]);
        if (fd.is_open() && std::string_view(info_of<bpf_prog_info>(fd).name).starts_with("pc_")) {
            return AttachedProgram(std::move(fd));
        }
    }
    return std::nullopt;
}

std::uint32_t AttachedProgram::id() const { return info_of<bpf_prog_info>(fd_).id; }
bool AttachedProgram::exists(std::uint32_t id) { return program_by_id(id).is_open(); }

std::uint32_t AttachedProgram::run(std::span<const std::uint8_t> frame, std::uint32_t ifindex, std::uint32_t ingress_ifindex) const {
    __sk_buff context{};
    context.ifindex = ifindex;
    context.ingress_ifindex = ingress_ifindex;
    bpf_attr attributes{};
    attributes.test.prog_fd = static_cast<std::uint32_t>(fd_.value());
    attributes.test.data_in = pointer(frame.data());
    attributes.test.data_size_in = static_cast<std::uint32_t>(frame.size());
    attributes.test.ctx_in = pointer(&context);
    attributes.test.ctx_size_in = sizeof context;
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
