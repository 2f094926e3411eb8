// SPDX-License-Identifier: Apache-2.0
// Which state in the kernel does not outlive a change of the ruleset (docs/semantics.md 5.5, 7.8, 9.2): pure data for fallback/, which
// reads the elements of dynamic sets, asks here, and deletes or changes them in the transaction of the change or right behind it.
//
// Of a former ruleset that nobody remembers (a daemon that has started anew) it is not known which addresses were whose: then flows end
// that the next one could not have (docs/nftables.md).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/lower_nft/nft_flow_element.h"
#include "compiler/lower_nft/nft_image.h"
#include "compiler/lower_nft/nft_port.h"
#include "core/dataplane.h"
#include "core/ruleset.h"

namespace portcullis {

struct NftEnforced {
    const Ruleset* ruleset = nullptr;
    std::span<const DeviceBinding> devices;
    const NftBindings* bindings = nullptr;  // of those devices
};

// What becomes of an element with a change.
struct NftFate {
    enum class Kind : std::uint8_t { Stays, Ends, Becomes };
    Kind kind = Kind::Stays;
    NftBytes data{};  // Becomes: instead of what the element has; its time goes on
    bool operator==(const NftFate&) const = default;
};

class NftEnds {
   public:
    // Pre: everything outlives this. To be made only for a change: the memory of fragments ends with any.
    NftEnds(std::optional<NftEnforced> former, NftEnforced next);

    // Dynamic sets of the bridge table all of whose elements go (9.2). Not all of them need exist.
    [[nodiscard]] static std::vector<std::string> emptied();
    // Sets of the bridge table of whose elements each is to be asked about; to be read in this order: a flow that goes from one map to
    // another meanwhile is then read at least once.
    [[nodiscard]] std::vector<std::string> asked() const;
    // Pre: the set is one of asked(), and the element one of it: key and data. What is of no binding of the next ruleset ends.
    [[nodiscard]] NftFate fate_of(const std::string& set, const NftElement& element) const;

   private:
    void find_moved();
    [[nodiscard]] NftFate fate_of(const NftPort& port, NftFlowElement flow) const;
    [[nodiscard]] bool has_gained_owner(const NftPort& port, const Address& address) const;

    std::optional<NftEnforced> former_;
    NftHost next_host_;
    std::vector<NftPort> next_ports_;
    std::set<std::pair<std::string, Prefix>> moved_;               // (VPC, prefix) of the former ruleset whose interfaces are others now
    std::unordered_map<std::uint32_t, const NftPort*> by_number_;  // of next_ports_
    std::set<std::string> claimants_;                              // names of the maps of all bridges
};

}  // namespace portcullis
