# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The demo's network. This namespace plays the host: a bridge br0 with the three instances of examples/three-tier on it, routing between
# their subnets and to the outside, where a client with two IPv4 addresses stands.

declare -A pid_of # instance or client -> the process that keeps its network namespace

inside() {
  local name=$1
  shift
  nsenter --target "${pid_of[$name]}" --net "$@"
}

# new_namespace NAME: returns once it exists.
new_namespace() {
  local output pid
  exec {output}< <(exec unshare --net sh -c 'echo $$; exec sleep infinity')
  read -r pid <&"$output"
  pid_of[$1]=$pid
}

# connect NAME DEVICE MAC: a veth between DEVICE here and eth0 there.
connect() {
  new_namespace "$1"
  ip link add "$2" type veth peer name eth0 address "$3" netns "${pid_of[$1]}"
  ip link set "$2" up
  inside "$1" ip link set lo up
  inside "$1" ip link set eth0 up
}

make_host() {
  ip link set lo up
  ip link add br0 type bridge
  ip link set br0 up
  local subnet
  for subnet in 1 2; do
    ip address add "10.20.$subnet.1/24" dev br0
    ip address add "2001:db8:20:$subnet::1/64" dev br0 nodad
  done
  echo 1 >/proc/sys/net/ipv4/ip_forward
  echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
  # Both subnets are on one bridge; without this the host would tell the instances to talk to each other directly.
  echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects
  echo 0 >/proc/sys/net/ipv4/conf/br0/send_redirects
}

# add_instance NAME SUBNET HOST: as the model has it, on br0 as NAME0.
add_instance() {
  connect "$1" "${1}0" "02:00:00:20:0$2:$3"
  ip link set "${1}0" master br0
  inside "$1" ip address add "10.20.$2.$3/24" dev eth0
  inside "$1" ip address add "2001:db8:20:$2::$3/64" dev eth0 nodad
  inside "$1" ip route add default via "10.20.$2.1"
  inside "$1" ip route add default via "2001:db8:20:$2::1"
}

add_client() {
  connect client outside0 02:00:00:00:00:99
  ip address add 203.0.113.1/24 dev outside0
  ip address add 198.51.100.1/24 dev outside0
  ip address add 2001:db8:ffff::1/64 dev outside0 nodad
  inside client ip address add 203.0.113.10/24 dev eth0
  inside client ip address add 198.51.100.10/24 dev eth0
  inside client ip address add 2001:db8:ffff::10/64 dev eth0 nodad
  inside client ip route add default via 203.0.113.1
  inside client ip route add default via 2001:db8:ffff::1
}

make_network() {
  make_host
  add_instance web 1 10
  add_instance app 2 10
  add_instance db 2 20
  add_client
}
