// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/linear_image.h"

#include <algorithm>
#include <map>

#include "compiler/lower_nft/nft_words.h"
#include "fallback/nft_diff.h"

namespace portcullis::bench {
namespace {

constexpr std::uint16_t kEthertypes[] = {0x0800, 0x86dd};
constexpr std::uint64_t kFlowMilliseconds = 600'000;
constexpr std::uint32_t kMostFlows = 1'000'000;

const char* suffix(Family family) { return family == Family::Ipv4 ? "4" : "6"; }

NftStatement is_of(Family family) { return nft_is(nft_meta(NftMeta::Protocol), nft_u16(kEthertypes[family == Family::Ipv4 ? 0 : 1])); }

// Addresses of both ends and ports as a packet of the direction has them, or as its answer would.
std::vector<NftLoad> flow_key(Family family, bool is_answer) {
    if (is_answer) {
        return {nft_destination(family), nft_source(family), nft_l4_protocol(), nft_destination_port(), nft_source_port()};
    }
    return {nft_source(family), nft_destination(family), nft_l4_protocol(), nft_source_port(), nft_destination_port()};
}

class Linear {
   public:
    Linear(const Model& model, const ScaleHost& host) : model_(model), host_(host) {
        table_.family = NftFamily::Bridge;
        table_.name = kLinearTable;
        for (const SecurityGroup& group : model.security_groups) {
            groups_[group.id] = &group;
        }
    }

    NftImage make() {
        for (const Family family : {Family::Ipv4, Family::Ipv6}) {
            add_flows(family);
            add_members(family);
        }
        NftChain forward{.name = "forward", .hook = NftHook{.point = NftHook::Point::Forward, .priority = -200, .device = {}}, .rules = {}};
        for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
            for (std::size_t port = 0; port < model_.ports.size(); ++port) {
                const NftLoad device = direction == Direction::Outbound ? nft_iif() : nft_oif();
                forward.rules.push_back(
                    nft_rule({nft_is(device, nft_ifindex(host_.ifindex(port))), nft_jump(port_chain(port, direction))}));
            }
        }
        for (const Family family : {Family::Ipv4, Family::Ipv6}) {
            forward.rules.push_back(
                nft_rule({is_of(family), NftUpdate{.key = flow_key(family, false), .set = flows(family)}, nft_accept()}));
        }
        table_.chains.push_back(std::move(forward));
        return {.tables = {std::move(table_)}};
    }

   private:
    static std::string flows(Family family) { return std::string("flows") + suffix(family); }
    static std::string members(const std::string& group, Family family) { return "members" + std::string(suffix(family)) + "-" + group; }

    void add_flows(Family family) {
        NftSet set{.name = flows(family)};
        set.key = {nft_address_type(family), nft_address_type(family), NftType::Protocol, NftType::Port, NftType::Port};
        set.is_dynamic = set.has_timeout = true;
        set.timeout_ms = kFlowMilliseconds;
        set.size = kMostFlows;
        table_.sets.push_back(std::move(set));
    }

    void add_members(Family family) {
        std::map<std::string, NftSet> sets;
        for (const SecurityGroup& group : model_.security_groups) {
            sets[group.id] = {.name = members(group.id, family), .key = {nft_address_type(family)}};
        }
        for (const NetworkInterface& interface : model_.network_interfaces) {
            for (const Address& address : interface.addresses) {
                for (const std::string& group : interface.group_ids) {
                    if (address.family == family) {
                        sets[group].elements.push_back({.from = nft_bytes(address), .to = {}, .verdict = {}, .data = {}, .comment = {}});
                    }
                }
            }
        }
        for (auto& [id, set] : sets) {
            table_.sets.push_back(std::move(set));
        }
    }

    std::string port_chain(std::size_t port, Direction direction) {
        NftChain chain{.name = (direction == Direction::Outbound ? "out-" : "in-") + std::to_string(port), .hook = {}, .rules = {}};
        for (const Family family : {Family::Ipv4, Family::Ipv6}) {
            for (const bool is_answer : {false, true}) {
                chain.rules.push_back(nft_rule({is_of(family), nft_in(flow_key(family, is_answer), flows(family)), nft_return()}));
            }
        }
        for (const std::string& id : model_.network_interfaces.at(port).group_ids) {
            for (const SecurityGroupRule& rule : groups_.at(id)->rules[static_cast<std::size_t>(direction)]) {
                append(chain.rules, rule, direction);
            }
        }
        chain.rules.push_back(nft_rule({NftVerdict{NftVerdict::Kind::Drop, {}}}));
        std::string name = chain.name;
        table_.chains.push_back(std::move(chain));
        return name;
    }

    static void append(std::vector<NftRule>& rules, const SecurityGroupRule& rule, Direction direction) {
        for (const Family family : {Family::Ipv4, Family::Ipv6}) {
            NftRule one{.statements = {is_of(family)}, .comment = {}};
            if (const auto* prefix = std::get_if<Prefix>(&rule.source)) {
                if (prefix->address.family != family) {
                    continue;
                }
                one.statements.push_back(nft_in_range(nft_remote(family, direction), nft_first(*prefix), nft_last(*prefix)));
            } else {
                one.statements.push_back(
                    nft_in({nft_remote(family, direction)}, members(std::get<GroupReference>(rule.source).group_id, family)));
            }
            one.statements.push_back(nft_is(nft_l4_protocol(), nft_u8(static_cast<std::uint8_t>(rule.traffic.protocol))));
            one.statements.push_back(nft_in_range(nft_destination_port(), nft_u16(rule.traffic.from_port), nft_u16(rule.traffic.to_port)));
            one.statements.push_back(nft_return());
            rules.push_back(std::move(one));
        }
    }

    const Model& model_;
    const ScaleHost& host_;
    std::map<std::string, const SecurityGroup*> groups_;
    NftTable table_;
};

}  // namespace

std::shared_ptr<const NftImage> linear_image(const Model& model, const ScaleHost& host) {
    auto image = std::make_shared<NftImage>(Linear(model, host).make());
    normalise(*image);
    return image;
}

}  // namespace portcullis::bench
