// SPDX-License-Identifier: Apache-2.0
// Which state in the kernel does not outlive a change of the ruleset (docs/semantics.md 5.5, 7.8, 9.2): pure data for fallback/, which
// reads the elements of dynamic sets, asks here, and deletes or changes them in the transaction of the change or right behind it.
//
// Of a former ruleset that nobody remembers (a daemon that has started anew) it is not known which addresses were whose: then flows end
// that the next one could not have (docs/nftables.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/nft_image.h"
#include "compiler/nft_port.h"
#include "core/dataplane.h"
#include "core/ruleset.h"

namespace portcullis {

struct NftEnforced {
    const Ruleset* ruleset = nullptr;
    std::span<const DeviceBinding> devices;
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

    // Dynamic sets of the bridge table all of whose elements go. Not all of them need exist.
    [[nodiscard]] const std::vector<std::string>& emptied() const { return emptied_; }
    // Data maps of the bridge table of whose elements each is to be asked about; to be read in this order: a flow that goes from one map to
    // another meanwhile is then read at least once.
    [[nodiscard]] std::vector<std::string> asked() const;
    // Pre: the set is one of asked(), and the element one of it: key and data.
    [[nodiscard]] NftFate fate_of(const std::string& set, const NftElement& element) const;

   private:
    struct Asked {
        const NftPort* port = nullptr;
        Family family = Family::Ipv4;
        bool is_new_here = false;  // no former ruleset tells whose addresses were
    };
    void look_at(const NftPort& port);
    void find_moved();
    [[nodiscard]] bool has_gained_owner(const NftPort& port, const Address& address) const;

    std::optional<NftEnforced> former_;
    NftHost former_host_;
    NftHost next_host_;
    std::vector<NftPort> former_ports_;
    std::vector<NftPort> next_ports_;
    std::set<std::pair<std::string, Prefix>> moved_;  // (VPC, prefix) of the former ruleset whose interfaces are others now
    std::vector<std::string> emptied_;
    std::map<std::string, Asked, std::less<>> asked_;
};

}  // namespace portcullis
