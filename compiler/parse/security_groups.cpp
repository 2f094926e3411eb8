// SPDX-License-Identifier: Apache-2.0
// describe-security-groups and describe-security-group-rules. A permission with several sources becomes one rule per source; the flat form
// has one source per rule already.
#include "compiler/parse/declarations.h"
#include "compiler/parse/fields.h"
#include "compiler/parse/keep_first.h"
#include "compiler/parse/traffic.h"

namespace portcullis {
namespace {

// A list of sources in a permission: {"IpRanges": [{"CidrIp": …}]}.
struct SourceList {
    std::string_view list;
    std::string_view key;
    Family family;
};
constexpr SourceList kCidrLists[] = {{"IpRanges", "CidrIp", Family::Ipv4}, {"Ipv6Ranges", "CidrIpv6", Family::Ipv6}};

constexpr std::string_view kPairWithoutGroup = "a reference without GroupId matches nothing";

void add_cidr_sources(const JsonCursor& permission, const SourceList& names, const Traffic& traffic,
                      std::vector<SecurityGroupRule>& rules) {
    const JsonCursor list = permission.member(names.list);
    for (const JsonCursor& range : list.objects()) {
        if (const auto cidr = parse_cidr(range.required(names.key), names.family)) {
            rules.push_back({.id = {}, .traffic = traffic, .source = *cidr, .position = range.position()});
        }
    }
}

void add_references(const JsonCursor& permission, const Traffic& traffic, std::vector<SecurityGroupRule>& rules) {
    const JsonCursor lists = permission.member("PrefixListIds");
    for (const JsonCursor& list : lists.objects()) {
        if (auto id = required_identifier(list, "PrefixListId")) {
            rules.push_back({.id = {}, .traffic = traffic, .source = PrefixListReference{std::move(*id)}, .position = list.position()});
        }
    }
    const JsonCursor pairs = permission.member("UserIdGroupPairs");
    for (const JsonCursor& pair : pairs.objects()) {
        std::string id = optional_identifier(pair, "GroupId");
        if (!id.empty()) {
            rules.push_back({.id = {}, .traffic = traffic, .source = GroupReference{std::move(id)}, .position = pair.position()});
        } else if (!pair.member("GroupId").is_given()) {
            pair.warn(std::string(kPairWithoutGroup));
        }
    }
}

std::vector<SecurityGroupRule> parse_permissions(const JsonCursor& permissions) {
    std::vector<SecurityGroupRule> rules;
    for (const JsonCursor& permission : permissions.objects()) {
        // Sources are read in any case: what is wrong with them is to be said even where the ports are wrong too.
        const auto traffic = parse_permission_traffic(permission);
        for (const SourceList& names : kCidrLists) {
            add_cidr_sources(permission, names, traffic.value_or(Traffic{}), rules);
        }
        add_references(permission, traffic.value_or(Traffic{}), rules);
    }
    keep_first(rules, [](const SecurityGroupRule& rule) { return std::pair(rule.traffic, rule.source); });
    return rules;
}

// The one source of a flat rule; none if it matches nothing or is wrong.
std::optional<RuleSource> parse_flat_source(const JsonCursor& object) {
    std::vector<RuleSource> sources;
    if (const auto cidr = parse_cidr(object.member("CidrIpv4"), Family::Ipv4)) {
        sources.emplace_back(*cidr);
    }
    if (const auto cidr = parse_cidr(object.member("CidrIpv6"), Family::Ipv6)) {
        sources.emplace_back(*cidr);
    }
    if (std::string id = optional_identifier(object, "PrefixListId"); !id.empty()) {
        sources.emplace_back(PrefixListReference{std::move(id)});
    }
    const JsonCursor group = object.member("ReferencedGroupInfo");
    if (group.is_object()) {
        if (std::string id = optional_identifier(group, "GroupId"); !id.empty()) {
            sources.emplace_back(GroupReference{std::move(id)});
        } else if (!group.member("GroupId").is_given()) {
            group.warn(std::string(kPairWithoutGroup));
        }
    }
    if (sources.size() > 1) {
        object.error("a rule has one source: CidrIpv4, CidrIpv6, PrefixListId or ReferencedGroupInfo");
    }
    return sources.size() == 1 ? std::optional(std::move(sources.front())) : std::nullopt;
}

}  // namespace

bool parse_security_group(const JsonCursor& object, Declarations& declared) {
    const auto id = required_identifier(object, "GroupId");
    SecurityGroup group{.id = id.value_or(""),
                        .name = std::string(object.member("GroupName").text().value_or("")),
                        .vpc_id = optional_identifier(object, "VpcId"),
                        .rules = {},
                        .position = object.position()};
    const JsonCursor outbound = object.member("IpPermissionsEgress");
    const JsonCursor inbound = object.member("IpPermissions");
    group.rules[static_cast<std::size_t>(Direction::Outbound)] = parse_permissions(outbound);
    group.rules[static_cast<std::size_t>(Direction::Inbound)] = parse_permissions(inbound);
    if (id) {
        declared.model.security_groups.push_back(std::move(group));
    }
    return id.has_value();
}

bool parse_security_group_rule(const JsonCursor& object, Declarations& declared) {
    const auto id = required_identifier(object, "SecurityGroupRuleId");
    const auto group_id = required_identifier(object, "GroupId");
    const auto is_egress = object.required("IsEgress").boolean();
    const auto traffic = parse_permission_traffic(object);
    auto source = parse_flat_source(object);
    if (id && group_id && is_egress && traffic && source) {
        declared.flat_rules.push_back({.id = *id,
                                       .group_id = *group_id,
                                       .direction = *is_egress ? Direction::Outbound : Direction::Inbound,
                                       .traffic = *traffic,
                                       .source = std::move(*source),
                                       .position = object.position()});
    }
    return true;  // nothing refers to a flat rule
}

}  // namespace portcullis
