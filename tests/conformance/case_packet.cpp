// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/case_packet.h"

#include <array>
#include <charconv>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis::test {
namespace {

using nlohmann::json;

// Reads the fields of one object of a packet. The first thing that is wrong stays in `trouble`; what is read after it does not matter.
class Fields {
   public:
    Fields(const json& object, std::string what, std::string& trouble) : object_(object), what_(std::move(what)), trouble_(trouble) {}

    void allow(std::initializer_list<std::string_view> keys) {
        for (const auto& [key, value] : object_.items()) {
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
                report(key, "unknown key");
            }
        }
    }
    [[nodiscard]] const json* find(const char* key) const {
        const auto at = object_.find(key);
        return at == object_.end() ? nullptr : &*at;
    }
    template <class Number>
    [[nodiscard]] std::optional<Number> number(const char* key) {
        const json* value = find(key);
        if (value == nullptr) {
            return std::nullopt;
        }
        std::uint64_t read = 0;
        if (value->is_number_unsigned()) {
            read = value->get<std::uint64_t>();
        } else if (!value->is_string() || !from_text(value->get_ref<const std::string&>(), read)) {
            report(key, "not a number");
        }
        if (read > std::numeric_limits<Number>::max()) {
            report(key, "too large");
        }
        return static_cast<Number>(read);
    }
    template <class Number>
    [[nodiscard]] Number number_or(const char* key, Number otherwise) {
        return number<Number>(key).value_or(otherwise);
    }
    // T::parse of the text: Address or Mac.
    template <class T>
    [[nodiscard]] T parsed_or(const char* key, T otherwise) {
        const json* value = find(key);
        if (value == nullptr) {
            return otherwise;
        }
        const std::optional<T> read = value->is_string() ? T::parse(value->get_ref<const std::string&>()) : std::nullopt;
        if (!read) {
            report(key, "not an address");
        }
        return read.value_or(otherwise);
    }
    [[nodiscard]] Bytes bytes(const char* key) {
        const json* value = find(key);
        return value == nullptr ? Bytes{} : bytes_in(*value, key);
    }
    [[nodiscard]] Bytes bytes_in(const json& value, std::string_view key) {
        Bytes out;
        std::string digits;
        for (const char c : value.is_string() ? value.get_ref<const std::string&>() : std::string("?")) {
            if (c != ' ') {
                digits += c;
            }
        }
        for (std::size_t i = 0; i < digits.size(); i += 2) {
            std::uint8_t byte = 0;
            const char* end = digits.data() + std::min(i + 2, digits.size());
            const auto [stop, error] = std::from_chars(digits.data() + i, end, byte, 16);
            if (error != std::errc{} || stop != end || i + 2 > digits.size()) {
                report(key, "not hexadecimal bytes");
                break;
            }
            out.push_back(byte);
        }
        return out;
    }
    void report(std::string_view key, std::string_view problem) {
        if (trouble_.empty()) {
            trouble_ = what_ + "." + std::string(key) + ": " + std::string(problem);
        }
    }

   private:
    static bool from_text(const std::string& text, std::uint64_t& value) {
        const bool is_hex = text.starts_with("0x");
        const char* begin = text.data() + (is_hex ? 2 : 0);
        const auto [stop, error] = std::from_chars(begin, text.data() + text.size(), value, is_hex ? 16 : 10);
        return error == std::errc{} && stop == text.data() + text.size();
    }

    const json& object_;
    std::string what_;
    std::string& trouble_;
};

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

class Builder {
   public:
    Builder(const json& source, const FrameDefaults& defaults) : source_(source), defaults_(defaults) {}

    Result<Bytes> build() {
        Fields top(source_, "packet", trouble_);
        top.allow({"Ethernet", "Vlan", "Arp", "Ipv4", "Ipv6", "Tcp", "Udp", "Icmp", "Neighbour", "Protocol", "Payload", "PayloadSize",
                   "Patch", "Pad", "Truncate", "Hex"});
        Bytes frame = top.bytes("Hex");
        if (frame.empty()) {
            link();
            network(top.number<std::uint8_t>("Protocol"));
            transport();
            payload(top);
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

    void link() {
        Ethernet ethernet{.source = defaults_.source, .destination = defaults_.destination, .type = {}};
        std::optional<std::uint16_t> type;
        with("Ethernet", [&](Fields& fields) {
            fields.allow({"Source", "Destination", "Type"});
            ethernet.source = fields.parsed_or("Source", ethernet.source);
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
        with("Arp", [&](Fields& fields) { arp(fields); });
        with("Ipv4", [&](Fields& fields) { ipv4(fields, protocol); });
        with("Ipv6", [&](Fields& fields) { ipv6(fields, protocol); });
    }

    void arp(Fields& fields) {
        fields.allow({"Operation", "SenderMac", "SenderAddress", "TargetMac", "TargetAddress", "HardwareType", "ProtocolType",
                      "HardwareLength", "ProtocolLength"});
        Arp arp;
        arp.operation = fields.number_or("Operation", arp.operation);
        arp.sender_mac = fields.parsed_or("SenderMac", source_mac_);
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
        fields.allow({"Source", "Destination", "TimeToLive", "Id", "Options", "FragmentOffset", "MoreFragments", "Version", "HeaderLength",
                      "TotalLength", "Protocol"});
        Ipv4 header;
        header.source = fields.parsed_or("Source", header.source);
        header.destination = fields.parsed_or("Destination", header.destination);
        header.ttl = fields.number_or("TimeToLive", header.ttl);
        header.id = fields.number_or("Id", header.id);
        header.options = fields.bytes("Options");
        header.fragment_offset = fields.number_or("FragmentOffset", header.fragment_offset);
        const json* more = fields.find("MoreFragments");
        header.more_fragments = more != nullptr && more->get<bool>();
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
        header.hop_limit = fields.number_or<std::uint8_t>("HopLimit", source_.contains("Neighbour") ? 255 : 64);
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
            one.allow({"Type", "Bytes"});
            const Bytes whole = one.bytes("Bytes");
            if (whole.size() < 8 || whole.size() % 8 != 0) {
                one.report("Bytes", "not a whole header");
                return;
            }
            add(ExtensionHeader{.number = one.number_or<std::uint8_t>("Type", 0),
                                .body = Bytes(whole.begin() + 2, whole.end()),
                                .next_header = i + 1 == extensions->size() ? protocol : std::nullopt,
                                .length_units = whole[1]});
        }
    }

    void transport() {
        with("Tcp", [&](Fields& fields) {
            fields.allow({"SourcePort", "DestinationPort", "Flags", "DataOffset"});
            add(Tcp{.source_port = fields.number_or<std::uint16_t>("SourcePort", 49152),
                    .destination_port = fields.number_or<std::uint16_t>("DestinationPort", 0),
                    .flags = tcp_flags(fields),
                    .data_offset = fields.number<std::uint8_t>("DataOffset")});
        });
        with("Udp", [&](Fields& fields) {
            fields.allow({"SourcePort", "DestinationPort", "Length"});
            add(Udp{.source_port = fields.number_or<std::uint16_t>("SourcePort", 49152),
                    .destination_port = fields.number_or<std::uint16_t>("DestinationPort", 0),
                    .length = fields.number<std::uint16_t>("Length"),
                    .checksum = {}});
        });
        with("Icmp", [&](Fields& fields) { icmp(fields); });
        with("Neighbour", [&](Fields& fields) { neighbour(fields); });
    }

    void icmp(Fields& fields) {
        fields.allow({"Type", "Code", "Id", "Sequence"});
        const Icmpv6 message{.type = fields.number_or<std::uint8_t>("Type", is_ipv6_ ? 128 : 8),
                             .code = fields.number_or<std::uint8_t>("Code", 0),
                             .identifier = fields.number_or<std::uint16_t>("Id", 1),
                             .sequence = fields.number_or<std::uint16_t>("Sequence", 1),
                             .checksum = {}};
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

    void neighbour(Fields& fields) {
        fields.allow({"Type", "Code", "Target", "Flags", "Options"});
        const auto type = fields.number_or<std::uint8_t>("Type", 135);
        const auto code = fields.number_or<std::uint8_t>("Code", 0);
        const auto flags = static_cast<std::uint32_t>(fields.number_or<std::uint8_t>("Flags", 0)) << 24;
        const Bytes options = nd_options(fields);
        if (type == 133 || type == 134) {  // RS: 4 reserved bytes; RA: hop limit, flags, lifetime, and two times
            add(Icmpv6{.type = type, .code = code, .identifier = static_cast<std::uint16_t>(flags >> 16), .sequence = 0, .checksum = {}});
            Bytes rest(type == 134 ? 8 : 0);
            rest.insert(rest.end(), options.begin(), options.end());
            add(Payload{.bytes = rest});
            return;
        }
        Bytes rest = options;
        if (type == 137) {  // a redirect carries the destination behind the target
            rest.insert(rest.begin(), 16, 0);
        }
        add(Neighbour{.type = type, .code = code, .target = fields.parsed_or("Target", Address{}), .options = rest, .flags = flags});
    }

    Bytes nd_options(Fields& fields) {
        Bytes all;
        const json* options = fields.find("Options");
        for (const json& option : options == nullptr ? json::array() : *options) {
            Fields one(option, "Options", trouble_);
            one.allow({"Type", "Mac", "Bytes"});
            Bytes bytes = one.find("Mac") == nullptr ? one.bytes("Bytes") : nd_link_option(0, one.parsed_or("Mac", Mac{}));
            if (!bytes.empty()) {
                bytes[0] = one.number_or<std::uint8_t>("Type", bytes[0]);
            }
            all.insert(all.end(), bytes.begin(), bytes.end());
        }
        return all;
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
    const FrameDefaults& defaults_;
    std::string trouble_;
    Packet packet_;
    Mac source_mac_;
    bool is_ipv6_ = false;
};

}  // namespace

Result<Bytes> frame_of(const json& packet, const FrameDefaults& defaults) { return Builder(packet, defaults).build(); }

}  // namespace portcullis::test
