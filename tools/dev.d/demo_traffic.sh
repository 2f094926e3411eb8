# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The demo's traffic: real servers and clients, and for each attempt what was expected, what happened and which rule decides it.

# expected | from | its address | to | how, port | what it is
# "guard REASON" instead of an expectation: to be dropped by a check that asks no rule; the port's counter tells, not `explain`.
probes=(
  'pass|client|203.0.113.10|10.20.1.10|http 80|a customer opens the web page'
  'pass|client|2001:db8:ffff::10|2001:db8:20:1::10|http 80|a customer opens the web page over IPv6'
  'drop|client|198.51.100.10|10.20.1.10|http 80|the same from a network that the ACL denies'
  'pass|client|203.0.113.10|10.20.1.10|ping|the office pings the web server'
  'pass|client|2001:db8:ffff::10|2001:db8:20:1::10|ping|the office pings the web server over IPv6'
  'drop|client|203.0.113.10|10.20.1.10|http 8080|a customer tries another port'
  'drop|client|203.0.113.10|10.20.2.10|http 8080|a customer tries the application'
  'pass|web|10.20.1.10|10.20.2.10|http 8080|the web server calls the application'
  'pass|web|2001:db8:20:1::10|2001:db8:20:2::10|http 8080|the web server calls the application, IPv6'
  'drop|web|10.20.1.10|10.20.2.20|connect 5432|the web server tries the database'
  'pass|app|10.20.2.10|10.20.2.20|connect 5432|the application uses the database'
  'pass|app|2001:db8:20:2::10|2001:db8:20:2::20|connect 5432|the application uses the database, IPv6'
  'drop|app|10.20.2.10|10.20.2.20|ping|the application pings the database'
  'drop|db|10.20.2.20|203.0.113.10|http 80|the database calls the outside'
  'guard source_address|web|10.20.1.77|203.0.113.10|ping|the web server uses an address not its own'
)

# Web servers in every place, on both ports, so that nothing but the policy stops an attempt; a line-based "database" on the third.
start_servers() {
  local name port
  mkdir -p "$run/www"
  echo "hello" >"$run/www/index.html"
  for name in client web app db; do
    for port in 80 8080; do
      inside "$name" busybox httpd -f -p "[::]:$port" -h "$run/www" >"$run/log" 2>&1 &
    done
    inside "$name" socat TCP6-LISTEN:5432,fork,ipv6only=0 SYSTEM:'echo ready' >"$run/log" 2>&1 &
  done
  await_servers
  inside web ip address add 10.20.1.77/32 dev eth0 # for the attempt with an address that is not its own
}

await_servers() {
  local name deadline=$((SECONDS + 20))
  for name in client web app db; do
    until [ "$(inside "$name" ss --no-header --listening --numeric --tcp | wc -l)" -ge 3 ]; do
      [ "$SECONDS" -lt "$deadline" ] || die "the demo's servers did not start"
      sleep 0.05
    done
  done
}

# An IPv6 address as URLs and socat want it.
bracketed() { if [[ $1 == *:* ]]; then echo "[$1]"; else echo "$1"; fi; }

# attempt NAME FROM TO KIND PORT SECONDS: succeeds when the answer arrived in time.
attempt() {
  local name=$1 from=$2 to=$3 kind=$4 port=$5 seconds=$6
  case $kind in
    http) inside "$name" curl -sf -o "$run/answer" --interface "$from" --max-time "$seconds" "http://$(bracketed "$to"):$port/" ;;
    connect) inside "$name" timeout "$seconds" socat -u "TCP:$(bracketed "$to"):$port,bind=$(bracketed "$from")" - ;;
    ping) inside "$name" ping -q -c 1 -W "$seconds" -I "$from" "$to" ;;
  esac >"$run/output" 2>&1
}

# explain FROM TO KIND PORT: the model's own answer, into $run/explain.json.
explain() {
  local from=$1 to=$2 kind=$3 port=$4 status=0 question
  case $kind in
    ping) if [[ $to == *:* ]]; then question=(--proto icmpv6 --icmp 128/0); else question=(--proto icmp --icmp 8/0); fi ;;
    *) question=(--proto tcp --dport "$port") ;;
  esac
  "$bin/portcullis" --json explain "$model" --from "$from" --to "$to" "${question[@]}" >"$run/explain.json" || status=$?
  case $status in
    0) echo pass ;;
    3) echo drop ;;
    *) die "portcullis explain could not answer for $from to $to" ;;
  esac
}

# What decided: the rules that let it through (their labels are several words; devices and subnets that decide by themselves are one), or
# the first stage that stopped it.
decided_by() {
  jq -r 'if .Allowed then [.Forward[].Deciding[] | select(test(" "))] | join(", ")
         else first(.Forward[] | select(.Allows | not)) | "\(.Reason): \(.Deciding | join(", "))" end' "$run/explain.json"
}

row() { printf '%-45s %-8s %-8s %s\n' "$@"; }

# drops NAME REASON: what NAME's port has dropped for it, leaving the instance.
drops() {
  portcullis --json status >"$run/status.json" || true
  jq --arg device "${1}0" --arg reason "$2" \
    '[.Ports[] | select(.Device == $device) | .Drops[] | select(.Reason == $reason and .Direction == "outbound") | .Packets] | add // 0' \
    "$run/status.json"
}

# Prints "pass" or "drop" for an attempt; what is expected to be dropped is not waited for as long.
result_of() {
  if attempt "$@"; then echo pass; else echo drop; fi
}

run_guard_probe() {
  local reason=$1 name=$2 from=$3 to=$4 kind=$5 title=$6 before happened rule
  before=$(drops "$name" "$reason")
  happened=$(result_of "$name" "$from" "$to" "$kind" 0 1)
  rule="$reason (counted at ${name}0)"
  if [ "$happened" = pass ] || [ "$(drops "$name" "$reason")" -le "$before" ]; then
    differences=$((differences + 1))
    happened=$happened! rule="not counted as $reason at ${name}0"
  fi
  row "$title" drop "$happened" "$rule"
}

run_probe() {
  local expected name from to kind port title patience=1 happened explained rule
  IFS='|' read -r expected name from to kind title <<<"$1"
  read -r kind port <<<"$kind"
  if [[ $expected == guard* ]]; then
    run_guard_probe "${expected#guard }" "$name" "$from" "$to" "$kind" "$title"
    return
  fi
  [ "$expected" = drop ] || patience=10
  happened=$(result_of "$name" "$from" "$to" "$kind" "${port:-0}" "$patience")
  explained=$(explain "$from" "$to" "$kind" "${port:-0}")
  rule=$(decided_by)
  if [ "$happened" != "$expected" ] || [ "$explained" != "$expected" ]; then
    differences=$((differences + 1))
    happened=$happened! rule="explain says $explained; $rule"
  fi
  row "$title" "$expected" "$happened" "$rule"
}

run_probes() {
  local probe
  echo
  row TRIED EXPECTED HAPPENED "DECIDED BY"
  for probe in "${probes[@]}"; do
    run_probe "$probe"
  done
}

# The daemon's own count of what was dropped, by port, direction and reason.
show_counters() {
  portcullis --json status >"$run/status.json" || die "portcullis status says that not every port is enforced"
  printf '\n%-10s %-10s %-22s %s\n' PORT DIRECTION "DROPPED FOR" PACKETS
  jq -r '.Ports[] | .Device as $device | .Drops[] | [$device, .Direction, .Reason, .Packets] | @tsv' "$run/status.json" |
    while IFS=$'\t' read -r device direction reason packets; do
      printf '%-10s %-10s %-22s %s\n' "$device" "$direction" "$reason" "$packets"
    done
}
