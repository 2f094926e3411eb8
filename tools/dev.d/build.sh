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

# The commit that is measured, with "+" where the files differ from it.
measured_commit() {
  local commit
  commit=$(git rev-parse --short HEAD 2>/dev/null) || commit=unknown
  [ -z "$(git status --porcelain 2>/dev/null)" ] || commit+=+
  printf '%s\n' "$commit"
}

# --record, which must come first: of everything, of a commit without changes, into docs.
verb_bench() {
  local commit record=
  if [ "${1:-}" = --record ]; then
    record=yes
    shift
    [ $# -eq 0 ] || die "what is recorded is everything: --record takes no other options"
  fi
  require_root "measuring in the kernel"
  need_packages "${packages_build[@]}" "${packages_test[@]}"
  commit=$(measured_commit)
  [ -z "$record" ] || [[ $commit != *+ && $commit != unknown ]] || die "what is recorded is a commit: there are changes, or there is no repository"
  build_preset dev portcullis_bench
  say "measuring; on a machine that does anything else the numbers say nothing"
  rm -rf build/bench
  build/bin/portcullis_bench --directory build/bench --commit "$commit" "$@" || die "the benchmark did not end well"
  say "report, samples and plots are in build/bench"
  [ -z "$record" ] || record_measurement
}

record_measurement() {
  rm -rf docs/measured
  mkdir docs/measured
  cp build/bench/samples.json build/bench/*.svg docs/measured/
  sed 's|](B|](measured/B|' build/bench/report.md >docs/measured.md
  say "put down in docs/measured.md and docs/measured; commit them"
}
