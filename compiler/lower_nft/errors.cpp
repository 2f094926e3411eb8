// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/errors.h"

#include <algorithm>

#include "compiler/lower_nft/judgements.h"
#include "compiler/lower_nft/nft_room.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/own.h"
#include "compiler/lower_nft/untracked.h"

namespace portcullis {
namespace {

constexpr std::uint16_t kIcmpBytes = 8;   // before the quote
constexpr std::uint16_t kQuoteBytes = 8;  // of the quoted transport header
constexpr std::uint16_t kIpv6Bytes = 40;
constexpr std::uint64_t kRemoteMilliseconds = 600'000;
// Half of what 7.9 allows in a second, and as much at once: never more than that in any second.
constexpr std::uint32_t kErrorsPerSecond = 50;

constexpr std::uint8_t kTcp = 6, kUdp = 17, kIcmp = 1, kIcmpv6 = 58, kFragmentHeader = 44;

NftLoad at(std::uint16_t offset, std::uint8_t length) { return nft_payload(NftHeader::Transport, offset, length); }

// The quoted header, from its place behind the ICMP header.
NftLoad in_quote(std::uint16_t offset, std::uint8_t length) { return at(static_cast<std::uint16_t>(kIcmpBytes + offset), length); }

// What the headers of the quote are like: how many bytes there are before the transport header, and where its protocol is named.
struct Shape {
    std::uint16_t header_bytes = 0;
    std::uint16_t protocol_at = 0;
};

class Quote {
   public:
    Quote(const NftLane& lane, Shape shape, const NftErrorChains& chains)
        : lane_(lane),
          shape_(shape),
          chains_(chains),
          quoted_{.bridge = lane.bridge, .port = lane.port, .direction = opposite_of(lane.direction), .family = lane.family} {}

    // Check: the quote has the shape.
    [[nodiscard]] std::string chain() const {
        NftSet kinds{.name = "error-kinds", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Word}};
        kinds.elements = {
            {.from = nft_u32(0), .to = {}, .verdict = nft_goto(chains_.begun_outbound), .data = {}, .comment = {}},
            {.from = nft_u32(kNftBegunInboundBit), .to = {}, .verdict = nft_goto(chains_.begun_inbound), .data = {}, .comment = {}}};
        const std::string map = lane_.bridge->set(std::move(kinds));
        std::vector<NftRule> rules;
        for (const NftForm form : {NftForm::Udp, NftForm::Icmp, NftForm::Other}) {
            for (const std::string& flows : {lane_.answered(), lane_.half_open()}) {
                rules.push_back(
                    nft_rule({nft_in({protocol()}, protocols(form)),
                              nft_verdict_of({nft_masked(nft_from_map(flows, key(form), 4), nft_u32(kNftBegunInboundBit))}, map)}));
            }
        }
        if (!chains_.untracked.empty()) {
            const NftHeaderLoads loads{.source = source(),
                                       .destination = destination(),
                                       .protocol = protocol(),
                                       .source_port = in_quote(shape_.header_bytes, 2),
                                       .destination_port = in_quote(static_cast<std::uint16_t>(shape_.header_bytes + 2), 2)};
            // In this chain: as deep as chains may be, this is where they are deepest.
            rules.push_back(nft_rule({nft_is_not_too_big(), nft_return()}));
            for (NftRule& rule :
                 nft_untracked_quote(*lane_.bridge, *lane_.port, quoted_.direction, lane_.family, loads, chains_.untracked)) {
                rules.push_back(std::move(rule));
            }
        }
        return lane_.bridge->chain(lane_.stem("quote"), std::move(rules));
    }

   private:
    [[nodiscard]] NftLoad source() const { return lane_.family == Family::Ipv4 ? in_quote(12, 4) : in_quote(8, 16); }
    [[nodiscard]] NftLoad destination() const { return lane_.family == Family::Ipv4 ? in_quote(16, 4) : in_quote(24, 16); }
    [[nodiscard]] NftLoad protocol() const { return in_quote(shape_.protocol_at, 1); }

    [[nodiscard]] NftStatement nft_is_not_too_big() const {
        return lane_.family == Family::Ipv4 ? nft_is_not(nft_icmp_type_code(), nft_u16(0x0304)) : nft_is_not(nft_icmp_type(), nft_u8(2));
    }

    // TCP and UDP have keys of the same form. Neither the headers that are walked nor the other family's ICMP are a protocol here.
    [[nodiscard]] std::string protocols(NftForm form) const {
        const std::uint8_t icmp = lane_.family == Family::Ipv4 ? kIcmp : kIcmpv6;
        if (form == NftForm::Udp) {
            return nft_byte_set(*lane_.bridge, "with-ports", {kTcp, kUdp});
        }
        if (form == NftForm::Icmp) {
            return nft_byte_set(*lane_.bridge, "icmp", {icmp});
        }
        std::vector<std::uint8_t> others;
        for (unsigned one = 0; one < 256; ++one) {
            const bool is_walked = lane_.family == Family::Ipv6 && (one == 0 || one == 43 || one == kFragmentHeader || one == 60);
            if (!is_walked && one != kTcp && one != kUdp && one != kIcmp && one != kIcmpv6) {
                others.push_back(static_cast<std::uint8_t>(one));
            }
        }
        return nft_byte_set(*lane_.bridge, "other-protocols", others);
    }

    // As of the quoted packet, which went the other way.
    [[nodiscard]] std::vector<NftLoad> key(NftForm form) const {
        const bool went_out = quoted_.is_outbound();
        std::vector<NftLoad> key = quoted_.flow_key(form);
        key[0] = went_out ? source() : destination();
        key[1] = went_out ? destination() : source();
        key[2] = protocol();
        const std::uint16_t transport = shape_.header_bytes;
        if (form == NftForm::Udp) {
            key[3] = in_quote(static_cast<std::uint16_t>(transport + (went_out ? 0 : 2)), 2);
            key[4] = in_quote(static_cast<std::uint16_t>(transport + (went_out ? 2 : 0)), 2);
        } else if (form == NftForm::Icmp) {
            key[3] = in_quote(static_cast<std::uint16_t>(transport + 4), 2);
            key[4].key = {in_quote(transport, 2)};
        }
        key.insert(key.begin(), lane_.binding());
        return key;
    }

    const NftLane& lane_;
    Shape shape_;
    const NftErrorChains& chains_;
    NftLane quoted_;
};

NftStatement is_at_least(NftLoad load, std::size_t bytes) {
    return NftCompare{std::move(load), NftCompare::Op::GreaterEqual, nft_u16(static_cast<std::uint16_t>(bytes))};
}

std::vector<NftRule> rules_of_ipv4(const NftLane& lane, const NftErrorChains& chains) {
    constexpr std::uint16_t kLeast = 20;
    std::vector<NftRule> rules;
    for (const std::uint16_t header : {kLeast, std::uint16_t{kLeast + 4}}) {
        rules.push_back(
            nft_rule({nft_is(nft_payload(NftHeader::Network, 0, 1), nft_u8(0x45)),
                      nft_is(in_quote(0, 1), nft_u8(static_cast<std::uint8_t>(0x40 | header / 4))),
                      nft_is(nft_masked(in_quote(6, 2), nft_u16(0x1fff)), nft_u16(0)),
                      is_at_least(nft_payload(NftHeader::Network, 2, 2), std::size_t{kLeast} + kIcmpBytes + header + kQuoteBytes),
                      nft_jump(Quote(lane, {.header_bytes = header, .protocol_at = 9}, chains).chain())}));
    }
    return rules;
}

std::vector<NftRule> rules_of_ipv6(const NftLane& lane, const NftErrorChains& chains) {
    constexpr std::uint16_t kFragmentBytes = 8;
    const NftLoad payload = nft_payload(NftHeader::Network, 4, 2);
    std::vector<NftRule> rules;
    for (const bool is_fragment : {false, true}) {
        const std::uint16_t header = is_fragment ? kIpv6Bytes + kFragmentBytes : kIpv6Bytes;
        const Shape shape{.header_bytes = header, .protocol_at = is_fragment ? kIpv6Bytes : std::uint16_t{6}};
        std::vector<NftStatement> is_shaped = {nft_is(nft_masked(in_quote(0, 1), nft_u8(0xf0)), nft_u8(0x60))};
        if (is_fragment) {
            is_shaped.push_back(nft_is(in_quote(6, 1), nft_u8(kFragmentHeader)));
            is_shaped.push_back(nft_is(nft_masked(in_quote(kIpv6Bytes + 2, 2), nft_u16(0xfff8)), nft_u16(0)));
        }
        is_shaped.push_back(nft_is_not(nft_payload(NftHeader::Network, 6, 1), nft_u8(kFragmentHeader)));
        is_shaped.push_back(is_at_least(payload, std::size_t{kIcmpBytes} + header + kQuoteBytes));
        is_shaped.emplace_back(nft_jump(Quote(lane, shape, chains).chain()));
        rules.push_back(nft_rule(std::move(is_shaped)));
    }
    return rules;
}

// {port, a, a} of every own address that stands in the documents alone: these need no flow to be known.
// The set; empty: the port has none.
std::string own_ends(const NftLane& lane) {
    bool has_some = false;
    const NftType address = nft_address_type(lane.family);
    const NftSet set{.name = lane.family == Family::Ipv4 ? "port.own-ends4" : "port.own-ends6",
                     .key = {NftType::Interface, address, address}};
    for (const Prefix& prefix : lane.port->port->addresses) {
        if (prefix.family() == lane.family && prefix.length == address_bits(lane.family)) {
            const NftBytes bytes = nft_bytes(prefix.address);
            has_some = true;
            lane.bridge->add_element(
                set,
                {.from = nft_key({nft_ifindex(lane.port->ifindex()), bytes, bytes}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
        }
    }
    return has_some ? set.name : std::string();
}

}  // namespace

NftStatement nft_is_error(NftBuilder& bridge, Family family) {
    return nft_in({nft_icmp_type()},
                  family == Family::Ipv4 ? nft_byte_set(bridge, "errors4", {3, 11, 12}) : nft_byte_set(bridge, "errors6", {1, 2, 3, 4}));
}

std::string nft_related_errors(const NftLane& lane, const NftErrorChains& chains) {
    const std::string quotes =
        lane.bridge->chain(lane.stem("quotes"), lane.family == Family::Ipv4 ? rules_of_ipv4(lane, chains) : rules_of_ipv6(lane, chains));
    const NftLoad quoted_source = lane.family == Family::Ipv4 ? in_quote(12, 4) : in_quote(8, 16);
    std::vector<NftRule> rules;
    if (lane.is_outbound()) {
        NftConditions not_own = nft_not_own(*lane.bridge, *lane.port, lane.direction, lane.family, nft_source(lane.family));
        not_own.emplace_back(nft_return());
        rules.push_back(nft_rule(std::move(not_own)));
    }
    const auto if_among = [&](NftLoad whose, const std::string& set) {
        rules.push_back(nft_rule({nft_in({std::move(whose), nft_destination(lane.family), quoted_source}, set), nft_jump(quotes)}));
    };
    if_among(lane.binding(), lane.ends());
    if (const std::string own = lane.is_outbound() ? std::string() : own_ends(lane); !own.empty()) {
        if_among(lane.device(), own);
    }
    return lane.bridge->chain(lane.stem("errors"), std::move(rules));
}

std::vector<NftRule> nft_remember_ends(const NftLane& lane) {
    const NftType type = nft_address_type(lane.family);
    const std::string quota = nft_name_of_binding(lane, "room-ends");
    lane.bridge->add_set(nft_dynamic_set(quota, {type, type}, nft_room_for(lane.port->port->flows)));
    // Each on its own: where the quota is full, errors are not related, and flows open nevertheless.
    const auto remember = [&](const NftLoad& address, std::uint64_t timeout_ms) {
        return nft_rule({NftUpdate{.key = {address, address}, .set = quota, .timeout_ms = timeout_ms},
                         NftUpdate{.key = {lane.binding(), address, address}, .set = lane.ends(), .timeout_ms = timeout_ms}});
    };
    const std::uint64_t local_ms = lane.milliseconds(NftIdle::Established);
    return {nft_by_port(lane, "ends-" + std::to_string(local_ms) + (lane.is_outbound() ? "-out" : "-in"),
                        {remember(nft_local(lane.family, lane.direction), local_ms),
                         remember(nft_remote(lane.family, lane.direction), kRemoteMilliseconds)})};
}

std::string nft_limit_errors(const NftLane& lane, const std::string& end) {
    // Of the port, so that no other port's errors count.
    NftChain chain{.name = "errors-" + std::to_string(lane.port->ifindex()), .hook = {}, .rules = {}};
    chain.rules = {nft_rule({NftLimit{.packets = kErrorsPerSecond, .burst = kErrorsPerSecond}, nft_return()}),
                   nft_rule({lane.bridge->drop(lane.direction, PC_REASON_rate_limited)})};
    const std::string limit = chain.name;
    lane.bridge->add_chain(std::move(chain));
    return lane.bridge->chain(lane.stem("errors-untracked"), {nft_to_port(lane, "limit-errors", limit), nft_rule({nft_goto(end)})});
}

}  // namespace portcullis
