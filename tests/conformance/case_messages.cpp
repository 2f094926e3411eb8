// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/case_messages.h"

#include <algorithm>
#include <array>

#include "tests/support/packet_messages.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

std::uint8_t tcp_flags(Fields& fields) {
    constexpr std::array<std::pair<std::string_view, std::uint8_t>, 8> names{
        {{"SYN", kSyn}, {"ACK", kAck}, {"RST", kRst}, {"FIN", kFin}, {"PSH", kPsh}, {"URG", kUrg}, {"ECE", kEce}, {"CWR", kCwr}}};
    const json* value = fields.find("Flags");
    // Both arms are views: a mixed pair would make a temporary string.
    std::string_view rest = value == nullptr ? std::string_view("SYN") : std::string_view(value->get_ref<const std::string&>());
    std::uint8_t flags = 0;
    while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find('+'));
        const auto* const at = std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.first == word; });
        if (at == names.end()) {
            fields.report("Flags", "unknown flag");
            return 0;
        }
        flags = static_cast<std::uint8_t>(flags | at->second);
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
    return flags;
}

std::vector<GroupRecord> records_of(Fields& fields) {
    std::vector<GroupRecord> records;
    const json* list = fields.find("Records");
    for (const json& one : list == nullptr ? json::array() : *list) {
        Fields record = fields.part(one, "Records");
        record.allow({"Type", "Group", "Sources"});
        records.push_back({.type = record.number_or<std::uint8_t>("Type", 4),
                           .group = record.parsed_or("Group", Address{}),
                           .sources = record.addresses("Sources")});
    }
    return records;
}

std::optional<std::vector<Address>> sources_of(Fields& fields) {
    return fields.find("Sources") == nullptr ? std::nullopt : std::optional(fields.addresses("Sources"));
}

Bytes nd_option_of(Fields one) {
    one.allow({"Type", "Mac", "Bytes", "Prefix", "Mtu"});
    Bytes bytes = one.bytes("Bytes");
    if (one.find("Mac") != nullptr) {
        bytes = nd_link_option(0, one.parsed_or("Mac", Mac{}));
    } else if (one.find("Mtu") != nullptr) {
        bytes = nd_mtu_option(one.number_or<std::uint32_t>("Mtu", 0));
    } else if (const json* text = one.find("Prefix")) {
        const std::optional<Prefix::Parsed> prefix = Prefix::parse(text->get_ref<const std::string&>());
        if (!prefix) {
            one.report("Prefix", "not a prefix");
            return {};
        }
        bytes = nd_prefix_option(prefix->prefix);
    }
    if (!bytes.empty()) {
        bytes[0] = one.number_or<std::uint8_t>("Type", bytes[0]);
    }
    return bytes;
}

Bytes nd_options_of(Fields& fields) {
    Bytes all;
    const json* options = fields.find("Options");
    for (const json& option : options == nullptr ? json::array() : *options) {
        const Bytes bytes = nd_option_of(fields.part(option, "Options"));
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
}

ExtensionHeader whole_header_of(Fields& fields) {
    const Bytes whole = fields.bytes("Bytes");
    if (whole.size() < 8 || whole.size() % 8 != 0) {
        fields.report("Bytes", "not a whole header");
        return {};
    }
    return {.number = fields.number_or<std::uint8_t>("Type", 0),
            .body = Bytes(whole.begin() + 2, whole.end()),
            .next_header = {},
            .length_units = whole[1]};
}

FragmentHeader fragment_header_of(Fields& fields) {
    fields.allow({"Offset", "More", "Id"});
    return {.offset = fields.number_or<std::uint16_t>("Offset", 0),
            .more = fields.is_set_or("More", false),
            .id = fields.number_or<std::uint32_t>("Id", 1),
            .next_header = {}};
}

}  // namespace

Packet tcp_of(Fields& fields) {
    fields.allow({"SourcePort", "DestinationPort", "Flags", "Sequence", "Acknowledgement", "Window", "MaximumSegmentSize", "WindowScale",
                  "Options", "DataOffset"});
    Bytes options = tcp_options(fields.number<std::uint16_t>("MaximumSegmentSize"), fields.number<std::uint8_t>("WindowScale"));
    const Bytes further = fields.bytes("Options");
    options.insert(options.end(), further.begin(), further.end());
    return Packet{.layers = {Tcp{.source_port = fields.number_or<std::uint16_t>("SourcePort", 49152),
                                 .destination_port = fields.number_or<std::uint16_t>("DestinationPort", 0),
                                 .flags = tcp_flags(fields),
                                 .sequence = fields.number_or<std::uint32_t>("Sequence", 0),
                                 .acknowledgement = fields.number_or<std::uint32_t>("Acknowledgement", 0),
                                 .window = fields.number_or<std::uint16_t>("Window", 65535),
                                 .options = std::move(options),
                                 .data_offset = fields.number<std::uint8_t>("DataOffset"),
                                 .checksum = {}}}};
}

Packet dhcpv4_of(Fields& fields, const Mac& own_mac) {
    fields.allow({"Op", "Type", "HardwareType", "HardwareLength", "TransactionId", "ClientAddress", "YourAddress", "ServerAddress",
                  "RelayAddress", "HardwareAddress", "Cookie", "Options", "SourcePort", "DestinationPort"});
    Dhcpv4 message;
    message.op = fields.number_or("Op", message.op);
    const bool is_request = message.op == 1;
    message.message = fields.number_or<std::uint8_t>("Type", is_request ? 1 : 2);
    message.hardware = fields.number_or("HardwareType", message.hardware);
    message.hardware_length = fields.number_or("HardwareLength", message.hardware_length);
    message.transaction = fields.number_or("TransactionId", message.transaction);
    message.client = fields.parsed_or("ClientAddress", message.client);
    message.yours = fields.parsed_or("YourAddress", message.yours);
    message.server = fields.parsed_or("ServerAddress", message.server);
    message.relay = fields.parsed_or("RelayAddress", message.relay);
    message.hardware_address = fields.parsed_or("HardwareAddress", own_mac);
    message.cookie = fields.number_or("Cookie", message.cookie);
    message.options = fields.bytes("Options");
    return Udp{.source_port = fields.number_or<std::uint16_t>("SourcePort", is_request ? 68 : 67),
               .destination_port = fields.number_or<std::uint16_t>("DestinationPort", is_request ? 67 : 68),
               .length = {},
               .checksum = {}} /
           dhcpv4(message);
}

Packet dhcpv6_of(Fields& fields) {
    fields.allow({"Type", "TransactionId", "Options", "SourcePort", "DestinationPort"});
    Dhcpv6 message;
    message.type = fields.number_or("Type", message.type);
    message.transaction = fields.number_or("TransactionId", message.transaction);
    message.options = fields.bytes("Options");
    // RFC 8415 7.3: advertise, reply, reconfigure and relayed ones come from servers and relays.
    const bool is_from_server = message.type == 2 || message.type == 7 || message.type == 10 || message.type > 11;
    return Udp{.source_port = fields.number_or<std::uint16_t>("SourcePort", is_from_server ? 547 : 546),
               .destination_port = fields.number_or<std::uint16_t>("DestinationPort", is_from_server ? 546 : 547),
               .length = {},
               .checksum = {}} /
           dhcpv6(message);
}

Packet mld_of(Fields& fields) {
    fields.allow({"Type", "Code", "MaximumResponse", "Group", "Records", "Sources", "RouterAlert"});
    const Packet message = mld({.type = fields.number_or<std::uint8_t>("Type", 131),
                                .code = fields.number_or<std::uint8_t>("Code", 0),
                                .maximum_response = fields.number_or<std::uint16_t>("MaximumResponse", 0),
                                .group = fields.parsed_or("Group", Address{.family = Family::Ipv6}),
                                .records = records_of(fields),
                                .sources = sources_of(fields)});
    return fields.is_set_or("RouterAlert", true) ? router_alert6() / message : message;
}

Packet igmp_of(Fields& fields) {
    fields.allow({"Type", "MaximumResponse", "Group", "Records", "Sources"});
    return igmp({.type = fields.number_or<std::uint8_t>("Type", 0x16),
                 .maximum_response = fields.number_or<std::uint8_t>("MaximumResponse", 0),
                 .group = fields.parsed_or("Group", Address{}),
                 .records = records_of(fields),
                 .sources = sources_of(fields)});
}

Packet neighbour_of(Fields& fields) {
    fields.allow({"Type", "Code", "Target", "Flags", "Lifetime", "HopLimit", "Options"});
    const auto type = fields.number_or<std::uint8_t>("Type", 135);
    const auto code = fields.number_or<std::uint8_t>("Code", 0);
    const auto flags = static_cast<std::uint32_t>(fields.number_or<std::uint8_t>("Flags", 0)) << 24;
    const Bytes options = nd_options_of(fields);
    if (type == 134) {
        return router_advertisement({.hop_limit = fields.number_or<std::uint8_t>("HopLimit", 64),
                                     .flags = static_cast<std::uint8_t>(flags >> 24),
                                     .lifetime_s = fields.number_or<std::uint16_t>("Lifetime", 1800),
                                     .code = code,
                                     .options = options});
    }
    if (type == 133) {
        const auto reserved = static_cast<std::uint16_t>(flags >> 16);
        return Icmpv6{.type = type, .code = code, .identifier = reserved, .sequence = 0, .checksum = {}} / Payload{.bytes = options};
    }
    Bytes rest = options;
    if (type == 137) {  // a redirect carries the destination behind the target
        rest.insert(rest.begin(), 16, 0);
    }
    return Packet{.layers = {Neighbour{
                      .type = type, .code = code, .target = fields.parsed_or("Target", Address{}), .options = rest, .flags = flags}}};
}

Layer extension_of(Fields& fields, std::optional<std::uint8_t> protocol) {
    fields.allow({"Type", "Bytes", "HopByHop", "Destination", "Routing", "SegmentsLeft", "Fragment", "Authentication"});
    if (const json* fragment = fields.find("Fragment")) {
        Fields part = fields.part(*fragment, "Fragment");
        FragmentHeader header = fragment_header_of(part);
        header.next_header = protocol;
        return header;
    }
    ExtensionHeader header;
    if (fields.find("HopByHop") != nullptr) {
        header = options_header(0, fields.bytes("HopByHop"));
    } else if (fields.find("Destination") != nullptr) {
        header = options_header(60, fields.bytes("Destination"));
    } else if (fields.find("Routing") != nullptr) {
        header = routing_header(fields.number_or<std::uint8_t>("Routing", 0), fields.number_or<std::uint8_t>("SegmentsLeft", 0));
    } else if (fields.find("Authentication") != nullptr) {
        header = authentication_header();
    } else {
        header = whole_header_of(fields);
    }
    header.next_header = protocol;
    return header;
}

}  // namespace portcullis::test
