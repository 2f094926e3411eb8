// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/setting.h"

namespace portcullis::test {

std::vector<Setting> settings() {
    std::vector<Setting> all;
    for (const bool has_taps : {false, true}) {
        for (const AttachMode attach_mode : {AttachMode::Tcx, AttachMode::Clsact}) {
            for (const bool calls_netfilter : {false, true}) {
                for (const XdpMode xdp : {XdpMode::Off, XdpMode::Everywhere}) {
                    all.push_back({.has_taps = has_taps, .calls_netfilter = calls_netfilter, .attach_mode = attach_mode, .xdp = xdp});
                }
            }
        }
    }
    return all;
}

std::vector<Setting> tap_settings() {
    std::vector<Setting> taps = settings();
    std::erase_if(taps, [](const Setting& setting) { return !setting.has_taps; });
    return taps;
}

std::string name_of_setting(const Setting& setting) {
    return std::string(setting.has_taps ? "Tap" : "Veth") + (setting.attach_mode == AttachMode::Tcx ? "Tcx" : "Clsact") +
           (setting.calls_netfilter ? "Netfilter" : "") + (setting.xdp == XdpMode::Off ? "" : "EarlyDrop");
}

}  // namespace portcullis::test
