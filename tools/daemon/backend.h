// SPDX-License-Identifier: Apache-2.0
// Which of the two back ends enforces, and why; and how objects that the other left in the kernel go: only once this one enforces, so that
// packets are judged at every moment, for a while by both.
//
// Where something of ours stands, `auto` keeps to its back end: if that cannot be driven, what stands is left as it is and the daemon does
// not start. Where nothing stands, BPF is tried first. Where neither can be had and nothing stands, `degrade` runs without one. Made at
// start by tools/daemon/daemon.cpp, on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/dataplane.h"
#include "core/result.h"
#include "core/work.h"
#include "loader/log.h"
#include "tools/daemon/options.h"

namespace portcullis {

// One of the two as the choice sees it.
struct BackendKind {
    std::string name;                                          // "bpf", "nftables": as --backend says it
    std::function<Result<std::unique_ptr<Dataplane>>()> open;  // what stands stays as it is until the first apply
    std::function<Result<bool>()> stands;                      // objects of an earlier run are in the kernel
    std::function<Result<>()> retire;                          // removes them
};

class Backend {
   public:
    [[nodiscard]] static Result<Backend> choose(BackendChoice choice, OnUnsupported on_unsupported, BackendKind bpf, BackendKind nftables);

    [[nodiscard]] Dataplane& dataplane() const { return *dataplane_; }
    [[nodiscard]] bool uses_nftables() const { return uses_nftables_; }
    // Why this one, and what of the other is still there: for `status`.
    [[nodiscard]] std::string reason() const;

    // To be called after each successful apply, and every now and then: removes what the other back end left. Does nothing where there is
    // nothing, or nothing has been applied yet. A failure is kept for reason(), and it is tried again by the next call.
    [[nodiscard]] Result<> retire_other();
    void note_applied() { has_applied_ = true; }

   private:
    Backend() = default;
    [[nodiscard]] static Result<Backend> open(const BackendKind& kind, const BackendKind& other, std::string reason);

    std::unique_ptr<Dataplane> dataplane_;
    std::string reason_;
    bool uses_nftables_ = false;
    bool has_applied_ = false;
    std::optional<BackendKind> other_;  // still to be retired
    std::string trouble_;
};

// The real ones, for this host and these options.
// `log`: of the BPF back end.
[[nodiscard]] Result<Backend> open_backend(const DaemonOptions& options, const LogCallback& log, const WorkCallback& work);

// Whether objects of either back end stand, from an earlier run; what cannot be asked about does not count.
[[nodiscard]] bool find_standing_enforcement(const DaemonOptions& options);

// Devices that objects of either back end stand on, from an earlier run.
[[nodiscard]] Result<std::set<std::uint32_t>> find_guarded_devices(const DaemonOptions& options);

}  // namespace portcullis
