// SPDX-License-Identifier: Apache-2.0
#include "tests/fallback/images.h"

#include "compiler/lower_nft/nft_words.h"
#include "fallback/nft_diff.h"

namespace portcullis::test {
namespace {

NftBytes address(const std::string& text) { return nft_bytes(*Address::parse(text)); }
NftBytes ether(const char* text) { return nft_bytes(*Mac::parse(text)); }

NftElement element(NftBytes from, NftBytes to = {}) { return {.from = std::move(from), .to = std::move(to)}; }

NftElement verdict_of(NftBytes from, NftVerdict verdict, std::string comment = {}) {
    return {.from = std::move(from), .to = {}, .verdict = std::move(verdict), .data = {}, .comment = std::move(comment)};
}

NftElement data_of(NftBytes from, NftBytes data) { return {.from = std::move(from), .to = {}, .verdict = {}, .data = std::move(data)}; }

std::vector<NftSet> plain_sets() {
    return {
        {.name = "addresses", .key = {NftType::Ipv4Address}, .elements = {element(address("192.0.2.1")), element(address("192.0.2.9"))}},
        {.name = "ports", .key = {NftType::Port}, .elements = {element(nft_key({nft_u16(80)}))}},
        {.name = "macs", .key = {NftType::EtherAddress}, .elements = {element(nft_key({ether("02:00:00:00:00:01")}))}},
        {.name = "pairs",
         .key = {NftType::Interface, NftType::EtherAddress},
         .elements = {element(nft_key({nft_ifindex(7), ether("02:00:00:00:00:01")}))}},
        {.name = "empty", .key = {NftType::Ipv6Address}},
    };
}

std::vector<NftSet> range_sets() {
    return {
        {.name = "prefixes",
         .key = {NftType::Ipv4Address},
         .is_interval = true,
         .elements = {element(address("0.0.0.0"), address("0.255.255.255")), element(address("10.0.0.0"), address("10.0.0.255")),
                      element(address("10.0.1.0"), address("10.0.1.127")), element(address("10.0.2.1")),
                      element(address("240.0.0.0"), address("255.255.255.255"))}},
        {.name = "prefixes6",
         .key = {NftType::Ipv6Address},
         .is_interval = true,
         .elements = {element(address("2001:db8::"), address("2001:db8::ffff"))}},
        {.name = "port-ranges",
         .key = {NftType::Port},
         .is_interval = true,
         .elements = {element(nft_key({nft_u16(0)}), nft_key({nft_u16(79)})), element(nft_key({nft_u16(81)}), nft_key({nft_u16(65535)}))}},
        {.name = "pieces",
         .key = {NftType::Ipv4Address, NftType::Protocol, NftType::Port},
         .is_interval = true,
         .elements = {element(nft_key({address("10.0.0.0"), nft_u8(6), nft_u16(80)}),
                              nft_key({address("10.0.0.255"), nft_u8(6), nft_u16(89)})),
                      element(nft_key({address("10.1.0.0"), nft_u8(17), nft_u16(53)}))}},
    };
}

std::vector<NftSet> maps() {
    return {
        {.name = "dispatch",
         .kind = NftSet::Kind::VerdictMap,
         .key = {NftType::Interface},
         .elements = {verdict_of(nft_ifindex(7), nft_goto("leaf")), verdict_of(nft_ifindex(8), nft_accept())}},
        {.name = "counted",
         .kind = NftSet::Kind::VerdictMap,
         .key = {NftType::Ipv4Address, NftType::Port},
         .is_interval = true,
         .counts = true,
         .elements = {{.from = nft_key({address("10.0.0.0"), nft_u16(1)}),
                       .to = nft_key({address("10.0.0.255"), nft_u16(9)}),
                       .verdict = nft_jump("leaf"),
                       .data = {},
                       .comment = "rule one"},
                      {.from = nft_key({address("10.0.1.0"), nft_u16(1)}),
                       .to = {},
                       .verdict = NftVerdict{NftVerdict::Kind::Drop, {}},
                       .data = {},
                       .comment = "rule two"}}},
        {.name = "ranges-to-verdicts",
         .kind = NftSet::Kind::VerdictMap,
         .key = {NftType::Ipv4Address},
         .is_interval = true,
         .counts = true,
         .elements =
             {{.from = address("10.0.0.0"), .to = address("10.0.0.255"), .verdict = nft_return(), .data = {}, .comment = "rule one"},
              {.from = address("10.0.1.0"), .to = address("10.0.1.255"), .verdict = nft_accept(), .data = {}, .comment = "x"}}},
        {.name = "classes",
         .kind = NftSet::Kind::DataMap,
         .key = {NftType::Ipv4Address, NftType::Port},
         .data = NftType::Word,
         .elements = {data_of(nft_key({address("192.0.2.1"), nft_u16(80)}), nft_u32(5))}},
        {.name = "bridge-ports",
         .key = {NftType::DeviceName, NftType::DeviceName},
         .elements =
             {{.from = nft_key({nft_device_name("br0"), nft_device_name("up0")}), .to = {}, .verdict = {}, .data = {}, .comment = {}}}},
        {.name = "words",
         .kind = NftSet::Kind::DataMap,
         .key = {NftType::Word, NftType::Byte},
         .data = NftType::Word,
         .elements = {data_of(nft_key({nft_u32(5), nft_u8(2)}), nft_u32(9))}},
    };
}

std::vector<NftSet> dynamic_sets() {
    NftSet flows{.name = "flows-7", .key = {NftType::Ipv6Address, NftType::Ipv6Address, NftType::Protocol, NftType::Port, NftType::Port}};
    flows.kind = NftSet::Kind::DataMap;
    flows.is_dynamic = true;
    flows.has_timeout = true;
    flows.timeout_ms = 30'000;
    flows.size = 4096;
    NftSet seen{.name = "seen", .key = {NftType::Ipv4Address}};
    seen.is_dynamic = true;
    seen.has_timeout = true;
    seen.timeout_ms = 60'000;
    seen.size = 100;
    NftSet counts{.name = "counts", .key = {NftType::Interface}};
    counts.is_dynamic = true;
    counts.counts = true;
    counts.size = 65'536;
    return {flows, seen, counts};
}

std::vector<NftLoad> flow_key() {
    return {nft_source(Family::Ipv6), nft_destination(Family::Ipv6), nft_l4_protocol(), nft_source_port(), nft_destination_port()};
}

std::vector<NftRule> rules_of_fields() {
    const NftLoad version = nft_masked(nft_payload(NftHeader::Network, 0, 1), nft_u8(0xf0), 4);
    const NftLoad offset = nft_masked(nft_payload(NftHeader::Network, 6, 2), nft_u16(0x1fff));
    const NftLoad upper = nft_masked(nft_payload(NftHeader::Network, 4, 2), nft_u16(0xff00), 8);
    const NftLoad wide = nft_masked(nft_payload(NftHeader::Network, 0, 4), nft_u32(0x0ff00000), 20);
    const NftLoad group = nft_masked(nft_ether_destination(), ether("ff:ff:ff:00:00:00"));
    return {
        nft_rule({nft_is(version, nft_u8(4)), nft_is_not(offset, nft_u16(0)), NftCounter{}}, "rule fragments"),
        nft_rule({nft_is(upper, nft_u16(1)), nft_less(wide, nft_u32(9)), nft_is(group, ether("01:00:5e:00:00:00"))}),
        nft_rule({nft_less(nft_meta(NftMeta::Length), nft_u32(60)), NftVerdict{NftVerdict::Kind::Drop, {}}}),
        nft_rule(
            {nft_is(nft_meta(NftMeta::Protocol), nft_u16(0x0800)), nft_is(nft_iif(), nft_ifindex(7)), nft_is(nft_oif(), nft_ifindex(8))}),
        nft_rule({nft_in_range(nft_source_port(), nft_u16(1), nft_u16(9)), nft_not_in_range(nft_icmp_type(), nft_u8(1), nft_u8(2))}),
        nft_rule({NftCompare{nft_meta(NftMeta::PacketType), NftCompare::Op::Greater, nft_u8(1)},
                  NftCompare{nft_tcp_flags(), NftCompare::Op::LessEqual, nft_u8(2)},
                  NftCompare{nft_tcp_flags(), NftCompare::Op::GreaterEqual, nft_u8(1)}}),
        nft_rule({NftLimit{.packets = 10, .burst = 20, .is_over = true}, NftVerdict{NftVerdict::Kind::Return, {}}}),
        nft_rule({NftLimit{.packets = 10}}),
    };
}

std::vector<NftRule> rules_of_sets() {
    const NftLoad classed = nft_from_map("classes", {nft_source(Family::Ipv4), nft_source_port()}, 4);
    return {
        nft_rule({nft_in({nft_source(Family::Ipv4)}, "addresses"), nft_not_in({nft_source_port()}, "ports")}),
        nft_rule({nft_in({nft_iif(), nft_ether_source()}, "pairs"), nft_in({nft_source(Family::Ipv4)}, "prefixes")}),
        nft_rule({nft_in({nft_source(Family::Ipv4), nft_l4_protocol(), nft_source_port()}, "pieces"),
                  nft_in({nft_destination_port()}, "port-ranges")}),
        nft_rule({nft_in({nft_source(Family::Ipv6)}, "prefixes6"), nft_not_in({nft_source(Family::Ipv6)}, "empty")}),
        nft_rule({nft_is(classed, nft_u32(5)), nft_is(nft_masked(classed, nft_u32(0xff)), nft_u32(5))}),
        nft_rule({nft_is(nft_from_map("words", {classed, nft_constant(nft_u8(2))}, 4), nft_u32(9))}),
        nft_rule({nft_in({nft_meta(NftMeta::IifName), nft_meta(NftMeta::OifName)}, "bridge-ports")}),
        nft_rule({NftUpdate{.op = NftUpdate::Op::Add, .key = {nft_source(Family::Ipv4)}, .set = "seen", .timeout_ms = 5'000}}),
        nft_rule({NftUpdate{.op = NftUpdate::Op::Delete, .key = {nft_source(Family::Ipv4)}, .set = "seen"}}),
        nft_rule({NftUpdate{.key = {nft_oif()}, .set = "counts", .counts = true}}),
        nft_rule({NftMapUpdate{.key = flow_key(), .map = "flows-7", .data = nft_constant(nft_u32(1)), .timeout_ms = 120'000}}),
        nft_rule({NftMapUpdate{.op = NftMapUpdate::Op::Add,
                               .key = flow_key(),
                               .map = "flows-7",
                               .data = nft_masked(nft_from_map("flows-7", flow_key(), 4), nft_u32(0xff))}}),
        nft_rule({NftMapUpdate{
            .op = NftMapUpdate::Op::Replace,
            .key = flow_key(),
            .map = "flows-7",
            .data = nft_from_map("words", {nft_from_map("flows-7", flow_key(), 4), nft_masked(nft_tcp_flags(), nft_u8(7))}, 4),
            .timeout_ms = 9'000}}),
        nft_rule({NftMapUpdate{.op = NftMapUpdate::Op::Delete, .key = flow_key(), .map = "flows-7", .data = {}}}),
        nft_rule({nft_verdict_of({nft_source(Family::Ipv4), nft_source_port()}, "counted")}),
        nft_rule({nft_verdict_of({nft_source(Family::Ipv4)}, "ranges-to-verdicts")}),
    };
}

template <class T>
void append(std::vector<T>& all, std::vector<T> more) {
    all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

NftImage members_image(unsigned count) {
    NftTable table{.family = NftFamily::Bridge, .name = kTable, .sets = {}, .chains = {}};
    NftSet members{.name = "members", .key = {NftType::Ipv4Address}};
    for (unsigned i = 1; i <= count; ++i) {
        members.elements.push_back(element(address("192.0.2." + std::to_string(i))));
    }
    table.sets.push_back(std::move(members));
    table.chains.push_back({.name = "forward",
                            .hook = NftHook{.point = NftHook::Point::Forward, .priority = -200, .device = {}, .accepts = true},
                            .rules = {nft_rule({nft_in({nft_source(Family::Ipv4)}, "members"), NftVerdict{NftVerdict::Kind::Drop, {}}})}});
    return {.tables = {std::move(table)}};
}

NftImage whole_image(const std::string& device) {
    NftTable table{.family = NftFamily::Bridge, .name = kTable, .sets = plain_sets(), .chains = {}};
    append(table.sets, range_sets());
    append(table.sets, maps());
    append(table.sets, dynamic_sets());
    table.chains.push_back({.name = "leaf", .hook = {}, .rules = {nft_rule({nft_return()})}});
    table.chains.push_back({.name = "fields", .hook = {}, .rules = rules_of_fields()});
    table.chains.push_back({.name = "sets", .hook = {}, .rules = rules_of_sets()});
    table.chains.push_back(
        {.name = "forward",
         .hook = NftHook{.point = NftHook::Point::Forward, .priority = -200, .device = {}, .accepts = true},
         .rules = {nft_rule({nft_verdict_of({nft_iif()}, "dispatch")}), nft_rule({nft_jump("fields")}), nft_rule({nft_goto("sets")})}});
    table.chains.push_back({.name = "prerouting",
                            .hook = NftHook{.point = NftHook::Point::Prerouting, .priority = -201, .device = {}, .accepts = false},
                            .rules = {nft_rule({NftSetMark{.keep = 0xcfffffff, .bits = 0x10000000}})}});
    NftImage image{.tables = {std::move(table)}};
    if (!device.empty()) {
        image.tables.push_back(
            {.family = NftFamily::Netdev,
             .name = kTable,
             .sets = {},
             .chains = {{.name = "ingress-7",
                         .hook = NftHook{.point = NftHook::Point::Ingress, .priority = 0, .device = device, .accepts = true},
                         .rules = {nft_rule({nft_is(nft_ether_type(), nft_u16(0x8100)), NftVerdict{NftVerdict::Kind::Drop, {}}})}}}});
    }
    return image;
}

std::shared_ptr<const NftImage> shared(NftImage image) {
    normalise(image);
    return std::make_shared<const NftImage>(std::move(image));
}

}  // namespace portcullis::test
