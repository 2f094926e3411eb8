# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What a guest of verb vm boots: an initramfs, because the cloud kernels have neither 9p nor a disk driver built in. Two archives, one after
# the other: the tests with all they read and run, under the paths they have here, and the kernel's modules in the order to load them.

# Needed by our programs, or by tests as their surroundings; what a module depends on comes with it.
vm_modules=(veth tun bridge br_netfilter dummy ifb macvlan vxlan 8021q bonding sch_ingress cls_bpf cls_matchall act_bpf act_gact act_mirred
  nf_tables nft_counter nf_conntrack nf_conntrack_bridge nf_conntrack_netlink nft_ct nft_limit nft_log nft_quota nft_meta_bridge nft_reject_bridge
  nft_reject_inet nft_fib_inet nft_nat nft_chain_nat nft_masq nft_connlimit nft_hash nft_numgen nft_fwd_netdev)

# Packages whose programs are there in the guest, for vm_init and for tests to call.
vm_system=(dash bash coreutils grep sed findutils mawk util-linux mount hostname procps kmod iproute2 iputils-ping udhcpc
  dnsmasq-base nftables)

# vm_copy STAGE FILE…: under the same paths.
vm_copy() {
  local stage=$1 file
  shift
  for file in "$@"; do
    mkdir -p "$stage$(dirname "$file")"
    cp --dereference "$file" "$stage$file"
  done
}

# The shared libraries of FILE…, the loader among them.
vm_libraries() {
  local file
  for file in "$@"; do
    ldd "$file" 2>/dev/null || true # fails for what is not linked dynamically
  done | grep -oE '/[^ ]+' | sort -u
}

# A merged /usr with one directory of programs.
vm_stage_system() {
  local stage=$1 programs
  mkdir -p "$stage"/{proc,sys,dev,tmp,run,root,etc,var/lib,usr/{bin,lib,lib64}}
  ln -s usr/bin "$stage/bin"
  ln -s usr/bin "$stage/sbin"
  ln -s bin "$stage/usr/sbin"
  ln -s usr/lib "$stage/lib"
  ln -s usr/lib64 "$stage/lib64"
  mapfile -t programs < <(dpkg --listfiles "${vm_system[@]}" | grep -E '^(/usr)?/s?bin/[^/]+$' | awk -F / '!seen[$NF]++')
  cp --dereference --target-directory "$stage/usr/bin" "${programs[@]}"
  ln -sf dash "$stage/usr/bin/sh"
  ln -sf mawk "$stage/usr/bin/awk"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$stage/etc/passwd"
  echo 'root:x:0:' >"$stage/etc/group"
  cp tools/dev.d/vm_init "$stage/init"
  cp tools/dev.d/vm_guest "$stage/vm_guest"
}

# vm_stage_build STAGE LIST…: the sources, for the data among them, and the programs that the listed tests run, without debug information;
# with what tests load into them before libc.
vm_stage_build() {
  local stage=$1 program
  shift
  mkdir -p "$stage$root/build/bin" "$stage$root/build/tests/integration"
  (cd "$root" && tar --exclude='./build*' --exclude=./.git --create .) | tar --extract --directory "$stage$root"
  for program in build/bin/portcullis build/bin/portcullisd build/tests/integration/*.so $(sort -u "${@/%/.programs}"); do
    strip --strip-debug -o "$stage$root/${program#"$root/"}" "$program"
  done
}

# vm_archive_of DIRECTORY FILE: everything in it, owned by root.
vm_archive_of() {
  (cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --null --create --format=newc --owner=0:0 --quiet) >"$2"
}

# vm_make_base ARCHIVE LIST…: for all kernels, with the programs of all lists.
vm_make_base() {
  local archive=$1 stage=$root/build-vm/stage libraries
  shift
  rm -rf "$stage"
  vm_stage_system "$stage"
  vm_stage_build "$stage" "$@"
  mapfile -t libraries < <(vm_libraries "$stage"/usr/bin/* "$stage$root"/build/bin/*)
  vm_copy "$stage" "${libraries[@]}"
  vm_archive_of "$stage" "$archive"
  rm -rf "$stage"
}

# The files of the modules in PACKAGE in the order to load them. One that this kernel does not have is left out: the tests tell.
vm_modules_of() {
  local package=$1 release module
  release=$(basename "$package"/lib/modules/*)
  depmod --basedir "$package" "$release"
  for module in "${vm_modules[@]}"; do
    modprobe --dirname "$package" --set-version "$release" --show-depends "$module" 2>/dev/null || true
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# vm_make_own PACKAGE LIST ARCHIVE: what one kernel has of its own: /modules/0001-NAME.ko and so on, and its list of tests.
vm_make_own() {
  local package=$1 list=$2 archive=$3 stage=$root/build-vm/stage file name number=0
  rm -rf "$stage"
  mkdir -p "$stage/modules" "$stage/vm"
  cp "$list" "$stage/vm/tests"
  while read -r file; do
    number=$((number + 1))
    name=$(printf '%s/modules/%04d-%s' "$stage" "$number" "$(basename "${file%.xz}")")
    case $file in
      *.xz) xz --decompress --stdout "$file" >"$name" ;;
      *) cp "$file" "$name" ;;
    esac
  done < <(vm_modules_of "$package")
  [ "$number" -gt 0 ] || die "there are no modules in $package"
  vm_environment >"$stage/vm/environment"
  vm_archive_of "$stage" "$archive"
  rm -rf "$stage"
}

# The caller's settings for random models go along. Without any, there are fewer: a guest is ten to twenty times slower.
vm_environment() {
  local name
  echo "export PORTCULLIS_PATIENCE=20 PORTCULLIS_RANDOM_MODELS=20 PORTCULLIS_RANDOM_BRIDGE_MODELS=2"
  for name in $(compgen -e PORTCULLIS_RANDOM_ || true); do
    printf 'export %s=%q\n' "$name" "${!name}"
  done
}
