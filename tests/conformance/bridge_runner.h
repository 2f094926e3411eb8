// SPDX-License-Identifier: Apache-2.0
// Puts the steps of a case on a real bridge as real frames: sent from the instance, from behind the uplink or by the host, judged at every
// port they really cross, and seen (or not) at the far side. Compared with the evaluator, which is asked about the same crossings: so a
// frame from port to port has two verdicts, and the sender's flows count too.
//
// Nothing waits for time: behind each frame goes a sentinel that every port must pass, on the same path; when it arrives, the frame has
// arrived before it, or never will. The thread stays on one CPU, so that frames keep their order.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/case_file.h"
#include "tests/conformance/evaluator_judge.h"
#include "tests/support/enforced_host.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/raw_socket.h"

namespace portcullis::test {

struct BridgeOptions {
    bool calls_netfilter = false;
    bool drops_early = false;  // XDP on every port and uplink, which must change no verdict
    BackEndKind back_end = BackEndKind::Bpf;
    FastPath fast_path = FastPath::Off;  // of every port, which must change no verdict
};

// Whether the back end may drop this frame for this reason whatever the evaluator says, at that step (from 1) of the case. Where it has,
// the evaluator is not asked: neither remembers anything of the frame.
using Excuse = std::function<bool(std::size_t step, const Arrival& arrival, Reason reason)>;

class BridgeRunner {
   public:
    BridgeRunner(std::size_t ports, const BridgeOptions& options);
    BridgeRunner(const BridgeRunner&) = delete;
    BridgeRunner& operator=(const BridgeRunner&) = delete;
    ~BridgeRunner();  // prints what became of the frames

    // Differences are failures of the test.
    void run(const Case& conformance_case, Excuse excuse = {});

   private:
    struct Tally {
        unsigned delivered = 0;      // frames that passed every port and were seen at the far side
        unsigned dropped = 0;        // frames that a port dropped and that were not seen
        unsigned excused = 0;        // those among them that the evaluator was not asked about
        unsigned not_forwarded = 0;  // frames that the kernel itself does not bring across: judged at the first port alone, if at all
    };
    using Crossing = std::pair<std::size_t, Direction>;  // of a port
    struct Path {
        const RawSocket* sender = nullptr;
        const RawSocket* receiver = nullptr;
        const RawSocket* sentinel_sender = nullptr;  // where it is not the sender
        Mac sentinel_mac;                            // whose sentinel every port of the path passes
        std::vector<Arrival> crossings;              // the ports that judge, in order
        bool is_from_host = false;
    };

    void begin(const Model& model, const HostFacts& host);
    void change(const Model& model);
    void run_step(const Step& step);
    [[nodiscard]] Path path_of(const Step& step) const;
    [[nodiscard]] Mac mac_of(const std::string& interface_id) const;
    [[nodiscard]] std::string vpc_of(const std::string& interface_id) const;
    [[nodiscard]] const NetworkInterface* interface_of(const std::string& id) const;
    [[nodiscard]] Crossing crossing_of(const Arrival& arrival) const { return {host_.port_of(arrival.interface_id), arrival.direction}; }
    // Nobody but the rules that the evaluator named has counted a decision since this was asked last. For nftables: the programs' own
    // are compared packet by packet (bpf_judge.h).
    void compare_rules();
    void flood_to(const Step& step, bool is_on);
    // What arrived before the sentinel.
    [[nodiscard]] std::vector<Bytes> send_and_collect(const Path& path, const Bytes& frame);
    enum class Fate : std::uint8_t { Delivered, Dropped, NotForwarded };
    [[nodiscard]] bool is_handed_over(const Bytes& frame) const;
    // Asks the evaluator about each crossing, compares, and says what must become of the frame.
    [[nodiscard]] Fate compare_crossings(const Path& path, const Bytes& frame, const std::map<Crossing, ReasonCounts>& before);
    [[nodiscard]] Fate compare_end_at_uplink(const Path& path, const std::map<Crossing, ReasonCounts>& before);
    [[nodiscard]] std::optional<Reason> early_reason(const ReasonCounts& before, const ReasonCounts& after,
                                                     std::optional<Reason> expected) const;
    [[nodiscard]] Reason judge(const Arrival& arrival);
    // The reason for which it was dropped here, where that is excused.
    [[nodiscard]] std::optional<Reason> excused_drop(const Arrival& arrival, const ReasonCounts& before);
    void compare_crossing(const Arrival& arrival, const ReasonCounts& before, bool sees_sentinel, std::optional<Reason> expected);

    PrivateBpffs bpffs_;
    EnforcedHost host_;
    BridgeOptions options_;
    Excuse excuse_;
    std::size_t step_ = 0;  // of the case, from 1
    EvaluatorJudge evaluator_;
    std::shared_ptr<const Model> model_;
    HostFacts facts_;
    std::vector<RawSocket> instances_;
    RawSocket outside_;
    RawSocket stranger_;
    RawSocket bridge_;
    std::uint32_t sentinels_ = 0;
    std::map<std::string, std::uint64_t> hits_;  // of rules, as last read
    Tally tally_;
};

}  // namespace portcullis::test
