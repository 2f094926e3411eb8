// SPDX-License-Identifier: Apache-2.0
// A question (explain.h) as frames at those gates of this host that would judge them, with what the evaluator says about each: what a copy
// of the programs is asked, and what its answer is compared with. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/evaluate/evaluate.h"
#include "compiler/evaluate/model.h"
#include "compiler/explain/explain.h"
#include "core/dataplane.h"
#include "core/host_facts.h"
#include "core/model.h"
#include "core/result.h"

namespace portcullis {

// What of the model is here.
struct LocalPort {
    std::uint32_t ifindex = 0;
    std::string device;
    std::uint32_t bridge = 0;  // ifindex; 0: it is a port of none
};
struct LocalDevice {
    std::uint32_t ifindex = 0;
    std::string device;
};
struct LocalNetwork {
    std::map<std::string, LocalPort> ports;        // by interface id: those that are enforced
    std::map<std::uint32_t, LocalDevice> bridges;  // by ifindex
    std::map<std::uint32_t, LocalDevice> uplinks;  // by ifindex of the bridge, the first of each
    HostFacts facts;
};

// One packet at one gate.
struct GateProbe {
    std::string interface_id;
    std::string device;        // of its port
    bool is_response = false;  // the answer to the first packet
    Entrance entrance;         // inbound
    std::string entered_by;    // inbound: name of the device; empty: the host itself
    ProbePacket packet;
    Verdict expected;
};

class GateProbes {
   public:
    // Pre: `model` outlives it.
    GateProbes(const Model& model, LocalNetwork network);

    // The question's first packet at the outbound gate of its sender and at the inbound gate of its receiver, those of them that are here,
    // whatever the first says. With Responses::Asked and where all of them let it pass, its answer likewise. None: no end has a port here,
    // or one has no address of the family. Fails as explain() does.
    //
    // Between ports of one subnet on one bridge a packet enters by the sender's port; between others that are here it is routed by the
    // host; what comes from elsewhere enters by the bridge's uplink, where there is none it was routed too.
    enum class Responses : std::uint8_t { Left, Asked };
    [[nodiscard]] Result<std::vector<GateProbe>> of(const Question& question, Responses responses) const;

   private:
    struct Way;
    [[nodiscard]] Way way_between(const NetworkInterface* from, const NetworkInterface* to) const;
    [[nodiscard]] std::string bridge_of(const LocalPort& port) const;
    [[nodiscard]] Evaluator evaluator_at(const std::string& bridge) const;
    [[nodiscard]] const LocalPort* port_of(const NetworkInterface* interface) const;

    ModelIndex index_;
    LocalNetwork network_;
    std::set<std::string, std::less<>> bound_;
    std::map<std::string, Evaluator> unused_;  // by bridge: without any state
};

}  // namespace portcullis
