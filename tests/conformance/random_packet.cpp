// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/random_packet.h"

#include <algorithm>
#include <utility>

#include "tests/conformance/random_model.h"
#include "tests/conformance/random_policy.h"
#include "tests/support/prog_run.h"

namespace portcullis::test {
namespace {

constexpr std::size_t kTalksKept = 24;
constexpr unsigned kWait_s = 47;  // no timeout is near a multiple of it
const Mac kGateway{{0x02, 0, 0, 0, 0, 0xfe}};

Address link_local_of(const NetworkInterface& interface) { return interface.mac->link_local(); }

Direction opposite(Direction direction) { return direction == Direction::Outbound ? Direction::Inbound : Direction::Outbound; }

}  // namespace

const NetworkInterface& PacketStream::interface_at(std::size_t port) const {
    const std::string& id = model_->ports[port].network_interface_id;
    return *std::find_if(model_->network_interfaces.begin(), model_->network_interfaces.end(),
                         [&](const NetworkInterface& interface) { return interface.id == id; });
}

const NetworkInterface* PacketStream::owner_of(const std::string& vpc_id, const Address& address) const {
    for (const NetworkInterface& interface : model_->network_interfaces) {
        const auto& own = interface.addresses;
        if (interface.vpc_id == vpc_id && std::find(own.begin(), own.end(), address) != own.end()) {
            return &interface;
        }
    }
    return nullptr;
}

Entrance PacketStream::random_entrance() {
    const std::uint32_t kind = random_.below(100);
    if (kind < 40) {
        return {.kind = Entrance::Kind::Uplink, .interface_id = {}, .device = "up0"};
    }
    if (kind < 60) {
        return {.kind = Entrance::Kind::Host, .interface_id = {}, .device = {}};
    }
    if (kind < 68) {
        return {.kind = Entrance::Kind::Elsewhere, .interface_id = {}, .device = {}};
    }
    return {.kind = Entrance::Kind::Port, .interface_id = random_.pick(model_->ports).network_interface_id, .device = {}};
}

Address PacketStream::own_or_other(const NetworkInterface& own, Family family, unsigned percent_own) {
    std::vector<Address> candidates;
    if (random_.chance(percent_own)) {
        std::copy_if(own.addresses.begin(), own.addresses.end(), std::back_inserter(candidates),
                     [&](const Address& address) { return address.family == family; });
        for (const Prefix& delegated : own.delegated_prefixes) {
            if (delegated.family() == family) {
                Address inside = delegated.address;
                inside.bytes[address_bits(family) / 8u - 1] |= static_cast<std::uint8_t>(random_.below(16));
                candidates.push_back(inside);
            }
        }
        for (const AllowedAddress& allowed : claim_of(own).allowed_addresses) {
            if (allowed.prefix.family() == family) {
                candidates.push_back(allowed.prefix.address);
            }
        }
        if (family == Family::Ipv6 && (candidates.empty() || random_.chance(20))) {
            candidates = {random_.chance(70) ? link_local_of(own) : random_claim()};
        }
    }
    return candidates.empty() ? interesting_address(*model_, family, random_) : random_.pick(candidates);
}

const PortClaim& PacketStream::claim_of(const NetworkInterface& interface) const {
    return *std::find_if(model_->ports.begin(), model_->ports.end(),
                         [&](const PortClaim& claim) { return claim.network_interface_id == interface.id; });
}

// A link-local address that a port may come to own by duplicate address detection.
Address PacketStream::random_claim() {
    Address address = ip("fe80::1:0");
    address.bytes[15] = static_cast<std::uint8_t>(random_.between(1, 7));
    return address;
}

PacketStream::Talk PacketStream::new_talk() {
    Talk talk;
    talk.port = random_.below(model_->ports.size());
    const NetworkInterface& own = interface_at(talk.port);
    const Family family = random_.chance(65) ? Family::Ipv4 : Family::Ipv6;
    talk.local = own_or_other(own, family, 92);
    talk.remote = interesting_address(*model_, family, random_);
    talk.asker = random_.chance(50) ? Direction::Outbound : Direction::Inbound;
    const std::uint8_t icmp = family == Family::Ipv4 ? 1 : 58;
    talk.protocol =
        random_.one_of<std::uint8_t>({6, 6, 6, 6, 6, 17, 17, 17, 17, icmp, icmp, icmp, icmp, icmp, 47, 50, 132, 255, 59, 2, 51, 0, 4});
    if (random_.chance(2)) {
        talk.protocol = icmp == 1 ? 58 : 1;
    }
    const std::uint16_t near = random_.pick(interesting_ports());
    const auto service = static_cast<std::uint16_t>(random_.chance(60) ? near : near + random_.one_of({-1, 1}));
    const auto ephemeral = static_cast<std::uint16_t>(random_.one_of({49152, 49153, 49152, 32768, 22, 80, 67, 68, 546, 547, 4789, 53}));
    talk.local_port = talk.asker == Direction::Outbound ? ephemeral : service;
    talk.remote_port = talk.asker == Direction::Outbound ? service : ephemeral;
    talk.icmp_type = family == Family::Ipv4 ? random_.one_of<std::uint8_t>({8, 8, 8, 0, 3, 11, 13, 15, 17, 5, 14, 4, 12, 255})
                                            : random_.one_of<std::uint8_t>({128, 128, 128, 129, 1, 2, 3, 139, 140, 130, 143, 255, 137});
    talk.icmp_code = random_.chance(75) ? std::uint8_t{0} : random_.one_of<std::uint8_t>({1, 3, 4, 255});
    talk.entrance = random_entrance();
    // Often where a packet from that address would really come from.
    const NetworkInterface* remote = owner_of(own.vpc_id, talk.remote);
    aim_at_a_service(talk);
    const bool is_bound = remote != nullptr && std::any_of(model_->ports.begin(), model_->ports.end(), [&](const PortClaim& claim) {
                              return claim.network_interface_id == remote->id;
                          });
    if (is_bound && random_.chance(70)) {
        talk.entrance = {.kind = Entrance::Kind::Port, .interface_id = remote->id, .device = {}};
    }
    return talk;
}

// The same conversation at the port of the other side, when that is bound here.
PacketStream::Talk PacketStream::seen_from_the_other_end(const Talk& talk) const {
    const NetworkInterface& own = interface_at(talk.port);
    const NetworkInterface* remote = owner_of(own.vpc_id, talk.remote);
    for (std::size_t port = 0; remote != nullptr && port < model_->ports.size(); ++port) {
        if (model_->ports[port].network_interface_id != remote->id) {
            continue;
        }
        Talk other = talk;
        other.port = port;
        std::swap(other.local, other.remote);
        std::swap(other.local_port, other.remote_port);
        other.asker = opposite(talk.asker);
        other.entrance = {.kind = Entrance::Kind::Port, .interface_id = own.id, .device = {}};
        return other;
    }
    return talk;
}

// Often the remote side is a service, on its port.
void PacketStream::aim_at_a_service(Talk& talk) {
    if (random_.chance(88)) {
        return;
    }
    std::vector<Service> services = model_->services.listed;
    const auto& own = model_->ports[talk.port].services.listed;
    services.insert(services.end(), own.begin(), own.end());
    services.push_back({ip("169.254.169.254"), 6, 80});
    services.push_back({ip("10.0.0.1"), talk.protocol, 53});
    services.push_back({ip("10.0.0.2"), 17, 53});
    const Service& chosen = random_.pick(services);
    if (chosen.address.family == talk.local.family) {
        talk.remote = chosen.address;
        talk.remote_port = chosen.port;
        talk.protocol = chosen.protocol;
        talk.asker = random_.chance(85) ? Direction::Outbound : Direction::Inbound;
    }
}

void PacketStream::bend(Talk& talk) {
    switch (random_.below(6)) {
        case 0:
            ++talk.local_port;
            break;
        case 1:
            --talk.remote_port;
            break;
        case 2:
            talk.remote = interesting_address(*model_, talk.remote.family, random_);
            break;
        case 3:
            talk.protocol = talk.protocol == 6 ? 17 : 6;
            break;
        case 4:
            talk.port = random_.below(model_->ports.size());
            break;
        default:
            talk.entrance = random_entrance();
    }
}

Packet PacketStream::headers_of(const Talk& talk, Direction direction) {
    const NetworkInterface& own = interface_at(talk.port);
    const bool is_outbound = direction == Direction::Outbound;
    const Mac other = mac_of_other(talk);
    const std::vector<AllowedAddress>& allowed = claim_of(own).allowed_addresses;
    const bool takes_allowed = !allowed.empty() && allowed.front().mac && random_.chance(15);
    const Mac mine = takes_allowed ? *allowed.front().mac : *own.mac;
    const Ethernet ethernet{.source = is_outbound ? mine : other, .destination = is_outbound ? other : mine, .type = {}};
    const Address source = is_outbound ? talk.local : talk.remote;
    const Address destination = is_outbound ? talk.remote : talk.local;
    if (source.family == Family::Ipv4) {
        const Bytes options =
            random_.chance(4) ? random_.one_of<Bytes>({{1, 1, 1, 0}, {7, 7, 4, 0, 0, 0, 0}, {131, 3, 4}, {137, 3, 4}, {68, 1}}) : Bytes{};
        return ethernet / Ipv4{.source = source, .destination = destination, .protocol = talk.protocol, .options = options};
    }
    return ethernet / Ipv6{.source = source, .destination = destination, .next_header = talk.protocol, .payload_length = {}};
}

Mac PacketStream::mac_of_other(const Talk& talk) {
    for (const NetworkInterface& interface : model_->network_interfaces) {
        if (interface.id == talk.entrance.interface_id && interface.mac) {
            return *interface.mac;
        }
    }
    return random_.chance(80) ? kGateway : random_.pick(router_macs());
}

Step PacketStream::packet_of(Talk& talk, Direction direction, bool is_first) {
    Packet packet = headers_of(talk, direction) / transport_of(talk, direction, is_first);
    if (random_.chance(8)) {
        add_extension_headers(packet);
    }
    Step step{.interface_id = interface_at(talk.port).id,
              .direction = direction,
              .entrance = talk.entrance,
              .frame = packet.bytes(),
              .rules = {},
              .model = {}};
    if (random_.chance(7)) {
        cut_into_fragments(step, packet);
    } else if (random_.chance(9)) {
        spoil(step, std::move(packet));
    }
    return step;
}

Step PacketStream::talk_step() {
    if (talks_.empty() || random_.chance(40)) {
        talks_.push_back(new_talk());
        return packet_of(talks_.back(), talks_.back().asker, /*is_first=*/true);
    }
    Talk talk = random_.chance(60) ? talks_.back() : random_.pick(talks_);
    if (random_.chance(30)) {
        talk = seen_from_the_other_end(talk);
    }
    if (random_.chance(10)) {
        bend(talk);
    }
    const Direction direction = random_.chance(50) ? talk.asker : opposite(talk.asker);
    Step step = packet_of(talk, direction, random_.chance(15));
    talks_.push_back(talk);
    return step;
}

Step PacketStream::next() {
    Step step;
    const std::uint32_t kind = random_.below(100);
    if (!leftover_.empty() && random_.chance(60)) {
        step = std::move(leftover_.back());
        leftover_.pop_back();
    } else if (kind < 9) {
        step = neighbour_step();
    } else if (kind < 16) {
        step = message_step();
    } else if (kind < 24 && !sent_.empty()) {
        step = error_step();
    } else {
        step = talk_step();
        sent_.push_back(step);
    }
    if (talks_.size() > kTalksKept) {
        talks_.erase(talks_.begin());
    }
    if (sent_.size() > kTalksKept) {
        sent_.erase(sent_.begin());
    }
    if (!is_taken_by_test_run(step.frame)) {
        step.entrance = {};  // it is sent, and by the host
    }
    if (step.wait_s == 0 && random_.chance(2)) {
        step.wait_s = kWait_s * random_.between(1, 4);
    }
    return step;
}

}  // namespace portcullis::test
