// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/fault_flood.h"

#include <poll.h>

#include <algorithm>
#include <string>

#include "tests/integration/fault_model.h"
#include "tests/support/packet.h"

namespace portcullis::test {
namespace {

constexpr std::size_t kBurst = 16;  // frames; then a millisecond's pause: at full speed nothing else would get on
const Mac kForeignMac = mac("02:00:00:00:00:77");

// Its first letter says its kind.
Bytes frame_of(std::size_t kind, std::uint16_t source_port) {
    const Ethernet ethernet{.source = kind == 3 ? kForeignMac : probe_mac(0), .destination = probe_mac(1)};
    const Udp udp{.source_port = source_port, .destination_port = kind < 2 ? kClosedProbe : kOpenProbe};
    const Payload content = text(ForbiddenFlood::text_of(kind) + " is forbidden");
    if (kind == 1) {
        return (ethernet / Ipv6{.source = probe_address(0, Family::Ipv6), .destination = probe_address(1, Family::Ipv6)} / udp / content)
            .bytes();
    }
    const Address source = kind == 2 ? ip("10.0.1.77") : probe_address(0, Family::Ipv4);
    return (ethernet / Ipv4{.source = source, .destination = probe_address(1, Family::Ipv4)} / udp / content).bytes();
}

}  // namespace

ForbiddenFlood::ForbiddenFlood(const TestHost& host)
    : sender_(host.instance(0), host.instance_device(0)),
      sinks_{UdpSocket(host.instance(1), probe_address(1, Family::Ipv4), kClosedProbe),
             UdpSocket(host.instance(1), probe_address(1, Family::Ipv6), kClosedProbe),
             UdpSocket(host.instance(1), probe_address(1, Family::Ipv4), kOpenProbe)},
      fence_(host.host()) {
    for (std::size_t kind = 0; kind < kOwnKinds; ++kind) {
        for (std::size_t flow = 0; flow < kFlows; ++flow) {
            frames_[kind][flow] = frame_of(kind, static_cast<std::uint16_t>(40000 + flow));
        }
    }
    start();
}

ForbiddenFlood::~ForbiddenFlood() { stop(); }

void ForbiddenFlood::wait_until_delivered() const {
    const auto all = [this] {
        return std::all_of(delivered_.begin(), delivered_.begin() + kOwnKinds, [](const auto& count) { return count != 0; });
    };
    if (!wait_until(all)) {
        end_test_run("deliver what nothing forbids yet");
    }
}

void ForbiddenFlood::begin_counting() {
    stop();
    sent_ = 0;
    for (auto& count : delivered_) {
        count = 0;
    }
    start();
}

void ForbiddenFlood::stop() {
    is_over_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

std::uint64_t ForbiddenFlood::delivered() const {
    std::uint64_t sum = 0;
    for (std::size_t kind = 0; kind < kAllowed; ++kind) {
        sum += delivered_.at(kind);
    }
    return sum;
}

void ForbiddenFlood::start() {
    is_over_ = false;
    thread_ = std::thread([this] { run(); });
}

// On one CPU, whose queue the fence at the end goes through as well.
void ForbiddenFlood::run() {
    stay_on_one_cpu();
    while (!is_over_) {
        for (std::size_t i = 0; i < kBurst; ++i, ++sent_) {
            sender_.send(frames_[sent_ % kOwnKinds][sent_ / kOwnKinds % kFlows]);
        }
        (void)::poll(nullptr, 0, 1);
        count_arrivals();
    }
    fence_.run([] {}, 2);
    count_arrivals();
}

void ForbiddenFlood::count_arrivals() {
    for (const UdpSocket& sink : sinks_) {
        while (const std::optional<UdpSocket::Datagram> datagram = sink.receive()) {
            ++delivered_.at(static_cast<std::size_t>(datagram->text.at(0) - '0'));
        }
    }
}

}  // namespace portcullis::test
