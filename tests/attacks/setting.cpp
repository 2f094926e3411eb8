// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/setting.h"

namespace portcullis::test {

std::vector<Setting> settings() {
    return {{.has_taps = false, .calls_netfilter = false, .attach_mode = AttachMode::Tcx},
            {.has_taps = false, .calls_netfilter = true, .attach_mode = AttachMode::Clsact},
            {.has_taps = true, .calls_netfilter = false, .attach_mode = AttachMode::Clsact},
            {.has_taps = true, .calls_netfilter = true, .attach_mode = AttachMode::Tcx},
            {.has_taps = true, .calls_netfilter = false, .attach_mode = AttachMode::Tcx, .xdp = XdpMode::Everywhere}};
}

std::string name_of_setting(const Setting& setting) {
    return std::string(setting.has_taps ? "Tap" : "Veth") + (setting.attach_mode == AttachMode::Tcx ? "Tcx" : "Clsact") +
           (setting.calls_netfilter ? "Netfilter" : "") + (setting.xdp == XdpMode::Off ? "" : "EarlyDrop");
}

}  // namespace portcullis::test
