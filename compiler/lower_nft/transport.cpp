// SPDX-License-Identifier: Apache-2.0
// The kernel has compared the IP length with the frame's; here transport headers are compared with the IP length. IPv4's length 0 is BIG
// TCP's: of other packets the kernel takes it for malformed.
#include "compiler/lower_nft/transport.h"

#include "compiler/lower_nft/equal.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/own.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;
constexpr std::uint16_t kTcpBytes = 20, kUdpBytes = 8, kIcmpBytes = 8;
constexpr std::uint16_t kLongest = 65535;
constexpr unsigned kShortestOffset = 5, kLongestOffset = 15;  // of TCP data, in words
constexpr unsigned kShortestHeader = 6, kLongestHeader = 15;  // of IPv4 with options, in words

NftLoad ip_length(Family family) { return nft_payload(NftHeader::Network, family == Family::Ipv4 ? 2 : 4, 2); }
NftLoad ipv4_head() { return nft_payload(NftHeader::Network, 0, 1); }
NftLoad udp_length() { return nft_payload(NftHeader::Transport, 4, 2); }
NftLoad data_offset() { return nft_masked(nft_payload(NftHeader::Transport, 12, 1), nft_u8(0xf0)); }

std::uint8_t offset_byte(unsigned words) { return static_cast<std::uint8_t>(words << 4); }
std::uint8_t head_byte(unsigned words) { return static_cast<std::uint8_t>(0x40 | words); }

NftStatement is_at_least(const NftLoad& load, unsigned bytes) {
    return nft_in_range(load, nft_u16(static_cast<std::uint16_t>(bytes)), nft_u16(kLongest));
}

void add_range(NftSet& set, const NftBytes& from, const NftBytes& to) {
    set.elements.push_back({.from = from, .to = to, .verdict = {}, .data = {}, .comment = {}});
}

// 3.3.3: SYN, SYN+ACK, RST, RST+ACK, FIN+ACK, ACK.
std::string flags_chain(const NftSanity& sanity) {
    const std::string legal = nft_byte_set(*sanity.bridge, "tcp-flags", {0x02, 0x12, 0x04, 0x14, 0x11, 0x10});
    return sanity.bridge->chain("tcp-flags", {nft_when({nft_in({nft_masked(nft_tcp_flags(), nft_u8(0x17))}, legal)}, nft_return()),
                                              nft_always(sanity.drop(PC_REASON_tcp_flags))});
}

// {data offset, IP length} that fit.
std::string offsets_set(const NftSanity& sanity, std::uint16_t headers) {
    NftSet set{.name = "tcp-lengths", .key = {NftType::Byte, NftType::Half}};
    set.is_interval = true;
    for (unsigned words = kShortestOffset; words <= kLongestOffset; ++words) {
        const NftBytes offset = nft_u8(offset_byte(words));
        const auto shortest = static_cast<std::uint16_t>(headers + words * 4);
        add_range(set, nft_key({offset, nft_u16(shortest)}), nft_key({offset, nft_u16(kLongest)}));
        if (sanity.family == Family::Ipv4) {
            add_range(set, nft_key({offset, nft_u16(0)}), nft_key({offset, nft_u16(0)}));
        }
    }
    return sanity.bridge->set(std::move(set));
}

std::string tcp_chain(const NftSanity& sanity, NftPart part, std::uint16_t headers) {
    const NftLoad length = ip_length(sanity.family);
    const NftVerdict fits = nft_goto(flags_chain(sanity));
    std::vector<NftRule> rules;
    if (part == NftPart::Whole) {
        constexpr unsigned kUsual[] = {8, 5};  // with timestamps, without options: spared the set
        for (const unsigned words : kUsual) {
            rules.push_back(nft_when({nft_is(data_offset(), nft_u8(offset_byte(words))), is_at_least(length, headers + words * 4)}, fits));
        }
        rules.push_back(nft_when({nft_in({data_offset(), length}, offsets_set(sanity, headers))}, fits));
    } else {
        const NftStatement is_long = nft_in_range(data_offset(), nft_u8(offset_byte(kShortestOffset)), nft_u8(0xff));
        rules.push_back(nft_when({is_at_least(length, headers + kTcpBytes), is_long}, fits));
    }
    rules.push_back(nft_always(sanity.drop(PC_REASON_transport_malformed)));
    return sanity.bridge->chain("tcp", std::move(rules));
}

std::string udp_chain(const NftSanity& sanity, NftPart part, std::uint16_t headers) {
    const NftLoad length = ip_length(sanity.family);
    std::vector<NftRule> rules;
    if (part == NftPart::Whole) {
        for (const NftConditions& fits : nft_sum_fits(*sanity.bridge, udp_length(), headers, length)) {
            rules.push_back(nft_when(nft_all({{is_at_least(udp_length(), kUdpBytes)}, fits}), nft_return()));
        }
    } else {
        rules.push_back(nft_when({is_at_least(length, headers + kUdpBytes), is_at_least(udp_length(), kUdpBytes)}, nft_return()));
    }
    rules.push_back(nft_always(sanity.drop(PC_REASON_transport_malformed)));
    return sanity.bridge->chain("udp", std::move(rules));
}

std::string icmp_chain(const NftSanity& sanity, std::uint16_t headers) {
    return sanity.bridge->chain("icmp", {nft_when({is_at_least(ip_length(sanity.family), headers + kIcmpBytes)}, nft_return()),
                                         nft_always(sanity.drop(PC_REASON_transport_malformed))});
}

// 3.3.1, and the chains of the three protocols that have a header to look at.
std::string by_protocol(const NftSanity& sanity, const std::string& tcp, const std::string& udp, const std::string& icmp) {
    const bool is_ipv4 = sanity.family == Family::Ipv4;
    NftSet map{.name = "transport", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Protocol}};
    const auto add = [&](std::uint8_t protocol, NftVerdict verdict) {
        map.elements.push_back({.from = nft_key({nft_u8(protocol)}), .to = {}, .verdict = std::move(verdict), .data = {}, .comment = {}});
    };
    add(kTcp, nft_goto(tcp));
    add(kUdp, nft_goto(udp));
    add(is_ipv4 ? kIcmp : kIcmpv6, nft_goto(icmp));
    add(is_ipv4 ? kIcmpv6 : kIcmp, sanity.drop(PC_REASON_protocol));
    return sanity.bridge->chain("transport", {nft_rule({nft_verdict_of({nft_l4_protocol()}, sanity.bridge->set(std::move(map)))})});
}

// {first byte of the header, IP length} with room for so many bytes behind the header.
std::string room_set(const NftSanity& sanity, std::uint16_t bytes) {
    NftSet set{.name = "room", .key = {NftType::Byte, NftType::Half}};
    set.is_interval = true;
    for (unsigned words = kShortestHeader; words <= kLongestHeader; ++words) {
        const NftBytes head = nft_u8(head_byte(words));
        const auto shortest = static_cast<std::uint16_t>(words * 4 + bytes);
        add_range(set, nft_key({head, nft_u16(shortest)}), nft_key({head, nft_u16(kLongest)}));
    }
    return sanity.bridge->set(std::move(set));
}

// {first byte of the header, data offset, IP length} that fit.
std::string all_offsets_set(const NftSanity& sanity) {
    NftSet set{.name = "tcp-lengths-options", .key = {NftType::Byte, NftType::Byte, NftType::Half}};
    set.is_interval = true;
    for (unsigned header = kShortestHeader; header <= kLongestHeader; ++header) {
        for (unsigned words = kShortestOffset; words <= kLongestOffset; ++words) {
            const NftBytes head = nft_u8(head_byte(header));
            const NftBytes offset = nft_u8(offset_byte(words));
            const auto shortest = static_cast<std::uint16_t>((header + words) * 4);
            add_range(set, nft_key({head, offset, nft_u16(shortest)}), nft_key({head, offset, nft_u16(kLongest)}));
        }
    }
    return sanity.bridge->set(std::move(set));
}

}  // namespace

std::string nft_transport(const NftSanity& sanity, NftPart part, std::uint16_t headers) {
    return by_protocol(sanity, tcp_chain(sanity, part, headers), udp_chain(sanity, part, headers), icmp_chain(sanity, headers));
}

std::string nft_transport_behind_options(const NftSanity& sanity, NftPart part) {
    NftBuilder& bridge = *sanity.bridge;
    const NftVerdict drop = sanity.drop(PC_REASON_transport_malformed);
    const NftLoad length = ip_length(Family::Ipv4);
    const NftStatement has_tcp = nft_in({ipv4_head(), length}, room_set(sanity, kTcpBytes));
    const NftStatement has_eight = nft_in({ipv4_head(), length}, room_set(sanity, kUdpBytes));
    const bool is_whole = part == NftPart::Whole;
    const NftStatement offset_fits = is_whole ? nft_in({ipv4_head(), data_offset(), length}, all_offsets_set(sanity))
                                              : nft_in_range(data_offset(), nft_u8(offset_byte(kShortestOffset)), nft_u8(0xff));
    const std::string tcp =
        bridge.chain("tcp-options", {nft_when({has_tcp, offset_fits}, nft_goto(flags_chain(sanity))), nft_always(drop)});
    const NftStatement has_length = is_at_least(udp_length(), kUdpBytes);
    std::vector<NftRule> datagrams;
    if (is_whole) {
        // Pairs of bytes are as many again for every length of the header: only the shortest with options has them.
        const NftStatement is_shortest = nft_is(ipv4_head(), nft_u8(head_byte(kShortestHeader)));
        for (const NftConditions& fits : nft_sum_fits(bridge, udp_length(), kShortestHeader * 4, length)) {
            datagrams.push_back(nft_when(nft_all({{is_shortest, has_length}, fits}), nft_return()));
        }
    } else {
        datagrams.push_back(nft_when({has_eight, has_length}, nft_return()));
    }
    datagrams.push_back(nft_always(drop));
    const std::string udp = bridge.chain("udp-options", std::move(datagrams));
    const std::string icmp = bridge.chain("icmp-options", {nft_when({has_eight}, nft_return()), nft_always(drop)});
    return by_protocol(sanity, tcp, udp, icmp);
}

}  // namespace portcullis
