// SPDX-License-Identifier: Apache-2.0
// Where a battlefield stands: kind of ports, hooks, and what the bridge hands to netfilter. Every attack is tried in every setting; which
// of them ctest runs without being asked for more says CMakeLists.txt.
#pragma once

#include <string>
#include <vector>

#include "tests/support/test_back_end.h"

namespace portcullis::test {

struct Setting {
    bool has_taps = false;         // the ports are tap devices, not veth pairs
    bool calls_netfilter = false;  // net.bridge.bridge-nf-call-{arp,ip,ip6}tables
    AttachMode attach_mode = AttachMode::Tcx;
    XdpMode xdp = XdpMode::Off;
    BackEndKind back_end = BackEndKind::Bpf;  // Nftables has no hooks to choose
    FastPath fast_path = FastPath::Off;       // of every port
    bool operator==(const Setting&) const = default;
};

// Every combination, without a fast path; and one with it.
[[nodiscard]] std::vector<Setting> settings();
[[nodiscard]] std::vector<Setting> fast_path_settings();
// Those whose ports take segments uncut.
[[nodiscard]] std::vector<Setting> tap_settings();
[[nodiscard]] std::vector<Setting> nftables_settings();
[[nodiscard]] TestBackEndOptions back_end_of(const Setting& setting);
[[nodiscard]] std::string name_of_setting(const Setting& setting);

}  // namespace portcullis::test
