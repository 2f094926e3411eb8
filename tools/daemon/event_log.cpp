// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/event_log.h"

#include <array>
#include <cstdio>
#include <utility>

namespace portcullis {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

std::string end_of(const Address& address, std::uint16_t port, bool has_port) {
    if (!has_port) {
        return address.to_string();
    }
    const std::string text = address.family == Family::Ipv6 ? '[' + address.to_string() + ']' : address.to_string();
    return text + ':' + std::to_string(port);
}

std::string what_of(const Event& event) {
    if (!event.source || !event.destination) {
        std::array<char, 16> ethertype{};
        (void)std::snprintf(ethertype.data(), ethertype.size(), "0x%04x", event.ethertype);  // cannot be cut
        return std::string("frame ") + ethertype.data() + ' ' + event.source_mac.to_string() + " > " + event.destination_mac.to_string();
    }
    const bool has_port = event.protocol == kTcp || event.protocol == kUdp;
    const std::string protocol = event.protocol == kTcp   ? "tcp"
                                 : event.protocol == kUdp ? "udp"
                                                          : "protocol " + std::to_string(event.protocol);
    return protocol + ' ' + end_of(*event.source, event.source_port, has_port) + " > " +
           end_of(*event.destination, event.destination_port, has_port);
}

}  // namespace

std::string to_line(const Event& event) {
    const std::string owner = event.interface_id.empty() ? "device " + std::to_string(event.ifindex) : event.interface_id;
    return owner + ": " + std::string(to_string(event.direction)) + ' ' + what_of(event) +
           " denied: " + std::string(name_of(event.reason)) + (event.rule.empty() ? "" : " (" + event.rule + ')');
}

void EventLog::add(std::vector<Event> events) {
    for (Event& event : events) {
        events_.push_back(std::move(event));
    }
    while (events_.size() > kKept) {
        events_.pop_front();
    }
}

}  // namespace portcullis
