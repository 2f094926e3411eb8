// SPDX-License-Identifier: Apache-2.0
// UDP ports at which the kernel unwraps foo-over-UDP (`ip fou add`). They are no devices and nothing tells when they change: asked for.
#pragma once

#include <vector>

#include "core/host_facts.h"
#include "core/result.h"

namespace portcullis {

// Of the calling thread's network namespace; none where the kernel has no such tunnels.
[[nodiscard]] Result<std::vector<TunnelEndpoint>> dump_fou_ports();

}  // namespace portcullis
