// SPDX-License-Identifier: Apache-2.0
// A number for each binding of an interface to a device. What packets leave in nf_tables stands under it in sets that all ports share, so
// it is never used again: a device that comes back under its former ifindex, or for another interface, finds nothing of what was before,
// from the transaction of the change on. So does an interface that is moved to another VPC, where other addresses mean other interfaces,
// and a port that changes bridges, where others have claimed theirs. The numbers are kept in the kernel, in a map that rules read, and
// outlive the daemon there.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>

#include "compiler/lower_nft/nft_image.h"
#include "core/dataplane.h"
#include "core/ruleset.h"

namespace portcullis {

// Name of the map of the bridge table {ifindex} -> number; under ifindex 0, which no device has, the last number that was given. An
// element's comment says whose binding it is.
inline constexpr const char* kNftNumbers = "port.numbers";

class NftBindings {
   public:
    NftBindings() = default;  // of no device
    // Of all Bound devices. Those that `standing` numbers for the same interface, VPC and bridge keep their number, unless their ifindex is
    // among `renewed`: another device has it now.
    NftBindings(const NftImage& standing, const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                const std::set<std::uint32_t>& renewed);

    // 0: the device is not bound.
    [[nodiscard]] std::uint32_t number_of(std::uint32_t ifindex) const;
    // The map as it is to be.
    [[nodiscard]] NftSet map() const;

    bool operator==(const NftBindings&) const = default;

   private:
    struct Binding {
        std::uint32_t number = 0;
        std::string comment;
        bool operator==(const Binding&) const = default;
    };
    std::map<std::uint32_t, Binding> bindings_;  // by ifindex
    std::uint32_t last_ = 0;
};

}  // namespace portcullis
