// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/fast_instances.h"

#include "tests/support/packet.h"

namespace portcullis::test {
namespace {

const Mac kMacs[] = {mac("02:00:5e:00:53:0b"), mac("02:00:5e:00:53:0c")};
const Address kAddresses[] = {ip("192.0.2.11"), ip("192.0.2.12")};
constexpr std::uint16_t kClientPort = 40000, kServerPort = 53, kTag = 7;

Model model_of(const FastPolicy& policy) {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {prefix("192.0.2.0/24")}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = model.vpcs.front().cidrs}};
    SecurityGroup group{.id = "sg-1", .name = "members", .vpc_id = "vpc-1"};
    group.rules[static_cast<std::size_t>(Direction::Outbound)] = {{.traffic = {.protocol = -1}, .source = prefix("192.0.2.0/24")}};
    group.rules[static_cast<std::size_t>(Direction::Inbound)] = {
        {.traffic = {.protocol = 17, .from_port = policy.udp_port, .to_port = policy.udp_port}, .source = GroupReference{"sg-1"}}};
    model.security_groups = {group};
    for (std::size_t port = 0; port < (policy.has_second ? 2 : 1); ++port) {
        const std::string id = "eni-" + std::to_string(port + 1);
        model.network_interfaces.push_back({.id = id,
                                            .vpc_id = "vpc-1",
                                            .subnet_id = "subnet-1",
                                            .mac = kMacs[port],
                                            .addresses = {kAddresses[port]},
                                            .group_ids = {"sg-1"}});
        model.ports.push_back({.network_interface_id = id,
                               .device = TestHost::port_device(port),
                               .on_revoke = policy.is_cut ? OnRevoke::Cut : OnRevoke::Keep});
    }
    if (policy.denied) {
        model.deny_cidrs = {{.prefix = *policy.denied}};
    }
    return model;
}

Bytes frame_of(const FastFrame& frame) {
    const Packet datagram =
        Ipv4{.source = kAddresses[0], .destination = kAddresses[1], .more_fragments = frame.is_first_fragment, .options = frame.options} /
        Udp{.source_port = kClientPort, .destination_port = frame.destination_port} / Payload{Bytes(frame.payload)};
    const Ethernet ethernet{.source = kMacs[0], .destination = frame.destination};
    return frame.has_tag ? (ethernet / (Vlan{.id = kTag} / datagram)).bytes() : (ethernet / datagram).bytes();
}

}  // namespace

FastInstances::FastInstances(FastPath way)
    : enforced_({.ports = 2, .instance_macs = {kMacs[0], kMacs[1]}}, {.fast_path = way}),
      ends_{{enforced_.test_host().instance(0), enforced_.test_host().instance_device(0)},
            {enforced_.test_host().instance(1), enforced_.test_host().instance_device(1)}},
      fence_(enforced_.test_host().host()),
      here_(enforced_.test_host().host().enter()) {
    apply();
}

void FastInstances::apply(const FastPolicy& policy) { enforced_.apply(model_of(policy)); }

void FastInstances::establish() {
    for (int packet = 0; packet < 2; ++packet) {
        ASSERT_EQ(send(), Way::Bridge);
        ASSERT_EQ(answer(), Way::Bridge);
    }
}

FastInstances::Way FastInstances::send(const FastFrame& frame) { return deliver(0, frame_of(frame)); }

void FastInstances::send_only() const { ends_[0].send(frame_of({})); }

FastInstances::Way FastInstances::answer() {
    return deliver(1, (Ethernet{.source = kMacs[1], .destination = kMacs[0]} / Ipv4{.source = kAddresses[1], .destination = kAddresses[0]} /
                       Udp{.source_port = kServerPort, .destination_port = kClientPort} / text("answer"))
                          .bytes());
}

FastInstances::Way FastInstances::deliver(std::size_t from, const Bytes& frame) {
    const RawSocket& receiver = ends_[1 - from];
    receiver.drain();
    const std::uint64_t fast = enforced_.fast_packets(from);
    transmit([&] { ends_[from].send(frame); });
    if (!receiver.receive()) {
        return Way::None;
    }
    return enforced_.fast_packets(from) == fast ? Way::Bridge : Way::Fast;
}

}  // namespace portcullis::test
