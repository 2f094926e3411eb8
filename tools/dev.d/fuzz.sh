# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# tools/dev fuzz: bent frames before the evaluator and the BPF programs, for as long as one likes.

# verb_fuzz [--seconds N] [--seed S]
verb_fuzz() {
  local seconds=60 seed=drawn log=$root/build/log/fuzz.log
  while [ $# -gt 0 ]; do
    case $1 in
      --seconds | --seed) [ $# -gt 1 ] || die "fuzz: $1 needs a number" ;;
      *) die "fuzz: unknown argument '$1'; known are --seconds N and --seed S" ;;
    esac
    [[ $2 =~ ^[0-9]+$ ]] || die "fuzz: $1 needs a number, not '$2'"
    if [ "$1" = --seconds ]; then seconds=$2; else seed=$2; fi
    shift 2
  done
  [ "$seconds" -gt 0 ] || die "fuzz: --seconds needs a number above 0"
  require_root fuzz
  need_packages "${packages_build[@]}" "${packages_test[@]}"
  build_preset dev fuzz_packet_test
  say "bending frames for $seconds seconds"
  mkdir -p "${log%/*}"
  # What a failure prints (the model and the packets of a case) is long: it stays whole in the log.
  if ! env "PORTCULLIS_FUZZ_SECONDS=$seconds" "PORTCULLIS_FUZZ_SEED=$seed" build/bin/fuzz_packet_test >"$log" 2>&1 </dev/null; then
    grep -E '^PORTCULLIS_FUZZ_SEED|^  (evaluator|judge):' "$log" | head -n 20 >&2 || true
    die "the judges differ: the case is in ${log#"$root"/}"
  fi
  grep -E '^PORTCULLIS_FUZZ_SEED|packets:' "$log"
  say "no frame had two verdicts"
}
