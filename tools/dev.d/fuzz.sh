# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# tools/dev fuzz: bent frames before the evaluator and the BPF programs, changed documents before the compiler, bent requests before the API, for
# as long as one likes. Documents and requests meet a build under address and undefined-behaviour sanitizers.

# Name, preset, program and what a run that went well says.
fuzz_forms=(
  "packets dev fuzz_packet_test no frame had two verdicts"
  "documents asan fuzz_document_test every document was refused with a reason or became a policy"
  "api asan fuzz_api_test the API answered everybody, and what it refused changed nothing"
)

# verb_fuzz [FORM…] [--seconds N] [--seed S]
verb_fuzz() {
  local wanted=() seconds=60 seed=drawn known form name preset program sentence directory log
  known=$(printf '%s\n' "${fuzz_forms[@]}" | cut -d' ' -f1 | paste -sd' ')
  while [ $# -gt 0 ]; do
    case $1 in
      --seconds | --seed)
        [[ ${2:-} =~ ^[0-9]+$ ]] || die "fuzz: $1 needs a number"
        if [ "$1" = --seconds ]; then seconds=$2; else seed=$2; fi
        shift 2
        ;;
      *)
        [[ " $known " == *" $1 "* ]] || die "fuzz: unknown argument '$1'; known are $known, --seconds N and --seed S"
        wanted+=("$1")
        shift
        ;;
    esac
  done
  [ "$seconds" -gt 0 ] || die "fuzz: --seconds needs a number above 0"
  [ ${#wanted[@]} -gt 0 ] || read -ra wanted <<<"$known"
  require_root fuzz
  need_packages "${packages_build[@]}" "${packages_test[@]}" "${packages_check[@]}"
  mkdir -p build/log
  for form in "${fuzz_forms[@]}"; do
    read -r name preset program sentence <<<"$form"
    [[ " ${wanted[*]} " == *" $name "* ]] || continue
    build_preset "$preset" "$program"
    directory=build
    [ "$preset" = dev ] || directory=build-$preset
    log=$root/build/log/fuzz-$name.log
    say "$name for $seconds seconds"
    # What a failure prints (the model and the packets of a case) is long: it stays whole in the log.
    if ! env "PORTCULLIS_FUZZ_SECONDS=$seconds" "PORTCULLIS_FUZZ_SEED=$seed" "$directory/bin/$program" >"$log" 2>&1 </dev/null; then
      grep -E '^PORTCULLIS_FUZZ_SEED|^  (evaluator|judge):|ERROR: |runtime error' "$log" | head -n 20 >&2 || true
      die "$name: the case is in ${log#"$root"/}"
    fi
    grep -E '^PORTCULLIS_FUZZ_SEED|packets:|^documents |^conversations ' "$log"
    say "$sentence"
  done
}
