// SPDX-License-Identifier: Apache-2.0
// Which ports packets may go to without the bridge: those for which the bridge would do nothing but forward (docs/decisions/0014). Pure.
#pragma once

#include <vector>

#include "core/dataplane.h"
#include "core/fast_path.h"
#include "core/ruleset.h"
#include "tools/daemon/host_devices.h"

namespace portcullis {

// Sets DeviceBinding::fast_path of the bound ports of listed bridges. `most`: as far as any port may have it.
void choose_fast_paths(FastPath most, const Ruleset& ruleset, const HostDevices& devices, std::vector<DeviceBinding>& bindings);

}  // namespace portcullis
