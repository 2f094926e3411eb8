# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Verb demo: the outer half. The demo itself (tools/dev.d/demo_run) lives in mount, network and process namespaces of its own: the kernel
# removes all it made, pins and devices included, when it ends, however it ends.

verb_demo() {
  require_root "the demo"
  need_packages "${packages_build[@]}" "${packages_test[@]}" "${packages_demo[@]}"
  build_preset dev portcullis portcullisd
  say "making a throw-away network"
  unshare --mount --propagation unchanged --net --pid --fork --kill-child --mount-proc tools/dev.d/demo_run ||
    die "the demo did not go as expected"
  cat <<'TEXT'

Everything the demo made is gone. On a bridge of your own, say br0 with the tap or veth tap0 of an instance:

  1. Save what your account returns: aws ec2 describe-security-groups, describe-network-acls, describe-subnets, describe-vpcs and
     describe-network-interfaces, one file each, into a directory MODEL; or start from a copy of examples/three-tier.
  2. Say which device belongs to which interface, in one more file of MODEL:
     {"Portcullis": {"Ports": [{"NetworkInterfaceId": "eni-…", "Device": "tap0"}], "Bridges": [{"Device": "br0", "Uplinks": ["eth1"]}]}}
  3. build/bin/portcullis check MODEL               reads it and says what is wrong with it
  4. build/bin/portcullisd --model MODEL            enforces it; stopping the daemon leaves enforcement standing
  5. build/bin/portcullis status                    what is enforced, port by port; `portcullis teardown` removes everything
TEXT
}
