// SPDX-License-Identifier: Apache-2.0
// The programs and maps of bpf/tc.bpf.c in the kernel: opened, sized and loaded as one. The only file that knows the generated skeleton.
// Destruction closes the descriptors; what is pinned or attached stays.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/lower_bpf/lower_bpf.h"
#include "core/result.h"
#include "core/unique_fd.h"
#include "core/verdict.h"
#include "loader/standing_set.h"

namespace portcullis {

// The name in the kernel of the program that judges packets of the direction: what tells our programs from others'.
[[nodiscard]] std::string_view program_name(Direction direction);

class BpfObject {
   public:
    // Loads everything under the verifier; a refusal carries the end of the verifier's log. Makes the shards of the flow tables. Pins and
    // attaches nothing.
    [[nodiscard]] static Result<BpfObject> load(const MapCapacities& capacities);
    // Takes over maps that stand already, with what they hold. The programs that stand with them are used as they are where they were
    // loaded from the same object file as is compiled into this daemon (build_stamp.h), since verifying them again takes a second; else
    // this one's are loaded. Fails, having done nothing, where the maps are not all there, or not of the kinds and sizes that `load` would
    // make.
    [[nodiscard]] static Result<BpfObject> load_over(const StandingSet& standing, const MapCapacities& capacities);
    // Loads the two programs that judge packets once more, over the maps of `original` that they only read and maps of their own for
    // what they write, small ones and empty: no shards, no queues, and no program to end in. Only for runs by hand.
    [[nodiscard]] static Result<BpfObject> load_copy(const BpfObject& original, const MapCapacities& capacities);
    // Of a copy: what its programs remember of packets that they denied (bpf/denials.h). Pre: none of them runs.
    [[nodiscard]] Result<> forget_denials() const;
    BpfObject(BpfObject&&) noexcept;
    BpfObject& operator=(BpfObject&&) noexcept;
    BpfObject(const BpfObject&) = delete;
    BpfObject& operator=(const BpfObject&) = delete;
    ~BpfObject();

    struct Part {
        std::string name;
        int fd = -1;  // the object's own
    };
    [[nodiscard]] std::vector<Part> maps() const;
    [[nodiscard]] std::vector<Part> programs() const;
    // A descriptor of the caller's own.
    [[nodiscard]] Result<UniqueFd> map(std::string_view name) const;
    // A new map of the kind that the rows of the map of maps `outer` name, for so many entries.
    [[nodiscard]] Result<UniqueFd> make_inner(std::string_view outer, std::uint32_t entries) const;
    // The object's own descriptor. Pre: the object has such a program.
    [[nodiscard]] int program_fd(std::string_view name) const;
    [[nodiscard]] int program_fd(Direction direction) const { return program_fd(program_name(direction)); }
    // The kernel's number for the program: what a hook shows when it is read back.
    [[nodiscard]] std::uint32_t program_id(Direction direction) const;

   private:
    struct Skeleton;
    [[nodiscard]] static Result<BpfObject> open(const MapCapacities& capacities);
    [[nodiscard]] Result<> verify();
    [[nodiscard]] Result<> take_over_programs(const StandingSet& standing);
    [[nodiscard]] Result<> stamp();
    [[nodiscard]] Result<> share_read_maps(const BpfObject& original);
    explicit BpfObject(std::unique_ptr<Skeleton> skeleton);
    std::unique_ptr<Skeleton> skeleton_;
};

}  // namespace portcullis
