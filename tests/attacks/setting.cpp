// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/setting.h"

namespace portcullis::test {

std::vector<Setting> settings() {
    std::vector<Setting> all;
    for (const bool has_taps : {false, true}) {
        for (const bool calls_netfilter : {false, true}) {
            for (const AttachMode attach_mode : {AttachMode::Tcx, AttachMode::Clsact}) {
                for (const XdpMode xdp : {XdpMode::Off, XdpMode::Everywhere}) {
                    all.push_back({.has_taps = has_taps, .calls_netfilter = calls_netfilter, .attach_mode = attach_mode, .xdp = xdp});
                }
            }
            all.push_back({.has_taps = has_taps, .calls_netfilter = calls_netfilter, .back_end = BackEndKind::Nftables});
        }
    }
    all.push_back({.fast_path = FastPath::Namespace});
    return all;
}

std::vector<Setting> fast_path_settings() {
    std::vector<Setting> all = settings();
    std::erase_if(all, [](const Setting& setting) { return setting.fast_path == FastPath::Off; });
    return all;
}

std::vector<Setting> tap_settings() {
    std::vector<Setting> taps = settings();
    std::erase_if(taps, [](const Setting& setting) { return !setting.has_taps; });
    return taps;
}

std::vector<Setting> nftables_settings() {
    std::vector<Setting> all = settings();
    std::erase_if(all, [](const Setting& setting) { return setting.back_end != BackEndKind::Nftables; });
    return all;
}

TestBackEndOptions back_end_of(const Setting& setting) {
    return {.kind = setting.back_end, .xdp = setting.xdp, .attach_mode = setting.attach_mode, .fast_path = setting.fast_path};
}

std::string name_of_setting(const Setting& setting) {
    const char* const hooks = setting.attach_mode == AttachMode::Tcx ? "Tcx" : "Clsact";
    return std::string(setting.has_taps ? "Tap" : "Veth") + (setting.back_end == BackEndKind::Nftables ? "Nftables" : hooks) +
           (setting.calls_netfilter ? "Netfilter" : "") + (setting.xdp == XdpMode::Off ? "" : "EarlyDrop") +
           (setting.fast_path == FastPath::Off ? "" : "FastPath");
}

}  // namespace portcullis::test
