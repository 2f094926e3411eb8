# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Verb vm: the tests inside other kernels, under QEMU's software emulation. What a guest runs is what ctest lists here; each guest reports
# on its second serial line (vm_init says how), kernel messages go to build-vm/KERNEL/console.log. A guest that panics, hangs or ends early
# has not said "end", and that is a failure.

# Tests that a kernel has nothing for, by name: tcx is there since Linux 6.6, sizes of IPv4's BIG TCP since 6.3, tables that outlive their owner since 6.9. They are in no list, so that they
# are no skipped ones either. Those of the stalled program (tests/README.md) are left out on 6.1 too: the real programs load there, but what
# dataplane/stall.bpf.c keeps across its waiting takes more than the 512 bytes of stack that 6.1's verifier gives all frames of a program together.
declare -A vm_without=([5.10]='[Tt]cx|TablesOutliveAFlush' [6.1]='[Tt]cx|TablesOutliveAFlush|BigTcp.*Ipv4|FlowReuseTest.AFlowThatIsOver|FlowReuseAtTest' [6.12]='^$')

# Time limits of tests are meant for a real CPU, and are this many times as long in a guest.
vm_slower=3

# vm_list_tests KERNEL LIST [CTEST ARGUMENT…]: ctest's own list as the lines that vm_init reads; beside it LIST.programs, what they run.
vm_list_tests() {
  local kernel=$1 list=$2
  shift 2
  ctest --test-dir build -C vm --show-only=json-v1 "$@" >"$list.json" || die "ctest could not list the tests"
  jq --raw-output --argjson limit 600 --argjson slower "$vm_slower" --arg without "${vm_without[$kernel]}" '
    [.tests[] | select(.name | test($without) | not)
      | (reduce .properties[]? as $one ({}; .[$one.name] = $one.value)) as $of
      | if .command then . else error("\(.name) is not built") end
      | [if $of.RUN_SERIAL then "serial" else "beside" end, ($of.TIMEOUT // $limit) * $slower, (.name | split("  # ")[0]),
         ($of.WORKING_DIRECTORY | @sh) as $directory
           | "mkdir -p \($directory) && cd \($directory) && exec env \($of.ENVIRONMENT // [] | map(@sh) | join(" "))"
             + " \(.command | map(@sh) | join(" "))"]]
    | .[] | join("\t")' "$list.json" >"$list" || die "not every test is built"
  jq --raw-output '.tests[].command[0]' "$list.json" | sort -u >"$list.programs"
  [ -s "$list" ] || die "ctest lists no such test"
}

# vm_read KERNEL: a guest's report, shown as it comes; leaves the closing line and the status.
vm_read() {
  local kernel=$1 word rest passed=0 failed=0 is_over='' started=$SECONDS
  while read -r word rest; do
    case $word in
      start) say "$kernel: Linux $rest is up after $((SECONDS - started)) s" ;;
      pass) passed=$((passed + 1)) && printf '%s: passed %s\n' "$kernel" "$rest" ;;
      fail) failed=$((failed + 1)) && printf '%s: FAILED %s\n' "$kernel" "$rest" ;;
      output | note) printf '%s:   %s\n' "$kernel" "$rest" ;;
      end) is_over=yes ;;
    esac
  done
  [ -n "$is_over" ] || printf '%s: the guest ended early; build-vm/%s/console.log says more\n' "$kernel" "$kernel"
  printf '%s: %d passed, %d failed (%d s)\n' "$kernel" "$passed" "$failed" $((SECONDS - started))
  [ -n "$is_over" ] && [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# vm_boot KERNEL SECONDS
vm_boot() {
  local kernel=$1 seconds=$2 directory=$root/build-vm/$1
  # TCG of QEMU 7.2 breaks cmpxchg16b, which Linux 6.12 uses; five-level page tables only cost time.
  timeout --foreground --kill-after=10 "$seconds" qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
    -machine pc -accel tcg,thread=multi -cpu max,cx16=off,la57=off -smp 2 -m 3G \
    -kernel "$directory"/package/boot/vmlinuz-* -initrd "$directory/initramfs" \
    -append "console=ttyS0 loglevel=4 panic=-1 nokaslr mitigations=off random.trust_cpu=on" \
    -serial "file:$directory/console.log" -serial stdio </dev/null | vm_read "$kernel"
}

# Loads all programs, then real packets and the daemon: for every change, so in a minute or two for each kernel.
vm_quick=(LoadsEverything.AllPrograms Capabilities BpfDataplaneTest.EnforcesThePolicyItWasGiven FastPathTest.PacketsOfAFlow
  'TcpConnectsToTheAdmittedPort/(Ipv4Bridged|Ipv6Routed)( |$)' DaemonTest.EveryPresentPort)
# Most tests load the programs, for which an emulated verifier takes some fifteen seconds. The usual extent of the kernels with BPF is therefore one
# setting of each: all attacks and hand-written cases, random packets, real stacks, the programs' own tests, and of daemons the first steps. What is left
# out is how packets reach the programs, and what the daemon does by itself, neither of which differs from kernel to kernel.
vm_usual=(LoadsEverything Capabilities 'Modes/BpfDataplaneTest' EstablishedTest HostMapsTest RoomTest 'conformance_cases_(Bpf|Bridge)$'
  'RandomModels\.EvaluatorAndBpf' 'RandomModelsOnABridge.*/Plain$' PacketFuzz 'BridgeTraffic\.Tcp.*/(Ipv4Bridged|Ipv6Routed)$' 'Dhcp.*/Plain'
  'FragmentedPing\.IsAnswered' OffloadTcp BigTcp 'PathMtu\.IsFoundOut' 'RecoveryStack.*/Plain' RoutedEntrance 'DaemonTest\.EveryPresentPort'
  'GuardTest\.Ports' FaultSwap 'FaultDevices\.ANewcomer' integration_fault_guest_test)
# Of nftables what judges packets.
vm_usual+=(NftProbe NftJudgements 'NftHealing' 'HaveTheVerdictsOfTheEvaluator/Nftables( |$)' 'conformance_cases_Nftables_' NftExceptions 'attacks_.*_VethNftables$')
# What each of them adds: its best hooks, and the early drop where it has been shown to load.
declare -A vm_usual_of=([6.1]='attacks_.*_TapClsact$|Reject\.AConnection.*Clsact$'
  [6.12]='attacks_.*_TapTcxEarlyDrop$|Reject\.AConnection.*Tcx$|XdpHooksTest|HealingOfDaemon\.APort')
# Of nftables 5.10 runs all there is but what differs only in how packets reach the rules.
vm_unusual='/Ipv4Routed|/Ipv6Bridged|/Ipv.*WithNetfilter|NftablesWithNetfilter|TapNftables'
# What there is to say of a kernel that is too old for the BPF back end: it boots, that back end is refused, and nftables works.
vm_old='^Capabilities|^NetNamespace|^TestHost|Nft|integration_fault_guest_test'
vm_old_quick='^Capabilities|^NetNamespace|^TestHost|NftProbe|NftJudgements|HaveTheVerdictsOfTheEvaluator/Nftables( |$)'

# vm_selection KERNEL EXTENT: what a kernel is to run when ctest is given no arguments, as arguments of ctest.
vm_selection() {
  case $1.$2 in
    5.10.quick) printf '%s\n' -LE "unit|packaging|bench" -R "$vm_old_quick" ;;
    5.10.usual) printf '%s\n' -LE "unit|packaging|bench" -R "$vm_old" -E "$vm_unusual" ;;
    5.10.all) printf '%s\n' -LE "unit|packaging|bench" -R "$vm_old" ;;
    *.all) printf '%s\n' -LE "unit|packaging|bench" ;;
    *.quick) (IFS='|' && printf '%s\n' -LE 'unit|packaging|bench' -R "${vm_quick[*]}") ;;
    *.usual) (IFS='|' && printf '%s\n' -LE "unit|packaging|bench" -R "${vm_usual[*]}|${vm_usual_of[$1]}") ;;
  esac
}

# The time after which a guest is taken for hung; a machine that has other things to do wants more (--seconds).
declare -A vm_seconds=([quick]=600 [usual]=3600 [all]=14400)

# vm_run EXTENT SECONDS KERNEL… -- [CTEST ARGUMENT…]
vm_run() {
  local extent=$1 seconds=$2 kernel kernels=() selection lists=() failed=()
  shift 2
  while [ "$1" != -- ]; do
    kernels+=("$1")
    shift
  done
  shift
  for kernel in "${kernels[@]}"; do
    mkdir -p "build-vm/$kernel"
    mapfile -t selection < <(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else vm_selection "$kernel" "$extent"; fi)
    vm_list_tests "$kernel" "build-vm/$kernel/tests" "${selection[@]}"
    lists+=("build-vm/$kernel/tests")
    vm_kernel "$kernel"
  done
  say "packing the tests"
  vm_make_base build-vm/base.cpio "${lists[@]}"
  for kernel in "${kernels[@]}"; do
    vm_make_own "build-vm/$kernel/package" "build-vm/$kernel/tests" "build-vm/$kernel/own.cpio"
    cat build-vm/base.cpio "build-vm/$kernel/own.cpio" >"build-vm/$kernel/initramfs"
    say "booting kernel $kernel for $(wc -l <"build-vm/$kernel/tests") tests"
    vm_boot "$kernel" "$seconds" || failed+=("$kernel")
  done
  [ ${#failed[@]} = 0 ] || die "tests failed or did not end on: ${failed[*]}"
}

# verb_vm [--kernel 5.10|6.1|6.12|all] [--quick|--all-tests] [--seconds N] [--] [CTEST ARGUMENT…]
# verb_vm --reboot [--cuts N] [--kernel 6.1|6.12] [--seconds N]
verb_vm() {
  local kernels=("${vm_kernels[@]}") extent=usual seconds='' cuts=3
  while [ $# -gt 0 ]; do
    case $1 in
      --kernel)
        [ "${2:-}" = all ] || [ -n "${vm_suites[${2:-none}]:-}" ] || die "--kernel wants one of ${vm_kernels[*]} or all"
        [ "$2" = all ] || kernels=("$2")
        shift
        ;;
      --quick) extent=quick ;;
      --all-tests) extent=all ;;
      --reboot) extent=reboot ;;
      --seconds | --cuts)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "$1 wants a number"
        if [ "$1" = --cuts ]; then cuts=$2; else seconds=$2; fi
        shift
        ;;
      --) shift && break ;;
      *) break ;;
    esac
    shift
  done
  [ "$(dpkg --print-architecture)" = amd64 ] || die "the kernels for verb vm are those of amd64"
  need_packages "${packages_build[@]}" "${packages_test[@]}" "${packages_vm[@]}"
  if [ "$extent" = reboot ]; then
    [ $# = 0 ] || die "vm --reboot runs no tests of ctest"
    [ ${#kernels[@]} = 1 ] || kernels=(6.12)
    build_preset dev portcullis portcullisd
    vm_reboot "${kernels[0]}" "$cuts" "${seconds:-600}"
    return
  fi
  build_preset dev
  vm_run "$extent" "${seconds:-${vm_seconds[$extent]}}" "${kernels[@]}" -- "$@"
}
