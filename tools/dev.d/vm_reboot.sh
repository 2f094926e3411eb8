# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# tools/dev vm --reboot: a guest whose state directory is on a disk is reset and has its power cut while a model changes, and boots again each
# time (vm_reboot_init). Its disk goes through QEMU to a file: what the guest had not written when QEMU is killed is lost, as with a machine.

# vm_reboot_archive PROGRAMS CUTS ARCHIVE: what makes a guest of verb vm this one.
vm_reboot_archive() {
  local stage=$root/build-vm/stage
  rm -rf "$stage"
  mkdir -p "$stage/vm"
  cp tools/dev.d/vm_reboot_init "$stage/init"
  printf 'programs=%q cuts=%q\n' "$1" "$2" >"$stage/vm/reboot"
  vm_archive_of "$stage" "$3"
  rm -rf "$stage"
}

# vm_reboot_run DIRECTORY REPORT SECONDS WORD: boots until the guest says WORD or fails; leaves QEMU's process in vm_reboot_pid.
vm_reboot_run() {
  local directory=$1 reports=$2 seconds=$3 word=$4 end
  : >"$reports"
  qemu-system-x86_64 -nodefaults -no-user-config -display none \
    -machine pc -accel tcg,thread=multi -cpu max,cx16=off,la57=off -smp 2 -m 1G \
    -kernel "$directory"/package/boot/vmlinuz-* -initrd "$directory/initramfs" \
    -append "console=ttyS0 loglevel=4 panic=30 nokaslr mitigations=off random.trust_cpu=on" \
    -drive "file=$directory/disk,format=raw,if=virtio,cache=writeback" \
    -serial "file:$directory/console.log" -serial "file:$reports" </dev/null &
  vm_reboot_pid=$!
  end=$((SECONDS + seconds))
  until grep -qE "^($word|fail)" "$reports"; do
    if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$vm_reboot_pid" 2>/dev/null; then break; fi
    sleep 0.2
  done
  grep -q "^$word" "$reports"
}

vm_reboot_cut() {
  kill -9 "$vm_reboot_pid" 2>/dev/null || true
  wait "$vm_reboot_pid" 2>/dev/null || true
}

# vm_reboot KERNEL CUTS SECONDS
vm_reboot() {
  local kernel=$1 cuts=$2 seconds=$3 directory=build-vm/$1 cut reports is_so
  local vm_modules=("${vm_modules[@]}" crc32c_generic virtio_pci virtio_blk ext4)
  mkdir -p "$directory"
  : >"$directory/tests"
  : >"$directory/tests.programs"
  vm_kernel "$kernel"
  say "packing the programs"
  vm_make_base build-vm/base.cpio "$directory/tests"
  vm_make_own "$directory/package" "$directory/tests" "$directory/own.cpio"
  vm_reboot_archive "$root/build/bin" "$cuts" "$directory/reboot.cpio"
  cat build-vm/base.cpio "$directory"/{own,reboot}.cpio >"$directory/initramfs"
  rm -f "$directory/disk" "$directory"/reboot.*.report
  truncate --size 32M "$directory/disk"
  mkfs.ext4 -q "$directory/disk" || die "cannot make a file system"
  for cut in $(seq 1 $((cuts + 1))); do
    reports=$directory/reboot.$cut.report
    is_so=yes
    if [ "$cut" -le "$cuts" ]; then
      say "$kernel: booting, and cutting the power for the ${cut}. time while the model changes"
      vm_reboot_run "$directory" "$reports" "$seconds" changing || is_so=
      [ -z "$is_so" ] || sleep "$((RANDOM % 3)).$((RANDOM % 900 + 100))"
    else
      say "$kernel: booting once more, and then without a daemon"
      vm_reboot_run "$directory" "$reports" "$seconds" end || is_so=
    fi
    vm_reboot_cut
    grep -E '^(start|pass|fail|output)' "$reports" | sed "s/^/$kernel: /" || true
    if grep -q '^fail' "$reports"; then is_so=; fi
    [ -n "$is_so" ] || die "$reports and $directory/console.log say what went wrong"
  done
  say "$kernel: $(cat "$directory"/reboot.*.report | grep -c ^pass) checks passed over two resets and $cuts power cuts"
}
