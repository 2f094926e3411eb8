// SPDX-License-Identifier: Apache-2.0
// Somebody else's programs at the hooks that we use: they must be there, and run, whatever we do.
#pragma once

#include <cstdint>
#include <string>

#include "core/unique_fd.h"
#include "loader/attach_mode.h"
#include "loader/hook.h"

namespace portcullis::test {

// A program that gives every packet the same verdict.
class ForeignProgram {
   public:
    // `name` as the kernel shows it; TC_ACT_UNSPEC (-1): who comes behind it decides; TC_ACT_OK (0): nobody behind it is asked.
    explicit ForeignProgram(const char* name, int verdict = -1);
    // By a tcx link before everybody else's, or by a filter of that priority. Stays for as long as this lives (tcx) or the device does
    // (clsact).
    void attach(const Hook& hook, AttachMode mode, std::uint32_t priority = 7);
    // Takes the link off. Pre: it is attached so.
    void detach_link() { link_.reset(); }
    [[nodiscard]] bool is_attached(const Hook& hook, AttachMode mode) const;
    void pin(const std::string& path) const;
    [[nodiscard]] int fd() const { return program_.value(); }
    [[nodiscard]] std::uint32_t id() const;

   private:
    UniqueFd program_;
    UniqueFd link_;
    std::uint32_t priority_ = 0;
};

// Takes what a pinned link holds off its device, whoever else holds the link; the pin stays.
void detach_pinned_link(const std::string& path);

// A native XDP program that passes everything, attached by netlink as other tools do it.
class ForeignXdp {
   public:
    ForeignXdp();
    void attach(std::uint32_t ifindex) const;
    void detach(std::uint32_t ifindex) const;
    [[nodiscard]] std::uint32_t id() const;

   private:
    UniqueFd program_;
};

}  // namespace portcullis::test
