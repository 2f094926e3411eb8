// SPDX-License-Identifier: Apache-2.0
// Link-local addresses that ports claimed by duplicate address detection (docs/semantics.md 4.5): the evaluator's memory of them, for one
// bridge.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/address.h"

namespace portcullis {

class LinkLocalClaims {
   public:
    // The interface whose port claimed it; empty: nobody did.
    [[nodiscard]] std::string_view claimant(const Address& address) const {
        const auto found = claims_.find(address);
        return found == claims_.end() ? std::string_view{} : std::string_view(found->second);
    }
    [[nodiscard]] bool has_room(std::string_view interface_id) const {
        constexpr int kClaimsPerPort = 4;
        int count = 0;
        for (const auto& [address, claimant] : claims_) {
            count += claimant == interface_id ? 1 : 0;
        }
        return count < kClaimsPerPort;
    }
    void claim(const Address& address, const std::string& interface_id) { claims_.emplace(address, interface_id); }
    // Frees the claims of the interfaces for which `is_gone` holds: with the port its claims end.
    void end_if(const std::function<bool(const std::string& interface_id)>& is_gone) {
        std::erase_if(claims_, [&](const auto& entry) { return is_gone(entry.second); });
    }

   private:
    std::map<Address, std::string> claims_;
};

}  // namespace portcullis
