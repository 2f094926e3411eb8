# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Verbs build and test: the CMake presets, and ctest over all tiers.

# configure PRESET: at most one tools/dev works in a build directory at a time.
configure() {
  quietly "configure-$1.log" cmake --preset "$1" || die "cmake could not configure the preset '$1'"
}

# build_preset PRESET [TARGET…]
build_preset() {
  local preset=$1 targets=()
  shift
  [ $# -eq 0 ] || targets=(--target "$@")
  say "building the preset '$preset'"
  configure "$preset"
  cmake --build --preset "$preset" --parallel "$(nproc)" "${targets[@]}" || die "the preset '$preset' does not build"
}

verb_build() {
  need_packages "${packages_build[@]}" "${packages_test[@]}"
  build_preset dev portcullis portcullisd
  say "built build/bin/portcullisd and build/bin/portcullis"
}

# run_ctest BUILD_DIR [CTEST ARGUMENT…]: fails when a test fails, when none ran, and when one was skipped.
run_ctest() {
  local directory=$1 report=$root/$1/ctest.xml
  shift
  ctest --test-dir "$directory" --parallel "$(nproc)" --no-tests=error --output-on-failure --output-junit "$report" "$@" ||
    die "tests failed or none ran"
  ! grep -qE '^[[:space:]]*(skipped|disabled)="[1-9]' "$report" || die "tests were skipped or disabled; nothing may be"
}

verb_test() {
  require_root "testing against the kernel"
  need_packages "${packages_build[@]}" "${packages_test[@]}"
  build_preset dev
  say "running the tests"
  run_ctest build "$@"
}

verb_bench() {
  require_root "measuring in the kernel"
  need_packages "${packages_build[@]}" "${packages_test[@]}"
  build_preset bench portcullis_bench
  say "measuring; on a machine that does anything else the numbers say nothing"
  build-bench/bin/portcullis_bench "$@" || die "the benchmark did not end well"
}
