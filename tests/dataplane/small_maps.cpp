// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/small_maps.h"

namespace portcullis::test {

MapCapacities small_maps() {
    return MapCapacities{.rules = 256,
                         .port_sets = 128,
                         .port_set_entries = 1024,
                         .policies = 64,
                         .cidrs4 = 256,
                         .cidrs6 = 256,
                         .group_sets = 64,
                         .groups = 64,
                         .interfaces = 64,
                         .zones = 8,
                         .subnets = 16,
                         .owners = 256,
                         .address_sets = 64,
                         .addresses4 = 256,
                         .addresses6 = 256,
                         .members4 = 256,
                         .members6 = 256,
                         .services = 256,
                         .service_sets = 64,
                         .host_addresses = 64,
                         .tunnels = 64,
                         .names = 1024,
                         .departed4 = 256,
                         .departed6 = 256,
                         .ports = 16,
                         .flows4 = 1024,
                         .flows6 = 1024};
}

}  // namespace portcullis::test
