// SPDX-License-Identifier: Apache-2.0
#include "loader/bpf_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <map>
#include <vector>

#include "loader/build_stamp.h"
#include "loader/flow_shards.h"
#include "loader/map_sizes.h"
#include "loader/verifier_log.h"
#include "tc.skel.h"

namespace portcullis {
namespace {

constexpr std::array<const char*, 3> kMapsOfMaps = {"pc_flows4", "pc_flows6", "pc_half_open"};

constexpr const char* kEnterProgram = "pc_enter_instance";

// What the programs that judge packets read and never write. A map that is not named here is one of its own for each copy.
constexpr std::array<std::string_view, 22> kReadMaps = {
    "pc_host",       "pc_devices",        "pc_ports",   "pc_addresses4", "pc_addresses6", "pc_members4",    "pc_members6",  "pc_owners",
    "pc_interfaces", "pc_policies",       "pc_cidrs4",  "pc_cidrs6",     "pc_group_sets", "pc_set_heads",   "pc_port_sets", "pc_services",
    "pc_macs",       "pc_host_addresses", "pc_tunnels", "pc_departed4",  "pc_departed6",  "pc_fast_devices"};

// What the rows of a map of maps name. Sizes may differ from row to row.
struct InnerKind {
    bpf_map_type type = BPF_MAP_TYPE_UNSPEC;
    std::uint32_t key_bytes = 0;
    std::uint32_t value_bytes = 0;
};
using InnerKinds = std::map<std::string, InnerKind, std::less<>>;

// Pre: not loaded yet, since libbpf forgets them then.
Result<InnerKinds> inner_kinds(bpf_object* object) {
    InnerKinds kinds;
    for (const char* name : kMapsOfMaps) {
        bpf_map* outer = ::bpf_object__find_map_by_name(object, name);
        bpf_map* inner = outer == nullptr ? nullptr : ::bpf_map__inner_map(outer);
        if (inner == nullptr) {
            return fail("the BPF object has no map of maps " + std::string(name));
        }
        kinds[name] = {
            .type = ::bpf_map__type(inner), .key_bytes = ::bpf_map__key_size(inner), .value_bytes = ::bpf_map__value_size(inner)};
    }
    return kinds;
}

// Has the object use maps that stand, every one of ours. Pre: sized, and not loaded yet.
Result<> take_over_maps(bpf_object* object, const PinnedByName& standing) {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        if (::bpf_map__is_internal(map)) {
            continue;
        }
        const std::string name = ::bpf_map__name(map);
        const auto found = standing.find(name);
        bpf_map_info info{};
        std::uint32_t bytes = sizeof(info);
        if (found == standing.end() || ::bpf_obj_get_info_by_fd(found->second.value(), &info, &bytes) < 0) {
            return fail(name + " is not there");
        }
        if (info.type != ::bpf_map__type(map) || info.key_size != ::bpf_map__key_size(map) ||
            info.value_size != ::bpf_map__value_size(map) || info.max_entries != ::bpf_map__max_entries(map)) {
            return fail(name + " has another kind or size");
        }
        if (const int result = ::bpf_map__reuse_fd(map, found->second.value()); result < 0) {
            return fail(Error::from_errno("cannot use " + name + " as it stands", -result));
        }
    }
    return {};
}

// What makes the programs what they are: the object file, and what is set before it is loaded.
std::string build_of(FastPath fast_path) {
    std::size_t bytes = 0;
    const void* const file = tc_bpf__elf_bytes(&bytes);
    return std::string(static_cast<const char*>(file), bytes) + static_cast<char>(fast_path);
}

// What is pinned under a program's name may be another program.
bool is_named(int program, std::string_view name) {
    bpf_prog_info info{};
    std::uint32_t bytes = sizeof(info);
    return ::bpf_obj_get_info_by_fd(program, &info, &bytes) == 0 && info.type == BPF_PROG_TYPE_SCHED_CLS &&
           name.substr(0, sizeof(info.name) - 1) == std::string_view(info.name);
}

// Whether all programs of the object stand, of this very build.
bool stands_of_this_build(const StandingSet& standing, const bpf_object* object, FastPath fast_path) {
    const auto stamp = standing.maps.find(kBuildStamp);
    if (stamp == standing.maps.end() || !is_stamp_of(stamp->second.value(), build_of(fast_path))) {
        return false;
    }
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object) {
        if (!::bpf_program__autoload(program)) {
            continue;
        }
        const auto found = standing.programs.find(::bpf_program__name(program));
        if (found == standing.programs.end() || !is_named(found->second.value(), found->first)) {
            return false;
        }
    }
    return true;
}

Result<UniqueFd> own_descriptor(int fd, std::string_view name) {
    UniqueFd own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    return own.is_open() ? Result<UniqueFd>(std::move(own))
                         : fail(Error::from_errno("cannot duplicate the descriptor of " + std::string(name), errno));
}

// Names the programs that others end in. Not by the object itself: what shares the map would name its own.
Result<> link_tails(const BpfObject& object) {
    const auto tails = object.map("pc_tails");
    if (!tails) {
        return fail(tails.error());
    }
    for (const auto& [index, name] : {std::pair(PC_TAIL_REJECT, "pc_reject"), std::pair(PC_TAIL_ENTER, kEnterProgram)}) {
        const int program = object.program_fd(name);
        // none: the fast path does not lead so far, or no longer
        int result =
            program < 0 ? ::bpf_map_delete_elem(tails->value(), &index) : ::bpf_map_update_elem(tails->value(), &index, &program, BPF_ANY);
        result = program < 0 && result == -ENOENT ? 0 : result;
        if (result != 0) {
            return fail(Error::from_errno("cannot fill pc_tails", -result));
        }
    }
    return {};
}

}  // namespace

std::string_view program_name(Direction direction) { return direction == Direction::Outbound ? "pc_from_instance" : "pc_to_instance"; }

struct BpfObject::Skeleton {
    tc_bpf* opened = nullptr;
    std::array<std::uint32_t, 2> program_ids{};  // by Direction
    InnerKinds inner_kinds;
    FastPath fast_path = FastPath::Off;
    PinnedByName standing_programs;                                      // in place of the opened ones; empty: those are loaded
    UniqueFd build_stamp;                                                // none of a copy
    std::unique_ptr<VerifierLog> log = std::make_unique<VerifierLog>();  // until it is loaded
    Skeleton() = default;
    Skeleton(const Skeleton&) = delete;
    Skeleton& operator=(const Skeleton&) = delete;
    Skeleton(Skeleton&&) = delete;
    Skeleton& operator=(Skeleton&&) = delete;
    ~Skeleton() { tc_bpf__destroy(opened); }
};

BpfObject::BpfObject(std::unique_ptr<Skeleton> skeleton) : skeleton_(std::move(skeleton)) {}
BpfObject::BpfObject(BpfObject&&) noexcept = default;
BpfObject& BpfObject::operator=(BpfObject&&) noexcept = default;
BpfObject::~BpfObject() = default;

Result<BpfObject> BpfObject::open(const MapCapacities& capacities, FastPath fast_path) {
    auto skeleton = std::make_unique<Skeleton>();
    LIBBPF_OPTS(bpf_object_open_opts, options);
    options.kernel_log_buf = skeleton->log->buffer();
    options.kernel_log_size = VerifierLog::kBytes;
    skeleton->opened = tc_bpf__open_opts(&options);
    if (skeleton->opened == nullptr) {
        return fail(Error::from_errno("cannot open the BPF object", errno));
    }
    if (auto sized = size_maps(skeleton->opened->obj, capacities); !sized) {
        return fail(std::move(sized.error()));
    }
    auto kinds = inner_kinds(skeleton->opened->obj);
    if (!kinds) {
        return fail(std::move(kinds.error()));
    }
    skeleton->inner_kinds = std::move(*kinds);
    skeleton->fast_path = fast_path;
    skeleton->opened->rodata->pc_has_fast_path = fast_path == FastPath::Off ? 0 : 1;
    ::bpf_program__set_autoload(skeleton->opened->progs.pc_enter_instance, fast_path == FastPath::Namespace);
    return BpfObject(std::move(skeleton));
}

Result<> BpfObject::verify() {
    if (const int result = tc_bpf__load(skeleton_->opened); result != 0) {
        return fail(skeleton_->log->added_to(Error::from_errno("cannot load the BPF programs and maps", -result)));
    }
    skeleton_->log.reset();
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
        bpf_prog_info info{};
        std::uint32_t bytes = sizeof(info);
        if (const int result = ::bpf_obj_get_info_by_fd(program_fd(direction), &info, &bytes); result != 0) {
            return fail(Error::from_errno("cannot ask the kernel about " + std::string(program_name(direction)), -result));
        }
        skeleton_->program_ids[static_cast<std::size_t>(direction)] = info.id;
    }
    return {};
}

// What a later daemon knows these programs by.
Result<> BpfObject::stamp() {
    auto stamp = make_build_stamp(build_of(skeleton_->fast_path));
    if (!stamp) {
        return fail(std::move(stamp.error()));
    }
    skeleton_->build_stamp = std::move(*stamp);
    return {};
}

// Pre: not loaded yet, over the maps of `standing`, of which all its programs are.
Result<> BpfObject::take_over_programs(const StandingSet& standing) {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton_->opened->obj) {
        if (!::bpf_program__autoload(program)) {
            continue;
        }
        ::bpf_program__set_autoload(program, false);
        const std::string name = ::bpf_program__name(program);
        auto taken = own_descriptor(standing.programs.find(name)->second.value(), name);
        if (!taken) {
            return fail(std::move(taken.error()));
        }
        skeleton_->standing_programs.emplace(name, std::move(*taken));
    }
    auto stamp = own_descriptor(standing.maps.find(kBuildStamp)->second.value(), kBuildStamp);
    if (!stamp) {
        return fail(std::move(stamp.error()));
    }
    skeleton_->build_stamp = std::move(*stamp);
    return verify();
}

Result<BpfObject> BpfObject::load(const MapCapacities& capacities, FastPath fast_path) {
    auto object = open(capacities, fast_path);
    auto made = object ? object->verify() : Result<>();
    made = object && made ? object->stamp() : made;
    made = object && made ? link_tails(*object) : made;
    made = object && made ? make_flow_shards(*object, capacities) : made;
    if (!made) {
        return fail(std::move(made.error()));
    }
    return object;
}

Result<BpfObject> BpfObject::load_over(const StandingSet& standing, const MapCapacities& capacities, FastPath fast_path) {
    auto object = open(capacities, fast_path);
    auto taken = object ? take_over_maps(object->skeleton_->opened->obj, standing.maps) : Result<>();
    taken = object && taken ? check_flow_shards(standing.maps, capacities) : taken;
    if (object && taken && stands_of_this_build(standing, object->skeleton_->opened->obj, fast_path)) {
        taken = object->take_over_programs(standing);
    } else {
        taken = object && taken ? object->verify() : taken;
        taken = object && taken ? object->stamp() : taken;
    }
    // Another daemon that was never put in force may have named its own.
    taken = object && taken ? link_tails(*object) : taken;
    if (!taken) {
        return fail(std::move(taken.error()));
    }
    return object;
}

Result<> BpfObject::share_read_maps(const BpfObject& original) {
    for (const std::string_view name : kReadMaps) {
        const auto shared = original.map(name);
        bpf_map* map = ::bpf_object__find_map_by_name(skeleton_->opened->obj, std::string(name).c_str());
        if (!shared || map == nullptr) {
            return fail("there is no " + std::string(name) + " to share");
        }
        if (const int result = ::bpf_map__reuse_fd(map, shared->value()); result < 0) {
            return fail(Error::from_errno("cannot share " + std::string(name), -result));
        }
    }
    return {};
}

Result<BpfObject> BpfObject::load_copy(const BpfObject& original, const MapCapacities& capacities) {
    auto object = open(capacities, FastPath::Off);
    auto made = object ? object->share_read_maps(original) : Result<>();
    made = object && made ? size_copy(object->skeleton_->opened->obj) : made;
    bpf_program* program = nullptr;
    if (object && made) {
        bpf_object__for_each_program(program, object->skeleton_->opened->obj) {
            const std::string_view name = ::bpf_program__name(program);
            ::bpf_program__set_autoload(program, name == program_name(Direction::Outbound) || name == program_name(Direction::Inbound));
        }
        made = object->verify();
    }
    if (!made) {
        return fail(std::move(made.error()));
    }
    return object;
}

// They are the only variable that the programs have: one row of libbpf's map.
Result<> BpfObject::forget_denials() const {
    const bpf_map* const variables = skeleton_->opened->maps.bss;
    const std::uint32_t row = 0;
    const std::vector<std::byte> nothing(::bpf_map__value_size(variables));
    const int result = ::bpf_map_update_elem(::bpf_map__fd(variables), &row, nothing.data(), BPF_ANY);
    return result == 0 ? Result<>() : fail(Error::from_errno("cannot empty the memory of denials", -result));
}

Result<UniqueFd> BpfObject::make_inner(std::string_view outer, std::uint32_t entries) const {
    const auto found = skeleton_->inner_kinds.find(outer);
    assert(found != skeleton_->inner_kinds.end());
    const InnerKind& kind = found->second;
    const std::string name = std::string(outer) + ".in";
    UniqueFd map(::bpf_map_create(kind.type, name.c_str(), kind.key_bytes, kind.value_bytes, entries, nullptr));
    if (!map.is_open()) {
        return fail(
            Error::from_errno("cannot create a map of " + std::to_string(entries) + " entries for " + std::string(outer), -map.value()));
    }
    return map;
}

bool BpfObject::has_standing_programs() const { return !skeleton_->standing_programs.empty(); }

std::vector<BpfObject::Part> BpfObject::maps() const {
    std::vector<Part> parts;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, skeleton_->opened->obj) {
        // libbpf's own maps (.rodata and the like) carry no pc_ name and are kept alive by the programs.
        if (!::bpf_map__is_internal(map)) {
            parts.push_back({::bpf_map__name(map), ::bpf_map__fd(map)});
        }
    }
    if (skeleton_->build_stamp.is_open()) {
        parts.push_back({kBuildStamp, skeleton_->build_stamp.value()});
    }
    return parts;
}

std::vector<BpfObject::Part> BpfObject::programs() const {
    std::vector<Part> parts;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton_->opened->obj) {
        const int fd = program_fd(::bpf_program__name(program));
        if (fd >= 0) {
            parts.push_back({::bpf_program__name(program), fd});
        }
    }
    return parts;
}

Result<UniqueFd> BpfObject::map(std::string_view name) const {
    const int fd = ::bpf_object__find_map_fd_by_name(skeleton_->opened->obj, std::string(name).c_str());
    if (fd < 0) {
        return fail("the BPF object has no map " + std::string(name));
    }
    return own_descriptor(fd, name);
}

int BpfObject::program_fd(std::string_view name) const {
    if (const auto standing = skeleton_->standing_programs.find(name); standing != skeleton_->standing_programs.end()) {
        return standing->second.value();
    }
    const bpf_program* program = ::bpf_object__find_program_by_name(skeleton_->opened->obj, std::string(name).c_str());
    assert(program != nullptr);
    return ::bpf_program__fd(program);
}

std::uint32_t BpfObject::program_id(Direction direction) const { return skeleton_->program_ids[static_cast<std::size_t>(direction)]; }

}  // namespace portcullis
