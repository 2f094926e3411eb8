// SPDX-License-Identifier: Apache-2.0
// Desired state in, Dataplane out: holds the accepted model, decides which device is which port and has both enforced.
//
// Called from the event loop's one thread: by the API and the model file (change_model), by netlink (devices_changed) and by timers
// (retry). Logs nothing: outcomes go back to the caller. Invariant: what was enforced stays enforced when a change is refused or fails.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile/recompile.h"
#include "compiler/parse/parse.h"
#include "core/dataplane.h"
#include "core/work.h"
#include "tools/daemon/bindings.h"
#include "tools/daemon/healing_log.h"
#include "tools/daemon/live_answer.h"
#include "tools/daemon/planned_change.h"
#include "tools/daemon/rule_counts.h"
#include "tools/daemon/state_store.h"
#include "tools/daemon/verification.h"

namespace portcullis {

struct ChangeOutcome {
    enum class Kind : std::uint8_t {
        Enforced,  // or taken, where nothing is enforced
        Refused,   // the documents are wrong: `findings`
        Failed,    // this host could not do it: `failure`
    };
    Kind kind = Kind::Enforced;
    std::uint64_t generation = 0;   // Enforced: the one that is enforced
    std::vector<Finding> findings;  // warnings, and when Refused the errors
    std::string failure;
    std::string diff;                       // Enforced: what differs, in one line of bounded length (compiler/parse/model_diff.h)
    std::uint64_t compiled = 0;             // sets of groups and ACLs whose policies were compiled for it
    std::uint64_t kernel_writes = 0;        // Enforced
    std::string why_nothing_is_enforced{};  // as Dataplane's
};

// What became of an order about one port.
struct PortOutcome {
    enum class Kind : std::uint8_t {
        Done,
        Unknown,  // there is no such port
        Refused,  // it is not for that
        Failed,   // this host could not do it, or not all of it
    };
    Kind kind = Kind::Done;
    std::string message;  // but for Done
    std::uint64_t generation = 0;
};

// Since when something is wrong, and what.
struct Trouble {
    std::string since;  // UTC, ISO 8601
    std::string message;
};

struct PortStatus {
    PortLine line;
    std::uint64_t rules = 0;  // of its groups, both directions
    std::uint64_t flows = 0;
    std::uint64_t flow_quota = 0;  // of flows, and of those half open of each side; 0: it is bound to nothing
    std::uint64_t half_open_quota = 0;
    std::uint64_t lost_events = 0;
    FastPath fast_path = FastPath::Off;
    std::uint64_t fast_packets = 0;  // of what it sent: took the fast path
    std::vector<ReasonCount> counters;
    std::vector<std::string> unenforced;  // what the documents ask of it and the back end does not do
    std::vector<Neighbour> neighbours;    // of others at its hooks
};

// When the model changed last, and what the last change of anything cost. Times: seconds since 1970; 0: never in this run.
struct ChangeTimes {
    std::uint64_t accepted_unix_s = 0;
    std::uint64_t refused_unix_s = 0;  // or it could not be enforced
    double apply_s = 0;
    std::uint64_t kernel_writes = 0;
};

struct ControllerStatus {
    std::string backend;
    std::string backend_reason;
    std::string why_nothing_is_enforced;  // as Dataplane's
    std::uint64_t generation = 0;         // of what is enforced, device changes included
    std::uint64_t model_generation = 0;   // at which the model was last accepted; what If-Match means
    bool has_model = false;
    bool uses_network_acls = false;
    bool is_up_to_date = false;  // the data plane has taken the last change of devices
    std::string accepted_at;     // UTC, ISO 8601; empty without a model
    std::vector<PortStatus> ports;
    HealingStatus healings;
    ChangeTimes times;
    std::optional<Trouble> trouble;  // the last change of devices is not enforced, what was tampered with cannot be put right, or state
                                     // could not be saved or counters read
};

// A part of a run of verify.
struct VerifiedRun {
    std::vector<std::string> differences;
    std::optional<std::uint64_t> probes;  // packets that were put to the copy of the programs so far; none: there is no copy
    std::optional<std::uint64_t> next;    // where the next part begins; none: this was the last
};

// What the controller works on; all of it outlives the controller.
struct ControllerHost {
    Dataplane& dataplane;
    const StateStore& store;
    const HostDevices& devices;
    std::function<std::set<std::uint32_t>()> default_routes;                      // devices that a default route leaves by, now
    std::function<HostFacts()> facts;                                             // addresses and tunnels of the host, now
    std::function<void(const ApplyReport&)> applied = [](const ApplyReport&) {};  // called when the data plane has taken something
    std::function<std::string()> backend_reason = [] { return std::string(); };
    FastPath fast_path = FastPath::Off;  // as far as any port may have it
    WorkCallback work = {};
};

class Controller {
   public:
    // `progress`: from the last run.
    Controller(ControllerHost host, Progress progress);

    // Makes `documents` the desired state, or changes nothing. With Confirmation::Awaited, which needs a model, the former documents are
    // kept, by the state directory as well, until confirm_model, roll_back_model or a further change.
    enum class Confirmation : std::uint8_t { NotNeeded, Awaited };
    [[nodiscard]] ChangeOutcome change_model(std::vector<Document> documents, Confirmation confirmation = Confirmation::NotNeeded);
    // Pre: is_unconfirmed(). On failure the change is as unconfirmed as before.
    [[nodiscard]] Result<> confirm_model();
    [[nodiscard]] ChangeOutcome roll_back_model();
    [[nodiscard]] bool is_unconfirmed() const { return former_.has_value(); }
    // What change_model would do, without doing it.
    [[nodiscard]] PlannedChange plan_model(const std::vector<Document>& documents) const;
    // Takes up the documents that were accepted in an earlier run: as change_model, but a device whose closing would cut the host off is
    // closed all the same, since leaving every port unguarded is worse.
    [[nodiscard]] ChangeOutcome resume_model(std::vector<Document> documents);

    // To be called after ControllerHost::devices or facts have changed. Returns whether something was applied: IfChanged, only if a binding
    // or a fact changes or the last attempt failed. A failure is kept as trouble and tried again by the next call.
    enum class Reapply : std::uint8_t { IfChanged, Always };
    [[nodiscard]] Result<bool> devices_changed(Reapply reapply = Reapply::IfChanged);

    // Has the back end look for what somebody else did to it. Returns what is new, a line each; `needs_reapply`: devices_changed is to be
    // called, by which ports open again that were closed.
    struct Healed {
        std::vector<std::string> lines;
        bool needs_reapply = false;
    };
    [[nodiscard]] Healed heal();

    [[nodiscard]] ControllerStatus status() const;
    // The lines of status() without what the kernel counted.
    [[nodiscard]] std::vector<PortLine> lines() const;
    // What the back end does not do for the device, of what the documents ask.
    [[nodiscard]] std::vector<std::string> unenforced_of(std::uint32_t ifindex) const;
    // How often the rules of the accepted model decided, the busiest `most` of them.
    [[nodiscard]] Result<RuleCounts> rule_counts(std::size_t most) const;
    // For incidents (controller_incidents.cpp). A quarantine closes the device or the interface until it is lifted, over restarts as
    // well; what could not be closed yet is tried again with every change and every second.
    [[nodiscard]] PortOutcome quarantine(const std::string& port);
    [[nodiscard]] PortOutcome lift_quarantine(const std::string& port);
    // An orphaned device is left alone from now on, until it is bound again.
    [[nodiscard]] PortOutcome release(const std::string& device);

    // As Dataplane's.
    [[nodiscard]] std::string why_nothing_is_enforced() const { return host_.dataplane.why_nothing_is_enforced(); }
    [[nodiscard]] Result<FlowPage> read_flows(const FlowFilter& filter, std::uint64_t from) const {
        return host_.dataplane.read_flows(filter, from);
    }
    [[nodiscard]] Result<FlowsEnded> end_flows(const FlowFilter& filter, std::uint64_t from) {
        return host_.dataplane.end_flows(filter, from);
    }
    // Questions about what is enforced (controller_questions.cpp). Pre of explain: has_model(). Error::code EINVAL: the question is wrong.
    [[nodiscard]] Result<LiveAnswer> explain(const Question& question);
    // A part of a run of verify that begins at `from`, 0 or where the part before said. One run at a time: another that begins, or a change
    // of what is enforced, ends it (Error::code ESTALE).
    [[nodiscard]] Result<VerifiedRun> verify(std::uint64_t from);
    // Those that a device's name or an interface's id means, bound or not; one at most has a given name.
    [[nodiscard]] std::vector<PortLine> lines_of(std::string_view port) const;
    [[nodiscard]] const std::vector<Document>& documents() const { return documents_; }
    [[nodiscard]] std::uint64_t model_generation() const { return model_generation_; }
    [[nodiscard]] bool has_model() const { return model_.has_value(); }

   private:
    enum class HostGuard : std::uint8_t { Off, On };
    // Documents that have been read, up to what is to be enforced.
    struct Readied {
        std::vector<Finding> findings;
        std::optional<Model> model;  // none where a finding is an error
        Ruleset ruleset;
        BindingPlan plan;
    };
    [[nodiscard]] bool used_network_acls() const;
    using Compile = std::function<Result<Ruleset>(const Model&)>;
    [[nodiscard]] Readied ready(const std::vector<Document>& documents, HostGuard guard, const Compile& compile_model) const;
    [[nodiscard]] Result<std::optional<Ruleset>> recompile_for_devices();
    tl::unexpected<Error> retry_after(const Error& error);
    [[nodiscard]] ChangeOutcome take_model(SavedModel documents, HostGuard guard);
    [[nodiscard]] Result<> enforce(Readied readied, SavedModel documents);
    [[nodiscard]] Result<> apply(const Ruleset& ruleset, BindingPlan plan);
    void remember();
    void fill(PortStatus& port) const;
    [[nodiscard]] BindingPlan plan_for(const Ruleset& ruleset, const std::set<std::uint32_t>& default_routes) const;
    [[nodiscard]] Result<Quarantine> quarantine_of(const std::string& port) const;
    [[nodiscard]] PortOutcome done() const { return {.kind = PortOutcome::Kind::Done, .message = {}, .generation = generation_}; }
    [[nodiscard]] std::uint64_t rules_of(const PortLine& line) const;
    [[nodiscard]] LocalNetwork local_network() const;

    ControllerHost host_;
    std::optional<Model> model_;
    Ruleset ruleset_;  // compiled from it
    Compiler compiler_;
    std::vector<Document> documents_;
    std::optional<std::vector<Document>> former_;  // while the model waits for its confirmation: what it is rolled back to
    std::string accepted_at_;
    std::uint64_t generation_ = 0;  // never goes back, not even over restarts
    std::uint64_t model_generation_ = 0;
    BindingMemory memory_;
    std::vector<Quarantine> quarantines_;
    std::vector<DeviceBinding> applied_;
    HostFacts applied_facts_;
    std::vector<PortLine> planned_lines_;
    std::vector<Unenforced> unenforced_;  // of what is applied
    bool needs_retry_ = false;
    bool is_model_remembered_ = true;
    std::optional<Trouble> enforcement_trouble_;
    std::optional<Trouble> storage_trouble_;
    std::optional<Trouble> healing_trouble_;  // HealingLog::trouble, and since when
    HealingLog healings_;
    std::optional<Verification> verification_;  // under way
    std::uint64_t next_part_ = 0;               // of it
    std::uint64_t last_part_ = 0;               // that was ever given out
    ChangeTimes times_;
};

}  // namespace portcullis
