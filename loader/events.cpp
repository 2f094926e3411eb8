// SPDX-License-Identifier: Apache-2.0
#include "loader/events.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "loader/device_slots.h"

namespace portcullis {
namespace {

int keep(void* records, void* data, std::size_t bytes) {
    pc_event record{};
    std::memcpy(&record, data, std::min(bytes, sizeof(record)));
    static_cast<std::vector<pc_event>*>(records)->push_back(record);
    return 0;
}

Address address_of(const std::uint8_t (&bytes)[16], std::uint8_t family) {
    Address address{.family = family == PC_IPV4 ? Family::Ipv4 : Family::Ipv6};
    std::copy_n(bytes, family == PC_IPV4 ? 4 : 16, address.bytes.begin());
    return address;
}

}  // namespace

Event event_of(const pc_event& record, const EventNames& names) {
    Event event{.time_ns = record.time_ns,
                .ifindex = record.ifindex,
                .reason = record.reason < PC_REASON_COUNT ? static_cast<Reason>(record.reason) : PC_REASON_inconsistent,
                .direction = record.direction == PC_OUTBOUND ? Direction::Outbound : Direction::Inbound,
                .rule = std::string(names.rules.key_of(record.rule)),
                .bytes = record.bytes,
                .ethertype = ntohs(record.ethertype)};
    const auto port = names.in_force.ports.find(DeviceSlots::slot_of(record.port_id));
    if (port != names.in_force.ports.end() && port->second.port_id == record.port_id) {
        event.interface_id = port->second.interface_id;
    }
    std::ranges::copy(record.source_mac, event.source_mac.bytes.begin());
    std::ranges::copy(record.destination_mac, event.destination_mac.bytes.begin());
    if (record.family == PC_IPV4 || record.family == PC_IPV6) {
        event.source = address_of(record.source, record.family);
        event.destination = address_of(record.destination, record.family);
        event.protocol = record.protocol;
        event.source_port = ntohs(record.source_port);
        event.destination_port = ntohs(record.destination_port);
        event.tcp_flags = record.tcp_flags;
        event.icmp_type = record.icmp_type;
        event.icmp_code = record.icmp_code;
    }
    return event;
}

void EventRing::Free::operator()(ring_buffer* ring) const { ::ring_buffer__free(ring); }

Result<EventRing> EventRing::open(const BpfObject& object) {
    auto map = object.map("pc_events");
    if (!map) {
        return fail(std::move(map.error()));
    }
    EventRing events(std::move(*map));
    events.ring_.reset(::ring_buffer__new(events.map_.value(), keep, events.records_.get(), nullptr));
    if (!events.ring_) {
        return fail(Error::from_errno("cannot read pc_events", errno));
    }
    return events;
}

int EventRing::fd() const { return ::ring_buffer__epoll_fd(ring_.get()); }

Result<std::vector<Event>> EventRing::take(const EventNames& names) {
    records_->clear();
    if (const int result = ::ring_buffer__consume(ring_.get()); result < 0) {
        return fail(Error::from_errno("cannot read pc_events", -result));
    }
    std::vector<Event> events;
    events.reserve(records_->size());
    for (const pc_event& record : *records_) {
        events.push_back(event_of(record, names));
    }
    return events;
}

}  // namespace portcullis
