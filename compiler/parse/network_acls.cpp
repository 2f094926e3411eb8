// SPDX-License-Identifier: Apache-2.0
// describe-network-acls. Entries come unsorted and stay so; the printed final deny (32767, 32768) is not kept, since no match denies
// anyway.
#include <tuple>

#include "compiler/parse/declarations.h"
#include "compiler/parse/fields.h"
#include "compiler/parse/keep_first.h"
#include "compiler/parse/traffic.h"

namespace portcullis {
namespace {

constexpr std::int64_t kHighestNumber = 32766;
constexpr std::int64_t kFinalDenies[] = {32767, 32768};

std::optional<Prefix> parse_entry_cidr(const JsonCursor& entry) {
    const JsonCursor ipv4 = entry.member("CidrBlock");
    const JsonCursor ipv6 = entry.member("Ipv6CidrBlock");
    if (ipv4.is_given() == ipv6.is_given()) {
        entry.error("an entry has either CidrBlock or Ipv6CidrBlock");
        return std::nullopt;
    }
    return ipv4.is_given() ? parse_cidr(ipv4, Family::Ipv4) : parse_cidr(ipv6, Family::Ipv6);
}

std::optional<bool> parse_action(const JsonCursor& action) {
    const auto text = action.text();
    if (text && *text != "allow" && *text != "deny") {
        action.error(quoted(*text) + " is neither allow nor deny");
        return std::nullopt;
    }
    return text ? std::optional(*text == "allow") : std::nullopt;
}

bool is_final_deny(const NetworkAclEntry& entry, std::int64_t number) {
    const bool is_its_number = number == kFinalDenies[0] || number == kFinalDenies[1];
    return is_its_number && !entry.allow && entry.cidr.length == 0 && entry.traffic == Traffic{};
}

void parse_entry(const JsonCursor& object, NetworkAcl& acl) {
    const auto cidr = parse_entry_cidr(object);
    const auto number = object.required("RuleNumber").integer();
    const auto is_egress = object.required("Egress").boolean();
    const auto allow = parse_action(object.required("RuleAction"));
    const auto traffic = parse_entry_traffic(object, cidr ? cidr->family() : Family::Ipv4);
    if (!cidr || !number || !is_egress || !allow || !traffic) {
        return;
    }
    NetworkAclEntry entry{.number = 0, .allow = *allow, .traffic = *traffic, .cidr = *cidr, .position = object.position()};
    if (is_final_deny(entry, *number)) {
        return;
    }
    if (*number < 1 || *number > kHighestNumber) {
        object.member("RuleNumber").error(std::to_string(*number) + " is not a rule number (1-32766)");
        return;
    }
    if (matches_nothing(*traffic) && !*allow) {
        object.error("a deny of an ICMP code with any type would match nothing");
        return;
    }
    if (matches_nothing(*traffic)) {
        object.warn("an ICMP code with any type matches nothing");
    }
    entry.number = static_cast<std::uint16_t>(*number);
    acl.entries[static_cast<std::size_t>(*is_egress ? Direction::Outbound : Direction::Inbound)].push_back(std::move(entry));
}

}  // namespace

bool parse_network_acl(const JsonCursor& object, Declarations& declared) {
    const auto id = required_identifier(object, "NetworkAclId");
    const auto vpc_id = required_identifier(object, "VpcId");
    NetworkAcl acl{.id = id.value_or(""),
                   .vpc_id = vpc_id.value_or(""),
                   .is_default = object.member("IsDefault").boolean().value_or(false),
                   .entries = {},
                   .subnet_ids = {},
                   .position = object.position()};
    const JsonCursor entries = object.member("Entries");
    for (const JsonCursor& entry : entries.objects()) {
        parse_entry(entry, acl);
    }
    for (auto& direction : acl.entries) {
        keep_first(direction,
                   [](const NetworkAclEntry& entry) { return std::tuple(entry.number, entry.allow, entry.traffic, entry.cidr); });
    }
    const JsonCursor associations = object.member("Associations");
    for (const JsonCursor& association : associations.objects()) {
        if (auto subnet_id = required_identifier(association, "SubnetId")) {
            acl.subnet_ids.push_back(std::move(*subnet_id));
        }
    }
    keep_first(acl.subnet_ids);
    if (id) {
        declared.model.network_acls.push_back(std::move(acl));
    }
    return id.has_value();
}

}  // namespace portcullis
