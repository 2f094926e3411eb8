// SPDX-License-Identifier: Apache-2.0
// Somebody else's programs at the hooks that we use: they must be there, and run, whatever we do.
#pragma once

#include <cstdint>
#include <string>

#include "core/unique_fd.h"
#include "loader/attach_mode.h"
#include "loader/hook.h"

namespace portcullis::test {

// Counts packets and lets them go on.
class ForeignProgram {
   public:
    // `name` as the kernel shows it.
    explicit ForeignProgram(const char* name);
    // By a tcx link, or by a filter of priority 7. Stays for as long as this lives (tcx) or the device does (clsact).
    void attach(const Hook& hook, AttachMode mode);
    [[nodiscard]] bool is_attached(const Hook& hook, AttachMode mode) const;
    void pin(const std::string& path) const;
    [[nodiscard]] int fd() const { return program_.value(); }
    [[nodiscard]] std::uint32_t id() const;

   private:
    UniqueFd program_;
    UniqueFd link_;
};

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
