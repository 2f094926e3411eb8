// SPDX-License-Identifier: Apache-2.0
// A daemon without a kernel, for tests of its API: one device tap0 on br0, over a state directory that may have had a daemon before.
#pragma once

#include <set>

#include "tests/support/fake_dataplane.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/tools/devices.h"
#include "tools/daemon/confirmation.h"
#include "tools/daemon/controller.h"
#include "tools/daemon/model_intake.h"
#include "tools/daemon/state_store.h"

namespace portcullis::test {

struct StateParts {
    TemporaryDirectory directory;
    StateStore store{directory.path(), "this host"};
};

struct DaemonParts {
    explicit DaemonParts(const StateStore& kept) : store_of_daemon(kept) {}

    const StateStore& store_of_daemon;
    FakeDataplane dataplane;
    HostDevices devices = devices_of({{.ifindex = 5, .name = "tap0", .master = kBridge}});
    Controller controller{{.dataplane = dataplane,
                           .store = store_of_daemon,
                           .devices = devices,
                           .default_routes = [] { return std::set<std::uint32_t>{}; },
                           .facts = [] { return HostFacts{}; }},
                          {}};
    ModelIntake intake{controller, store_of_daemon, ""};
    Confirmation confirmation{controller};
};

}  // namespace portcullis::test
