// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/small_maps.h"

#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/support/netns.h"

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
                         .ports = 16,
                         .flows4 = 1024,
                         .flows6 = 1024};
}

ScratchBpffs::ScratchBpffs() {
    std::string name = "/tmp/pc-bpffs-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) end_test_run("make a directory in /tmp");
    mount_point_ = name;
    if (::mount("scratch", name.c_str(), "bpf", 0, nullptr) != 0) end_test_run("mount a bpffs");
}

ScratchBpffs::~ScratchBpffs() {
    (void)::umount2(mount_point_.c_str(), MNT_DETACH);  // the last user's exit frees it
    (void)::rmdir(mount_point_.c_str());
}

}  // namespace portcullis::test
