# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What tools/dev prints of its own: one line per step on stderr, one sentence on failure.

say() { printf 'tools/dev: %s\n' "$*" >&2; }

die() {
  say "failed: $*"
  exit 1
}

# quietly LOG COMMAND…: keeps the output in build/log/LOG and shows its end only on failure.
quietly() {
  local log=$root/build/log/$1
  shift
  mkdir -p "$root/build/log"
  "$@" >"$log" 2>&1 </dev/null && return
  tail -n 40 "$log" >&2
  say "(the whole output is in ${log#"$root"/})"
  return 1
}

require_root() {
  [ "$(id -u)" = 0 ] || die "$1 needs root"
}
