# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The distribution packages of each verb; the names are the same in Debian 12 and 13.

packages_build=(g++ clang cmake ninja-build pkg-config bpftool libbpf-dev libmnl-dev libnftnl-dev nlohmann-json3-dev libcli11-dev libexpected-dev
  libtoml11-dev libboost-dev libspdlog-dev)
packages_test=(libgtest-dev libgmock-dev nftables iproute2 iputils-ping iperf3 udhcpc dnsmasq-base
  systemd dpkg-dev file groff-base) # of tests/packaging
packages_check=(clang-format clang-tidy clang-tools libclang-rt-dev shellcheck python3 python3-yaml)
packages_package=(dpkg-dev file)
packages_demo=(iproute2 iputils-ping curl socat busybox jq)
packages_vm=(qemu-system-x86 e2fsprogs binutils cpio xz-utils jq debian-archive-keyring procps kmod iproute2 iputils-ping)

is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_packages NAME…: installs those that are missing.
need_packages() {
  local package missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || die "these packages are missing, and only root can install them: ${missing[*]}"
  say "installing ${#missing[@]} packages: ${missing[*]}"
  quietly apt-update.log apt-get update -q -o DPkg::Lock::Timeout=300 || die "apt-get update failed"
  DEBIAN_FRONTEND=noninteractive quietly apt-install.log \
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" ||
    die "apt-get could not install: ${missing[*]}"
}
