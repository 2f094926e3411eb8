# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# tools/dev soak: the daemon and what is around it break as often as one likes, while the four probes of tests/integration/fault_host.h run.

# Name, program and test of each, and how often by default.
soak_faults=(
  "kill integration_fault_kill_test FaultKill.* 1000"
  "swap integration_fault_kill_test FaultSwap.* 1000"
  "nft-swap integration_fault_nft_test FaultNftSwap.* 1000"
  "plug integration_fault_devices_test FaultDevices.ANewcomer* 10000"
  "exchange integration_fault_devices_test FaultDevices.ADevice* 1000"
  "flap integration_fault_devices_test FaultDevices.Events* 5000"
  "clients integration_fault_daemon_test FaultDaemon.WhoseClients* 10000"
  "upgrade integration_fault_daemon_test FaultDaemon.ThatIsExchanged* 100"
  "backend integration_fault_daemon_test FaultDaemon.WhoseBackEnd* 50"
)

# verb_soak [FAULT…] [--count N] [--seed S]
verb_soak() {
  local wanted=() count='' seed=7001 name program filter usual log known found
  known=$(printf '%s\n' "${soak_faults[@]}" | cut -d' ' -f1 | paste -sd' ')
  while [ $# -gt 0 ]; do
    case $1 in
      --count | --seed)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "soak: $1 needs a number above 0"
        if [ "$1" = --count ]; then count=$2; else seed=$2; fi
        shift 2
        ;;
      *)
        [[ " $known " == *" $1 "* ]] || die "soak: unknown argument '$1'; known are $known, --count N and --seed S"
        wanted+=("$1")
        shift
        ;;
    esac
  done
  [ ${#wanted[@]} -gt 0 ] || read -ra wanted <<<"$known"
  require_root soak
  need_packages "${packages_build[@]}" "${packages_test[@]}"
  build_preset dev portcullis portcullisd integration_fault_kill_test integration_fault_devices_test integration_fault_daemon_test \
    integration_fault_nft_test
  mkdir -p build/log
  for found in "${soak_faults[@]}"; do
    read -r name program filter usual <<<"$found"
    [[ " ${wanted[*]} " == *" $name "* ]] || continue
    say "$name: ${count:-$usual} times, with the seed $seed"
    log=$root/build/log/soak-$name.log
    # What a failure prints (the daemon's log) is long: it stays whole in the file.
    env "PORTCULLIS_FAULT_COUNT=${count:-$usual}" "PORTCULLIS_FAULT_SEED=$seed" "build/bin/$program" "--gtest_filter=$filter" 2>&1 </dev/null |
      tee "$log" | grep --line-buffered -E '^[0-9]+ of [0-9]+$|^forbidden packets|^packets of|Failure' ||
      true
    grep -q '^\[  PASSED  \] 1 test' "$log" || die "$name: what went wrong is in ${log#"$root"/}"
  done
  say "whatever broke, nothing that is forbidden was delivered and nothing that is allowed was lost"
}
