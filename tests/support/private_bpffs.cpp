// SPDX-License-Identifier: Apache-2.0
#include "tests/support/private_bpffs.h"

#include <sched.h>
#include <sys/mount.h>

#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

// Mounts made below /sys from now on are seen in this mount namespace alone. In a chroot "/" is no mount point, /sys is.
bool make_mounts_private() {
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 ||
           ::mount(nullptr, "/sys", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

}  // namespace

PrivateBpffs::PrivateBpffs() {
    if (::unshare(CLONE_NEWNS) != 0 || !make_mounts_private() || ::mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700") != 0) {
        end_test_run("mount a private bpffs");
    }
}

PrivateBpffs::~PrivateBpffs() {
    if (::umount2("/sys/fs/bpf", MNT_DETACH) != 0) {
        end_test_run("unmount the private bpffs");
    }
}

}  // namespace portcullis::test
