# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Verb check: everything a change has to pass, the quick steps first.

check_format() {
  sources core compiler bpf loader fallback tools tests | xargs clang-format --dry-run --Werror
}

check_shell() {
  shellcheck --external-sources --check-sourced tools/dev tools/dev.d/{vm_init,vm_reboot_init} .ci/run tests/packaging/check \
    packaging/man/describe packaging/completion/portcullis packaging/debian/{postinst,prerm,postrm} # tools/dev sources all of tools/dev.d
}

# The kernel side, with the flags of cmake/BpfObject.cmake that matter to a reader.
check_tidy_bpf() {
  clang-tidy --quiet bpf/*.bpf.c -- -target bpf -mcpu=v3 -O2 -std=gnu11 -I"$root" -isystem "/usr/include/$(uname -m)-linux-gnu" \
    2>build/log/tidy-bpf.log
}

# Every source of ours that the tidy preset compiles; the generated skeletons are all that has to be built for it.
check_tidy() {
  configure tidy
  quietly tidy-generate.log cmake --build build-tidy --target tc_skel_generate xdp_skel_generate || return 1
  run-clang-tidy -p build-tidy -j "$(nproc)" -quiet "^$root/(core|compiler|loader|fallback|tools)/" >build/log/tidy.log 2>&1 && return
  grep -E '(warning|error):' -A 4 build/log/tidy.log | head -n 200 >&2
  return 1
}

# step SENTENCE COMMAND…
step() {
  local sentence=$1 started=$SECONDS
  shift
  say "checking $sentence"
  "$@" || die "$sentence: see above"
  say "checked $sentence ($((SECONDS - started)) s)"
}

check_deeply() {
  step "the kernel side with clang-tidy" check_tidy_bpf
  step "user space with clang-tidy" check_tidy
  step "that clang++ compiles everything, with sanitizers" build_preset asan
  step "the unit tests under sanitizers" run_ctest build-asan -L unit
}

# verb_check [--quick] [CTEST ARGUMENT…]: quick leaves out clang-tidy, clang++, the sanitizers and the other kernels.
verb_check() {
  local is_quick=
  [ "${1:-}" != --quick ] || {
    is_quick=yes
    shift
  }
  require_root "checking, which ends with the tests,"
  mkdir -p build/log
  need_packages "${packages_build[@]}" "${packages_test[@]}" "${packages_check[@]}"
  step "the format" check_format
  step "includes and files" check_layers
  step "the shell scripts" check_shell
  [ -n "$is_quick" ] || check_deeply
  verb_test "$@"
  [ -n "$is_quick" ] || step "what is said of other kernels" verb_vm --quick
}
