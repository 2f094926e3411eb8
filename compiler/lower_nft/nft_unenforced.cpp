// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_unenforced.h"

namespace portcullis {

std::vector<Unenforced> nft_unenforced(const Ruleset& ruleset, std::span<const DeviceBinding> devices) {
    std::vector<Unenforced> all;
    for (const DeviceBinding& device : devices) {
        if (device.kind != DeviceBinding::Kind::Bound) {
            continue;
        }
        const OnDeny& on_deny = ruleset.ports[device.port].on_deny;
        if (on_deny.reject) {
            all.push_back({device.ifindex, "OnDeny.Action reject: what is denied is dropped without an answer"});
        }
        if (on_deny.log) {
            all.push_back({device.ifindex, "OnDeny.Log: denials are counted, but make no events"});
        }
    }
    return all;
}

}  // namespace portcullis
