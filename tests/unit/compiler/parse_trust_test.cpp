// SPDX-License-Identifier: Apache-2.0
// Trust is declared under `Portcullis` alone: nothing that a tenant can say of an interface through EC2's API grants any.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "compiler/compile/compile.h"
#include "compiler/parse/parse.h"
#include "tests/unit/compiler/documents.h"

namespace portcullis {
namespace {

using nlohmann::json;

Ruleset compiled(const json& document) {
    auto outcome = parse_json(document);
    EXPECT_THAT(errors_of(outcome), testing::IsEmpty());
    return compile(outcome.model.value_or(Model{})).value_or(Ruleset{});
}

// What a port may do.
auto powers_of(const Port& port) {
    return std::tuple(port.mac, port.addresses, port.checks_source_and_destination, port.allowed_sources, port.surroundings,
                      port.group_policy, port.acl_policy, port.track_all, port.on_deny);
}

TEST(ParseTrust, WhatEc2SaysAnInterfaceIsChangesNothing) {
    json declared = small_model();
    json& interface = declared["NetworkInterfaces"][0];
    interface["InterfaceType"] = "nat_gateway";
    interface["RequesterManaged"] = true;
    interface["RequesterId"] = "amazon-elb";
    interface["OwnerId"] = "amazon";
    interface["Operator"] = {{"Managed", true}, {"Principal", "network:dhcp"}};
    interface["DenyAllIgwTraffic"] = false;
    interface["Description"] = "network:router_interface";
    interface["TagSet"] = {{{"Key", "portcullis:trusted"}, {"Value", "true"}}};
    const Ruleset plain = compiled(small_model());
    const Ruleset trusted = compiled(declared);
    ASSERT_EQ(plain.ports.size(), 1u);
    ASSERT_EQ(trusted.ports.size(), 1u);
    EXPECT_EQ(powers_of(trusted.ports[0]), powers_of(plain.ports[0]));
    EXPECT_EQ(trusted.surroundings, plain.surroundings);
    EXPECT_EQ(trusted.policies, plain.policies);
    interface["SourceDestCheck"] = false;  // the one key that lifts a check
    EXPECT_NE(powers_of(compiled(declared).ports.at(0)), powers_of(plain.ports[0]));
}

}  // namespace
}  // namespace portcullis
