// SPDX-License-Identifier: Apache-2.0
// describe-vpcs and describe-subnets: who contains whom, and the address blocks that are associated.
#include "compiler/parse/declarations.h"
#include "compiler/parse/fields.h"
#include "compiler/parse/keep_first.h"

namespace portcullis {
namespace {

void add_blocks(std::vector<Prefix>& blocks, const std::vector<Prefix>& more) { blocks.insert(blocks.end(), more.begin(), more.end()); }

// The block outside the sets. It is listed in its set as well where there is one; without a set it counts by itself.
void add_primary_block(std::vector<Prefix>& blocks, const JsonCursor& object) {
    const auto primary = parse_cidr(object.member(kIpv4Blocks.block), Family::Ipv4);
    const JsonCursor set = object.member(kIpv4Blocks.key);
    if (primary && set.elements().empty()) {
        blocks.push_back(*primary);
    }
}

}  // namespace

bool parse_vpc(const JsonCursor& object, Declarations& declared) {
    const auto id = required_identifier(object, "VpcId");
    if (!id) {
        return false;
    }
    Vpc vpc{.id = *id, .cidrs = parse_associated_blocks(object, kIpv4Blocks), .position = object.position()};
    add_primary_block(vpc.cidrs, object);
    add_blocks(vpc.cidrs, parse_associated_blocks(object, kIpv6Blocks));
    keep_first(vpc.cidrs);
    declared.model.vpcs.push_back(std::move(vpc));
    return true;
}

bool parse_subnet(const JsonCursor& object, Declarations& declared) {
    const auto id = required_identifier(object, "SubnetId");
    const auto vpc_id = required_identifier(object, "VpcId");
    if (!id) {
        return false;
    }
    Subnet subnet{.id = *id, .vpc_id = vpc_id.value_or(""), .cidrs = {}, .position = object.position()};
    if (const auto block = parse_cidr(object.member("CidrBlock"), Family::Ipv4)) {
        subnet.cidrs.push_back(*block);
    }
    add_blocks(subnet.cidrs, parse_associated_blocks(object, kIpv6Blocks));
    keep_first(subnet.cidrs);
    declared.model.subnets.push_back(std::move(subnet));
    return true;
}

}  // namespace portcullis
