// SPDX-License-Identifier: Apache-2.0
// The devices that documents name, as far as they are on this host, and stand-ins for those that are not: what `render` lowers for.
#pragma once

#include <string>
#include <vector>

#include "core/dataplane.h"
#include "core/ruleset.h"
#include "tools/daemon/host_devices.h"

namespace portcullis {

struct DocumentsHost {
    std::vector<DeviceBinding> devices;
    std::vector<std::string> notes;  // sentences: what was made up, what was left out
};

// `present`: devices of this host. Pure.
[[nodiscard]] DocumentsHost documents_host(const Ruleset& ruleset, HostDevices present);

}  // namespace portcullis
