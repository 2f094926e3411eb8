// SPDX-License-Identifier: Apache-2.0
// Our programs at devices' hooks: put there, replaced in place, read back and taken off, in the one mode that was chosen. Holds nothing:
// what is attached is asked of the kernel every time, so a restart, another tool or a device that comes back under an old number cannot
// make it believe what is no longer so.
//
// Ours is what a pinned link of ours holds (tcx) or what our handle and priority hold (clsact). Other programs are never touched.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "loader/attach_mode.h"
#include "loader/hook.h"

namespace portcullis {

class Attachments {
   public:
    // Auto is resolved by asking the kernel. `links_directory`: where tcx links are pinned, on a bpffs.
    [[nodiscard]] static Attachments create(AttachMode mode, std::string links_directory);
    [[nodiscard]] AttachMode mode() const { return mode_; }  // Tcx or Clsact

    // What `attach` did not find at its hook (no device) has the error code ENODEV.
    // Afterwards the hook holds the program, which was read back. Replaces ours in place where it is there already.
    [[nodiscard]] Result<> attach(const Hook& hook, int program_fd, std::uint32_t program_id);
    // Takes ours off, in this mode. Nothing there, or no device, is no error.
    [[nodiscard]] Result<> detach(const Hook& hook);
    // Whether the hook holds that program by our own means.
    [[nodiscard]] Result<bool> holds(const Hook& hook, std::uint32_t program_id) const;

   private:
    Attachments(AttachMode mode, std::string links_directory) : mode_(mode), links_directory_(std::move(links_directory)) {}
    [[nodiscard]] std::string link_path(const Hook& hook) const;
    [[nodiscard]] Result<> attach_link(const Hook& hook, int program_fd);
    [[nodiscard]] Result<bool> link_holds(const Hook& hook, std::uint32_t program_id) const;
    AttachMode mode_;
    std::string links_directory_;
};

}  // namespace portcullis
