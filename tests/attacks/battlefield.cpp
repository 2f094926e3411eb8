// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/battlefield.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "compiler/compile/compile.h"
#include "compiler/parse/parse.h"

namespace portcullis::test {
namespace {

Model model_of(const Documents& texts) {
    std::vector<Document> documents;
    for (const std::string& text : texts) {
        documents.push_back({.name = "document " + std::to_string(documents.size()), .text = text});
    }
    ParseOutcome outcome = parse(documents);
    if (!outcome.model) {
        for (const Finding& finding : outcome.findings) {
            std::fprintf(stderr, "%s\n", finding.to_string().c_str());
        }
        errno = EINVAL;
        end_test_run("read the documents");
    }
    return std::move(*outcome.model);
}

// An unsolicited advertisement of the sender's link-local address: passed by every port (docs/semantics.md 2.3), whatever the rules, and
// without an effect on state. Its nonce makes it unique.
Bytes marker_of(Place sender, std::uint32_t number) {
    Bytes nonce = nd_link_option(14, {});
    for (std::size_t i = 0; i < 4; ++i) {
        nonce[2 + i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    const Address own = mac_of(sender).link_local();
    Ipv6 header;
    header.source = own;
    header.destination = portcullis::test::ip("ff02::1");
    header.hop_limit = 255;
    return (link(sender, mac("33:33:00:00:00:01")) / header / Neighbour{.type = 136, .target = own, .options = nonce}).bytes();
}

// br_netfilter cuts what lies behind the IP packet.
bool is_arrival_of(const Bytes& heard, const Bytes& sent) {
    return heard.size() <= sent.size() && std::equal(heard.begin(), heard.end(), sent.begin());
}

}  // namespace

std::string to_string(const Ledger& ledger) {
    std::string text;
    for (const auto& [key, packets] : ledger) {
        const auto& [place, direction, reason] = key;
        text += std::string(name_of(place)) + " " + std::string(portcullis::to_string(direction)) + " " +
                std::string(portcullis::name_of(reason)) + " " + std::to_string(packets) + "; ";
    }
    return text;
}

Battlefield::Battlefield(const Setting& setting) : setting_(setting), back_end_(make_back_end(back_end_of(setting))) {
    stay_on_one_cpu();
    for (const NetNamespace* where : {&host_, &far_}) {
        where->set_sysctl("net/ipv6/conf/all/disable_ipv6", "1");
        where->set_sysctl("net/ipv6/conf/default/disable_ipv6", "1");
    }
    lay_cables();
    for (const char* family : {"arptables", "iptables", "ip6tables"}) {
        host_.set_sysctl("net/bridge/bridge-nf-call-" + std::string(family), setting.calls_netfilter ? "1" : "0");
    }
    const NetNamespace::Entered here = host_.enter();
    back_end_->start_daemon();
}

void Battlefield::lay_cables() {
    host_.ip("link add br0 address " + mac_of(Place::Host).to_string() +
             " type bridge forward_delay 0 stp_state 0 mcast_snooping 0\nlink set br0 up arp off\n"
             "link add up0 type veth peer name out0 netns " +
             far_.path() + "\nlink set up0 master br0 up\n");
    far_.ip("link set out0 address " + mac_of(Place::Outside).to_string() + " arp off up\n");
    cables_.emplace(Place::Host, RawSocket(host_, "br0"));
    cables_.emplace(Place::Outside, RawSocket(far_, "out0"));
    for (const Place place : kPorts) {
        lay_port(place, 0);
    }
}

// Of that number; 0: any.
void Battlefield::lay_port(Place port, std::uint32_t ifindex) {
    const std::string device = port_device(port);
    if (setting_.has_taps) {
        cables_.emplace(port, TapPort(host_, device, ifindex));
    } else {
        const std::string far = "e" + device;
        const std::string index = ifindex == 0 ? "" : " index " + std::to_string(ifindex);
        host_.ip("link add " + device + index + " type veth peer name " + far + " netns " + far_.path() + "\n");
        far_.ip("link set " + far + " address " + mac_of(port).to_string() + " arp off up\n");
        cables_.emplace(port, RawSocket(far_, far));
    }
    host_.ip("link set " + device + " master br0 up\n");
    ports_[host_.ifindex_of(device)] = port;
}

void Battlefield::replug(Place port) {
    const std::uint32_t ifindex = host_.ifindex_of(port_device(port));
    host_.ip("link del " + port_device(port) + "\n");
    cables_.erase(port);
    lay_port(port, ifindex);
}

void Battlefield::apply(const Documents& documents) {
    const NetNamespace::Entered here = host_.enter();
    const Ruleset ruleset = value_or_end(compile(model_of(documents)), "compile the model");
    const std::uint32_t bridge = host_.ifindex_of("br0");
    std::vector<DeviceBinding> devices{
        {.ifindex = host_.ifindex_of("up0"), .device = "up0", .kind = DeviceBinding::Kind::Uplink, .bridge = bridge},
        {.ifindex = bridge, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = bridge}};
    for (const auto& [ifindex, place] : ports_) {
        DeviceBinding device{.ifindex = ifindex, .device = port_device(place), .bridge = bridge};
        if (!hears_markers(place)) {
            device.bridge = host_.ifindex_of("br1");
            devices.push_back({.ifindex = device.bridge, .device = "br1", .kind = DeviceBinding::Kind::Bridge, .bridge = device.bridge});
        }
        const auto bound =
            std::find_if(ruleset.ports.begin(), ruleset.ports.end(), [&](const Port& port) { return port.device == device.device; });
        if (bound != ruleset.ports.end()) {
            device.kind = DeviceBinding::Kind::Bound;
            device.port = static_cast<Index>(bound - ruleset.ports.begin());
            device.fast_path = setting_.fast_path;
        }
        devices.push_back(device);
    }
    back_end_->apply(ruleset, devices, facts_);
}

void Battlefield::begin(const Documents& documents, const HostFacts& facts) {
    facts_ = facts;
    {
        const NetNamespace::Entered here = host_.enter();
        back_end_->apply(Ruleset{}, {}, facts_);  // releases the ports
    }
    if (std::exchange(is_parted_, false)) {
        host_.ip("link set p3 master br0\nlink del br1\n");
    }
    host_.ip("link set br0 type bridge fdb_flush\n");
    is_open_ = true;
    apply(documents);
    for (const Place place : kPlaces) {
        (void)play(place, [] {});  // the bridge learns where everybody is
    }
}

RawSocket Battlefield::part_neighbour() {
    host_.ip("link add br1 type bridge forward_delay 0 stp_state 0 mcast_snooping 0\nlink set br1 up arp off\nlink set p3 master br1\n");
    is_parted_ = true;
    return RawSocket(host_, "br1");
}

void Battlefield::change(const Documents& documents) { apply(documents); }

Ledger Battlefield::ledger() const {
    const NetNamespace::Entered here = host_.enter();
    Ledger counted;
    for (const PortCounters& port : value_or_end(back_end_->dataplane().port_counters(), "read the counters")) {
        for (const ReasonCount& count : port.reasons) {
            counted[{ports_.at(port.ifindex), count.direction, count.reason}] = static_cast<std::int64_t>(count.packets);
        }
    }
    return counted;
}

PortCounters Battlefield::counters(Place port) const {
    const NetNamespace::Entered here = host_.enter();
    const auto all = value_or_end(back_end_->dataplane().port_counters(), "read the counters");
    const auto one = std::ranges::find_if(all, [&](const PortCounters& counters) { return ports_.at(counters.ifindex) == port; });
    return one == all.end() ? PortCounters{} : *one;
}

std::uint64_t Battlefield::flows(Place port) const { return counters(port).flows; }
std::uint64_t Battlefield::fast_packets(Place port) const { return counters(port).fast_packets; }

void Battlefield::send(Place from, const Bytes& frame) const {
    std::visit([&](const auto& cable) { cable.send(frame); }, cables_.at(from));
}

void Battlefield::send_segments(Place from, const Bytes& frame, const VirtioHeader& header) const {
    std::get<TapPort>(cables_.at(from)).send(frame, header);
}

std::optional<Bytes> Battlefield::receive(Place place) const {
    return std::visit([](const auto& cable) { return cable.receive(); }, cables_.at(place));
}

// Hears every cable until the marker came. False: it did not. What comes back to the sender has come by then: it crossed fewer devices.
bool Battlefield::collect(Place from, const Bytes& marker, Round& round) {
    bool has_arrived = true;
    for (const Place place : kPlaces) {
        has_arrived = has_arrived && (place == from || !hears_markers(place) || wait_until([&] {
                                          while (std::optional<Bytes> next = receive(place)) {
                                              if (*next == marker) {
                                                  return true;
                                              }
                                              round.heard[place].push_back(std::move(*next));
                                          }
                                          return false;
                                      }));
    }
    while (std::optional<Bytes> next = receive(from)) {
        round.heard[from].push_back(std::move(*next));
    }
    return has_arrived;
}

Battlefield::Round Battlefield::play(Place from, const std::function<void()>& send) {
    Round round;
    if (!is_open_) {
        return round;
    }
    for (const Place place : kPlaces) {
        std::visit([](const auto& cable) { cable.drain(); }, cables_.at(place));
    }
    const Bytes marker = marker_of(from, ++markers_);
    const Ledger before = ledger();
    send();
    this->send(from, marker);
    is_open_ = collect(from, marker, round);
    EXPECT_TRUE(is_open_) << "the marker of the " << name_of(from) << " did not arrive everywhere: the path is closed";
    round.counted = ledger();
    for (const auto& [key, packets] : before) {
        round.counted[key] -= packets;
    }
    for (const Place place : kPorts) {
        const Direction direction = place == from ? Direction::Outbound : Direction::Inbound;
        round.counted[{place, direction, PC_REASON_passed}] -= hears_markers(place) ? 1 : 0;
    }
    std::erase_if(round.counted, [](const auto& entry) { return entry.second == 0; });
    return round;
}

// A drop that may come early may have a later stage's reason; at the uplink it is in no port's counters (docs/packet-path.md).
Ledger Battlefield::due_with_early_drop(const Path& path, const Ledger& counted, Reason reason) {
    if (path.judged == Direction::Inbound && path.from == Place::Outside && reason == PC_REASON_source_mac && counted.empty()) {
        return counted;
    }
    Reason early = reason;
    if (counted.size() == 1 && stage_of(std::get<2>(counted.begin()->first)) > stage_of(reason)) {
        early = std::get<2>(counted.begin()->first);
    }
    const Place judge = path.judged == Direction::Outbound ? path.from : path.to;
    return {{{judge, path.judged, path.judged == Direction::Outbound ? early : reason}, 1}};
}

bool Battlefield::is_stricter_drop(const Path& path, const Bytes& frame, const Ledger& due, const Round& round) {
    if (setting_.back_end != BackEndKind::Nftables || round.counted == due || round.counted.size() != 1) {
        return false;
    }
    const auto& [place, direction, reason] = round.counted.begin()->first;
    const bool is_first =
        is_port(path.from) ? place == path.from && direction == Direction::Outbound : place == path.to && direction == Direction::Inbound;
    return is_first && round.counted.begin()->second == 1 && nft_drops_.allows(direction, frame, reason);
}

void Battlefield::compare(const Path& path, const Bytes& frame, Reason reason) {
    const bool is_to_group = (frame.at(0) & 1) != 0;
    const bool is_dropped = reason != PC_REASON_passed;
    const bool passes_sender = !is_dropped || path.judged == Direction::Inbound;
    const Place judge = path.judged == Direction::Outbound ? path.from : path.to;
    const std::uint64_t flows_before = is_port(judge) ? flows(judge) : 0;
    Round round = play(path.from, [&] { send(path.from, frame); });

    Ledger due;
    if (is_port(path.from)) {
        due[{path.from, Direction::Outbound, passes_sender ? PC_REASON_passed : reason}] = 1;
    }
    if (is_port(path.to) && passes_sender) {
        due[{path.to, Direction::Inbound, reason}] = 1;
    }
    if (is_to_group && passes_sender) {  // what bystanders say of it is none of this path's
        std::erase_if(round.counted,
                      [&](const auto& entry) { return std::get<0>(entry.first) != path.from && std::get<0>(entry.first) != path.to; });
    }
    if (setting_.xdp != XdpMode::Off && is_dropped && !(is_port(path.from) && passes_sender)) {
        due = due_with_early_drop(path, round.counted, reason);
    }
    if (is_stricter_drop(path, frame, due, round)) {
        EXPECT_TRUE(round.heard.empty()) << "what was dropped was heard: " << hex(frame);
        return;
    }
    EXPECT_EQ(to_string(round.counted), to_string(due)) << hex(frame);
    if (is_dropped && is_port(judge)) {
        EXPECT_LE(flows(judge), flows_before) << "what was dropped left an entry";  // it may have come upon one whose time is over
    }
    for (const Place place : kPlaces) {
        const auto& heard = round.heard[place];
        const bool is_due = !is_dropped && place == path.to;
        if (is_due) {
            EXPECT_TRUE(heard.size() == 1 && is_arrival_of(heard.front(), frame))
                << "the " << name_of(place) << " did not hear " << hex(frame);
        } else if (!is_to_group || !passes_sender) {
            EXPECT_TRUE(heard.empty()) << "the " << name_of(place) << " heard " << hex(heard.front());
        }
    }
}

void Battlefield::expect_drop(const Path& path, const Packet& packet, Reason reason) { compare(path, packet.bytes(), reason); }
void Battlefield::expect_pass(const Path& path, const Packet& packet) { compare(path, packet.bytes(), PC_REASON_passed); }

void Battlefield::repel(const Path& path, std::span<const Attack> attacks, const Packet& control) {
    for (const Attack& attack : attacks) {
        SCOPED_TRACE(attack.what);
        expect_drop(path, attack.frame, attack.reason);
        expect_pass(path, control);
    }
}

void Battlefield::end() {
    if (setting_.back_end == BackEndKind::Nftables) {
        nft_drops_.expect_all_met();
    }
}

void Battlefield::pass_time(unsigned seconds) const {
    const NetNamespace::Entered here = host_.enter();
    back_end_->age_flows(seconds);
}

std::vector<std::string> Battlefield::forwarding_entries() const {
    const NetNamespace::Entered here = host_.enter();
    const std::unique_ptr<FILE, int (*)(FILE*)> shown(::popen("bridge fdb show br br0 dynamic", "re"), ::pclose);
    if (!shown) {
        end_test_run("run bridge");
    }
    std::vector<std::string> entries;
    std::array<char, 256> line{};
    while (std::fgets(line.data(), line.size(), shown.get()) != nullptr) {
        entries.emplace_back(line.data());
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

Battlefield& battlefield(const Setting& setting) {
    static std::unique_ptr<Battlefield> field;
    if (!field || field->setting() != setting) {
        field.reset();  // first: they share a bpffs
        field = std::make_unique<Battlefield>(setting);
    }
    return *field;
}

}  // namespace portcullis::test
