// SPDX-License-Identifier: Apache-2.0
// Our programs at devices' hooks: put there, replaced in place, read back and taken off, in the one mode that was chosen. What is attached
// is asked of the kernel every time, so a restart, another tool or a device that comes back under an old number cannot make it believe
// what is no longer so. It holds the links that it made or took over, so that they last while this does, whatever becomes of their pins.
//
// Ours is what a link of ours holds (tcx) or what our handle and priority hold (clsact). Other programs are never touched.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/dataplane.h"
#include "core/result.h"
#include "core/unique_fd.h"
#include "loader/attach_mode.h"
#include "loader/filter_list.h"
#include "loader/hook.h"

namespace portcullis {

// Where our program stands at a hook.
struct HookView {
    enum class Place : std::uint8_t {
        First,   // nobody is asked before it
        Behind,  // others are, and may let a packet pass that it would not
        Missing,
    };
    Place place = Place::Missing;
    std::vector<std::string> before;  // Behind: who, "program 57 (other)", "a flower filter"
    bool can_be_first = true;         // Behind: whether put_first helps
};

class Attachments {
   public:
    // Auto is resolved by asking the kernel. `links_directory`: where tcx links are pinned, on a bpffs.
    [[nodiscard]] static Attachments create(AttachMode mode, std::string links_directory);
    [[nodiscard]] AttachMode mode() const { return mode_; }  // Tcx or Clsact

    // What `attach` and `look` did not find at its hook (no device) has the error code ENODEV.
    // Afterwards the hook holds the program, which was read back. Replaces ours in place where it is there already.
    [[nodiscard]] Result<> attach(const Hook& hook, int program_fd, std::uint32_t program_id);
    // Takes ours off, in this mode. Nothing there, or no device, is no error.
    [[nodiscard]] Result<> detach(const Hook& hook);
    // Whether the hook holds that program by our own means.
    [[nodiscard]] Result<bool> holds(const Hook& hook, std::uint32_t program_id) const;

    // Where that program stands now: one call of the kernel for a tcx hook, a list of filters for a clsact one.
    [[nodiscard]] Result<HookView> look(const Hook& hook, std::uint32_t program_id);
    // Everything of others at the hook, programs of tcx and filters alike, by where it stands to that program.
    [[nodiscard]] Result<std::vector<Neighbour>> neighbours(const Hook& hook, std::uint32_t program_id);
    // Puts ours before everything else at the hook. No packet passes unjudged meanwhile; with tcx some may be dropped. Pre: it is Behind.
    [[nodiscard]] Result<> put_first(const Hook& hook, int program_fd);
    // Pins links anew whose pins are gone. Gives their hooks.
    [[nodiscard]] Result<std::vector<Hook>> pin_again();

   private:
    Attachments(AttachMode mode, std::string links_directory, bool has_tcx)
        : mode_(mode), has_tcx_(has_tcx), links_directory_(std::move(links_directory)) {}
    [[nodiscard]] std::string link_path(const Hook& hook) const;
    [[nodiscard]] Result<UniqueFd> standing_link(const Hook& hook);
    [[nodiscard]] Result<> attach_link(const Hook& hook, int program_fd);
    [[nodiscard]] Result<bool> link_holds(const Hook& hook, std::uint32_t program_id) const;
    [[nodiscard]] Result<> put_link_first(const Hook& hook, int program_fd);
    [[nodiscard]] Result<HookView> look_at_filters(const Hook& hook, std::uint32_t program_id);
    // Who is asked at the hook, in that order.
    struct Asked {
        std::string who;
        bool is_ours = false;
        bool is_tcx = false;  // else a filter
    };
    [[nodiscard]] Result<std::vector<Asked>> line_up(const Hook& hook, std::uint32_t program_id);
    AttachMode mode_;
    bool has_tcx_;
    std::string links_directory_;
    std::map<Hook, UniqueFd> links_;     // tcx
    std::optional<FilterList> filters_;  // once they were looked at
};

}  // namespace portcullis
