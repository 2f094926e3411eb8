// SPDX-License-Identifier: Apache-2.0
// Puts the steps of a case on a real bridge as real frames: sent from the instance, from behind the uplink or by the host, judged at every
// port they really cross, and seen (or not) at the far side. Compared with the evaluator, which is asked about the same crossings: so a
// frame from port to port has two verdicts, and the sender's flows count too.
//
// Nothing waits for time: behind each frame goes a sentinel that every port must pass, on the same path; when it arrives, the frame has
// arrived before it, or never will. The thread stays on one CPU, so that frames keep their order.
#pragma once

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
};

class BridgeRunner {
   public:
    BridgeRunner(std::size_t ports, const BridgeOptions& options);
    BridgeRunner(const BridgeRunner&) = delete;
    BridgeRunner& operator=(const BridgeRunner&) = delete;
    ~BridgeRunner();  // prints what became of the frames

    // Differences are failures of the test.
    void run(const Case& conformance_case);

   private:
    struct Tally {
        unsigned delivered = 0;      // frames that passed every port and were seen at the far side
        unsigned dropped = 0;        // frames that a port dropped and that were not seen
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
    void flood_to(const Step& step, bool is_on);
    // What arrived before the sentinel.
    [[nodiscard]] std::vector<Bytes> send_and_collect(const Path& path, const Bytes& frame);
    enum class Fate : std::uint8_t { Delivered, Dropped, NotForwarded };
    // Asks the evaluator about each crossing, compares, and says what must become of the frame.
    [[nodiscard]] Fate compare_crossings(const Path& path, const Bytes& frame, const std::map<Crossing, ReasonCounts>& before);
    [[nodiscard]] std::uint64_t drops_at_uplinks() const;
    [[nodiscard]] Fate compare_end_at_uplink(const Path& path, const std::map<Crossing, ReasonCounts>& before);
    [[nodiscard]] std::optional<Reason> early_reason(const ReasonCounts& before, const ReasonCounts& after,
                                                     std::optional<Reason> expected) const;
    void compare_crossing(const Arrival& arrival, const ReasonCounts& before, bool sees_sentinel, std::optional<Reason> expected);

    PrivateBpffs bpffs_;
    EnforcedHost host_;
    bool calls_netfilter_;
    bool drops_early_;
    EvaluatorJudge evaluator_;
    std::shared_ptr<const Model> model_;
    HostFacts facts_;
    std::vector<RawSocket> instances_;
    RawSocket outside_;
    RawSocket stranger_;
    RawSocket bridge_;
    std::uint32_t sentinels_ = 0;
    Tally tally_;
};

}  // namespace portcullis::test
