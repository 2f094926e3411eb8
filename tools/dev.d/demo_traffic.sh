# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The demo's traffic: real servers and clients, and for each attempt what was expected, what happened and which rule decides it.

# expected | from | its address | to | how, port | what it is
# "guard" instead of an expectation: dropped by a check that no rule is asked for, so the counters tell and `explain` is not asked.
probes=(
  'pass|client|203.0.113.10|10.20.1.10|http 80|a customer opens the web page'
  'pass|client|2001:db8:ffff::10|2001:db8:20:1::10|http 80|the same over IPv6'
  'drop|client|198.51.100.10|10.20.1.10|http 80|the same from a network the ACL denies'
  'pass|client|203.0.113.10|10.20.1.10|ping|the office pings the web server'
  'pass|client|2001:db8:ffff::10|2001:db8:20:1::10|ping|the same over IPv6'
  'drop|client|203.0.113.10|10.20.1.10|http 8080|a customer tries another port'
  'drop|client|203.0.113.10|10.20.2.10|http 8080|a customer tries the application'
  'pass|web|10.20.1.10|10.20.2.10|http 8080|the web server calls the application'
  'pass|web|2001:db8:20:1::10|2001:db8:20:2::10|http 8080|the same over IPv6'
  'drop|web|10.20.1.10|10.20.2.20|connect 5432|the web server tries the database'
  'pass|app|10.20.2.10|10.20.2.20|connect 5432|the application uses the database'
  'pass|app|2001:db8:20:2::10|2001:db8:20:2::20|connect 5432|the same over IPv6'
  'drop|app|10.20.2.10|10.20.2.20|ping|the application pings the database'
  'drop|db|10.20.2.20|203.0.113.10|http 80|the database calls the outside'
  'guard|web|10.20.1.77|203.0.113.10|ping|the web server uses an address not its own'
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
  inside web ip address add 10.20.1.77/32 dev eth0 # for the attempt with an address that is not its own
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

# What decided: the rules that let it through, or the first that stopped it.
decided_by() {
  jq -r 'if .allowed then [.forward[].deciding[]] | unique | join(", ")
         else first(.forward[] | select(.allows | not)) | "\(.reason): \(.deciding | join(", "))" end' "$run/explain.json"
}

row() { printf '%-45s %-8s %-8s %s\n' "$@"; }

run_probe() {
  local expected name from to kind port title happened=drop patience=1 explained rule
  IFS='|' read -r expected name from to kind title <<<"$1"
  read -r kind port <<<"$kind"
  [ "$expected" != pass ] || patience=10
  ! attempt "$name" "$from" "$to" "$kind" "${port:-0}" "$patience" || happened=pass
  if [ "$expected" = guard ]; then
    expected=drop explained=drop rule="source_address: the address is not the interface's own"
  else
    explained=$(explain "$from" "$to" "$kind" "${port:-0}")
    rule=$(decided_by)
  fi
  if [ "$happened" != "$expected" ] || [ "$explained" != "$expected" ]; then
    differences=$((differences + 1))
    happened="$happened!" rule="explain says $explained. $rule"
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

# The daemon's own count of what was dropped, by port and reason.
show_counters() {
  echo
  portcullis status
}
