// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/daemon_traffic.h"

#include "tests/integration/ports_model.h"

namespace portcullis::test {

using nlohmann::json;

json two_ports() {
    json model = model_of_ports({"p1", "p2"});
    model["SecurityGroups"][0]["IpPermissions"] = json::array({udp_from_members(kOpen, kOpen)});
    return model;
}

}  // namespace portcullis::test
