// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/case_packet.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/conformance/case_fields.h"
#include "tests/conformance/case_messages.h"
#include "tests/support/packet_fragments.h"
#include "tests/support/packet_messages.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

class Builder {
   public:
    Builder(const json& source, const PacketContext& context) : source_(source), context_(context) {}

    Result<Bytes> build() {
        Fields top(source_, "packet", trouble_);
        top.allow({"Ethernet", "Vlan",        "Arp",       "Rarp",  "Ipv4", "Ipv6",     "Tcp",    "Udp",
                   "Icmp",     "IcmpError",   "Neighbour", "Mld",   "Igmp", "Dhcp",     "Dhcpv6", "Protocol",
                   "Payload",  "PayloadSize", "Fragment",  "Patch", "Pad",  "Truncate", "Hex"});
        Bytes frame = top.bytes("Hex");
        if (frame.empty()) {
            link();
            network(top.number<std::uint8_t>("Protocol"));
            transport();
            payload(top);
            address_group();
            with("Fragment", [&](Fields& fields) { cut(fields); });
            frame = packet_.bytes();
        }
        finish(top, frame);
        if (!trouble_.empty()) {
            return fail(trouble_);
        }
        return frame;
    }

   private:
    template <class Read>
    void with(const char* key, Read read) {
        if (const auto at = source_.find(key); at != source_.end()) {
            Fields fields(*at, key, trouble_);
            read(fields);
        }
    }
    void add(Layer layer) { packet_.layers.push_back(std::move(layer)); }
    void add_all(const Packet& message) { packet_ = std::move(packet_) / message; }

    void link() {
        Ethernet ethernet{.source = context_.defaults.source, .destination = context_.defaults.destination, .type = {}};
        std::optional<std::uint16_t> type;
        with("Ethernet", [&](Fields& fields) {
            fields.allow({"Source", "Destination", "Type"});
            ethernet.source = fields.parsed_or("Source", ethernet.source);
            has_destination_ = fields.find("Destination") != nullptr;
            ethernet.destination = fields.parsed_or("Destination", ethernet.destination);
            type = fields.number<std::uint16_t>("Type");
        });
        source_mac_ = ethernet.source;
        const auto tags = source_.find("Vlan");
        if (tags == source_.end() || tags->empty()) {
            ethernet.type = type;
            add(ethernet);
            return;
        }
        add(ethernet);
        for (std::size_t i = 0; i < tags->size(); ++i) {
            Fields fields((*tags)[i], "Vlan", trouble_);
            fields.allow({"Type", "Id"});
            Vlan tag{.id = fields.number_or<std::uint16_t>("Id", 0), .tpid = fields.number_or<std::uint16_t>("Type", 0x8100), .type = {}};
            tag.type = i + 1 == tags->size() ? type : std::nullopt;
            add(tag);
        }
    }

    void network(std::optional<std::uint8_t> protocol) {
        with("Arp", [&](Fields& fields) { arp(fields, Arp{.sender_mac = source_mac_}); });
        with("Rarp", [&](Fields& fields) {
            Packet announcement = rarp_announcement(source_mac_);
            auto& ethernet = std::get<Ethernet>(packet_.layers.front());
            ethernet.type = ethernet.type.value_or(0x8035);
            if (!has_destination_) {
                ethernet.destination = kBroadcast;
            }
            arp(fields, std::get<Arp>(announcement.layers.back()));
        });
        with("Ipv4", [&](Fields& fields) { ipv4(fields, protocol); });
        with("Ipv6", [&](Fields& fields) { ipv6(fields, protocol); });
    }

    void arp(Fields& fields, Arp arp) {
        fields.allow({"Operation", "SenderMac", "SenderAddress", "TargetMac", "TargetAddress", "HardwareType", "ProtocolType",
                      "HardwareLength", "ProtocolLength"});
        arp.operation = fields.number_or("Operation", arp.operation);
        arp.sender_mac = fields.parsed_or("SenderMac", arp.sender_mac);
        arp.sender = fields.parsed_or("SenderAddress", arp.sender);
        arp.target_mac = fields.parsed_or("TargetMac", arp.target_mac);
        arp.target = fields.parsed_or("TargetAddress", arp.target);
        arp.hardware = fields.number_or("HardwareType", arp.hardware);
        arp.protocol = fields.number_or("ProtocolType", arp.protocol);
        arp.hardware_length = fields.number_or("HardwareLength", arp.hardware_length);
        arp.protocol_length = fields.number_or("ProtocolLength", arp.protocol_length);
        add(arp);
    }

    void ipv4(Fields& fields, std::optional<std::uint8_t> protocol) {
        fields.allow({"Source", "Destination", "TimeToLive", "Id", "Options", "RouterAlert", "FragmentOffset", "MoreFragments",
                      "DontFragment", "Version", "HeaderLength", "TotalLength", "Protocol"});
        const bool is_igmp = source_.contains("Igmp");
        Ipv4 header;
        header.source = fields.parsed_or("Source", header.source);
        header.destination = fields.parsed_or("Destination", header.destination);
        header.ttl = fields.number_or<std::uint8_t>("TimeToLive", is_igmp ? 1 : header.ttl);
        header.id = fields.number_or("Id", header.id);
        header.options = fields.bytes("Options");
        if (fields.is_set_or("RouterAlert", is_igmp)) {
            const Bytes alert = router_alert4();
            header.options.insert(header.options.begin(), alert.begin(), alert.end());
        }
        header.fragment_offset = fields.number_or("FragmentOffset", header.fragment_offset);
        header.more_fragments = fields.is_set_or("MoreFragments", false);
        header.dont_fragment = fields.is_set_or("DontFragment", false);
        header.version = fields.number_or("Version", header.version);
        header.header_words = fields.number<std::uint8_t>("HeaderLength");
        header.total_length = fields.number<std::uint16_t>("TotalLength");
        header.protocol = fields.number<std::uint8_t>("Protocol");
        if (!header.protocol) {
            header.protocol = protocol;
        }
        add(header);
    }

    void ipv6(Fields& fields, std::optional<std::uint8_t> protocol) {
        fields.allow({"Source", "Destination", "HopLimit", "Version", "PayloadLength", "NextHeader", "Extensions"});
        is_ipv6_ = true;
        Ipv6 header;
        header.source = fields.parsed_or("Source", header.source);
        header.destination = fields.parsed_or("Destination", header.destination);
        header.hop_limit =
            fields.number_or<std::uint8_t>("HopLimit", source_.contains("Neighbour") ? 255 : (source_.contains("Mld") ? 1 : 64));
        header.version = fields.number_or("Version", header.version);
        header.payload_length = fields.number<std::uint16_t>("PayloadLength");
        header.next_header = fields.number<std::uint8_t>("NextHeader");
        const json* extensions = fields.find("Extensions");
        if (extensions == nullptr || extensions->empty()) {
            if (!header.next_header) {
                header.next_header = protocol;
            }
            add(header);
            return;
        }
        add(header);
        for (std::size_t i = 0; i < extensions->size(); ++i) {
            Fields one((*extensions)[i], "Extensions", trouble_);
            add(extension_of(one, i + 1 == extensions->size() ? protocol : std::nullopt));
        }
        extensions_ = extensions->size();
    }

    void transport() {
        with("Tcp", [&](Fields& fields) { add_all(tcp_of(fields)); });
        with("Udp", [&](Fields& fields) {
            fields.allow({"SourcePort", "DestinationPort", "Length"});
            add(Udp{.source_port = fields.number_or<std::uint16_t>("SourcePort", 49152),
                    .destination_port = fields.number_or<std::uint16_t>("DestinationPort", 0),
                    .length = fields.number<std::uint16_t>("Length"),
                    .checksum = {}});
        });
        with("Icmp", [&](Fields& fields) { icmp(fields); });
        with("IcmpError", [&](Fields& fields) { icmp_error(fields); });
        with("Neighbour", [&](Fields& fields) { add_all(neighbour_of(fields)); });
        with("Mld", [&](Fields& fields) { add_all(mld_of(fields)); });
        with("Igmp", [&](Fields& fields) { add_all(igmp_of(fields)); });
        with("Dhcp", [&](Fields& fields) { add_all(dhcpv4_of(fields, context_.own_mac)); });
        with("Dhcpv6", [&](Fields& fields) { add_all(dhcpv6_of(fields)); });
    }

    void add_icmp(const Icmpv6& message) {
        if (is_ipv6_) {
            add(message);
        } else {
            add(Icmp{.type = message.type,
                     .code = message.code,
                     .identifier = message.identifier,
                     .sequence = message.sequence,
                     .checksum = {}});
        }
    }

    void icmp(Fields& fields) {
        fields.allow({"Type", "Code", "Id", "Sequence"});
        add_icmp({.type = fields.number_or<std::uint8_t>("Type", is_ipv6_ ? 128 : 8),
                  .code = fields.number_or<std::uint8_t>("Code", 0),
                  .identifier = fields.number_or<std::uint16_t>("Id", 1),
                  .sequence = fields.number_or<std::uint16_t>("Sequence", 1),
                  .checksum = {}});
    }

    // An error about another packet of the file, or one that is given here.
    void icmp_error(Fields& fields) {
        fields.allow({"Type", "Code", "Mtu", "Quote", "QuoteSize"});
        const json* quote = fields.find("Quote");
        const json* source = quote != nullptr && quote->is_string() ? named(quote->get_ref<const std::string&>()) : quote;
        if (source == nullptr) {
            fields.report("Quote", "no such packet");
            return;
        }
        const Result<Bytes> quoted = Builder(*source, context_).build();
        if (!quoted) {
            fields.report("Quote", quoted.error().message);
            return;
        }
        add_icmp({.type = fields.number_or<std::uint8_t>("Type", is_ipv6_ ? 1 : 3),
                  .code = fields.number_or<std::uint8_t>("Code", 0),
                  .identifier = 0,
                  .sequence = fields.number_or<std::uint16_t>("Mtu", 0),  // the lower half of ICMPv6's
                  .checksum = {}});
        add(quote_of(*quoted, fields.number_or<std::uint16_t>("QuoteSize", is_ipv6_ ? 1232 : 548)));
    }

    [[nodiscard]] const json* named(const std::string& name) const {
        const auto at = context_.packets->find(name);
        return at == context_.packets->end() ? nullptr : &*at;
    }

    // A message to a group goes to the group's MAC.
    void address_group() {
        const bool is_to_group =
            source_.contains("Mld") || source_.contains("Igmp") || source_.contains("Dhcp") || source_.contains("Dhcpv6");
        if (has_destination_ || !is_to_group) {
            return;
        }
        for (const Layer& layer : packet_.layers) {
            const auto* const ipv4 = std::get_if<Ipv4>(&layer);
            const auto* const ipv6 = std::get_if<Ipv6>(&layer);
            const Address destination = ipv4 != nullptr ? ipv4->destination : (ipv6 != nullptr ? ipv6->destination : Address{});
            if (const std::optional<Mac> group = group_mac(destination)) {
                std::get<Ethernet>(packet_.layers.front()).destination = *group;
            }
        }
    }

    void cut(Fields& fields) {
        fields.allow({"Offset", "Size", "More", "Id"});
        const json* more = fields.find("More");
        packet_ = fragment_of(packet_,
                              {.offset = fields.number_or<std::uint16_t>("Offset", 0),
                               .size = fields.number_or<std::uint16_t>("Size", 0),
                               .more = more == nullptr ? std::nullopt : std::optional(more->get<bool>()),
                               .id = fields.number_or<std::uint32_t>("Id", 1)},
                              extensions_);
    }

    void payload(Fields& top) {
        const Bytes bytes = top.bytes("Payload");
        add(Payload{.bytes = bytes.empty() ? Bytes(top.number_or<std::uint16_t>("PayloadSize", 0)) : bytes});
    }

    void finish(Fields& top, Bytes& frame) {
        with("Patch", [&](Fields& fields) {
            for (const auto& [offset, value] : source_.at("Patch").items()) {
                const Bytes bytes = fields.bytes_in(value, offset);
                std::size_t at = 0;
                const auto [stop, error] = std::from_chars(offset.data(), offset.data() + offset.size(), at);
                if (error != std::errc{} || *stop != '\0' || at + bytes.size() > frame.size()) {
                    fields.report(offset, "not inside the frame");
                    return;
                }
                std::copy(bytes.begin(), bytes.end(), frame.begin() + static_cast<std::ptrdiff_t>(at));
            }
        });
        frame.resize(frame.size() + top.number_or<std::uint16_t>("Pad", 0));
        frame.resize(std::min<std::size_t>(frame.size(), top.number_or<std::uint16_t>("Truncate", 65535)));
    }

    const json& source_;
    const PacketContext& context_;
    std::string trouble_;
    Packet packet_;
    Mac source_mac_;
    bool is_ipv6_ = false;
    bool has_destination_ = false;
    std::size_t extensions_ = 0;
};

}  // namespace

Result<Bytes> frame_of(const json& packet, const PacketContext& context) {
    const json* source = &packet;
    if (packet.is_string()) {
        const auto at = context.packets->find(packet.get_ref<const std::string&>());
        if (at == context.packets->end()) {
            return fail("no packet is called " + packet.get<std::string>());
        }
        source = &*at;
    }
    return Builder(*source, context).build();
}

}  // namespace portcullis::test
