// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 12.
#include "compiler/explain/explain.h"

#include "tests/unit/compiler/evaluate_office.h"

namespace portcullis::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Prefix kEverywhere = prefix("0.0.0.0/0");

Question web(const std::string& from, const std::string& to) { return {.from = from, .to = to, .destination_port = 80}; }

Answer answer_to(const Model& model, const Question& question) {
    const Result<Answer> answer = explain(model, question);
    EXPECT_TRUE(answer.has_value()) << (answer ? "" : answer.error().message);
    return answer.value_or(Answer{});
}
std::string error_of(const Model& model, const Question& question) {
    const Result<Answer> answer = explain(model, question);
    return answer ? "no error" : answer.error().message;
}

// The only stage of the forward path that blocks.
StageAnswer blocker(const Answer& answer) {
    StageAnswer found;
    int blockers = 0;
    for (const StageAnswer& stage : answer.forward) {
        if (!stage.allows) {
            found = stage;
            ++blockers;
        }
    }
    EXPECT_EQ(blockers, 1);
    return found;
}

Model with_group(const std::string& interface_id, Direction direction, const std::vector<SecurityGroupRule>& rules) {
    Model model = office();
    SecurityGroup one = group("sg-1");
    one.rules[static_cast<int>(direction)] = rules;
    regroup(model, interface_id, {one});
    return model;
}

NetworkAclEntry entry(std::uint16_t number, bool allows, const Traffic& traffic) {
    return {.number = number, .allow = allows, .traffic = traffic, .cidr = kEverywhere};
}
// Subnet-1 has an ACL with these entries, subnet-2 one that allows everything.
Model with_acl(const std::vector<NetworkAclEntry>& outbound, const std::vector<NetworkAclEntry>& inbound) {
    Model model = office();
    model.has_network_acls = true;
    NetworkAcl acl{.id = "acl-1", .vpc_id = "vpc-1", .subnet_ids = {"subnet-1"}};
    acl.entries[0] = outbound;
    acl.entries[1] = inbound;
    NetworkAcl open{.id = "acl-open", .vpc_id = "vpc-1", .subnet_ids = {"subnet-2"}};
    open.entries[0] = open.entries[1] = {entry(100, true, kAll)};
    model.network_acls = {acl, open};
    return model;
}

TEST(Explain, ListsTheStagesOfBothEndsInTheirOrder) {
    const Answer answer = answer_to(with_acl({entry(1, true, kAll)}, {}), web("eni-a", "eni-c"));
    EXPECT_TRUE(answer.allowed);
    std::vector<std::string> stages;
    for (const StageAnswer& stage : answer.forward) {
        stages.push_back(stage.interface_id + " " + std::string(to_string(stage.direction)) + ": " + stage.stage);
    }
    EXPECT_THAT(stages, ElementsAre("eni-a outbound: address binding", "eni-a outbound: security groups", "eni-a outbound: network ACL",
                                    "eni-c inbound: address binding", "eni-c inbound: network ACL", "eni-c inbound: security groups"));
}

TEST(Explain, NamesTheRulesThatAllow) {
    const Answer answer = answer_to(with_acl({entry(1, true, kAll)}, {}), web("eni-a", "eni-c"));
    EXPECT_THAT(answer.forward.at(1).deciding, ElementsAre("sg-open egress all to 0.0.0.0/0"));
    EXPECT_THAT(answer.forward.at(2).deciding, ElementsAre("acl-1 egress 1 ipv4"));
    EXPECT_THAT(answer.forward.at(4).deciding, ElementsAre("acl-open ingress 100 ipv4"));
    EXPECT_THAT(answer.forward.at(5).deciding, ElementsAre("sg-open ingress all from 0.0.0.0/0"));
}

TEST(Explain, SaysWhichAclEntryBlocksTheAnswer) {
    const Answer answer =
        answer_to(with_acl({entry(1, true, kAll)}, {entry(1, false, {.protocol = 6, .from_port = 1024})}), web("eni-a", "eni-c"));
    EXPECT_TRUE(answer.allowed);
    EXPECT_FALSE(answer.response_allowed);
    ASSERT_THAT(answer.response, SizeIs(2));
    EXPECT_EQ(answer.response[0].interface_id, "eni-c");
    EXPECT_TRUE(answer.response[0].allows);
    EXPECT_THAT(answer.response[1].deciding, ElementsAre("acl-1 ingress 1 ipv4"));
    EXPECT_EQ(answer.response[1].reason_code, "SUBNET_ACL_RESTRICTION");
}

TEST(Explain, MeetsNoAclInsideASubnetNorInAModelWithoutAny) {
    const Answer inside = answer_to(with_acl({}, {}), web("eni-a", "eni-b"));
    EXPECT_TRUE(inside.allowed && inside.response_allowed);
    EXPECT_THAT(inside.forward.at(2).deciding, ElementsAre("subnet-1"));
    const Answer without = answer_to(office(), web("eni-a", "eni-c"));
    EXPECT_TRUE(without.allowed && without.response_allowed);
    EXPECT_THAT(without.response, IsEmpty());
}

TEST(Explain, ListsEveryStageThatBlocks) {
    Model model = with_acl({}, {});
    interface_of(model, "eni-a").group_ids.clear();
    interface_of(model, "eni-c").group_ids.clear();
    const Answer answer = answer_to(model, web("eni-a", "eni-c"));
    EXPECT_FALSE(answer.allowed);
    EXPECT_FALSE(answer.forward.at(1).allows);
    EXPECT_FALSE(answer.forward.at(2).allows);
    EXPECT_FALSE(answer.forward.at(5).allows);
}

TEST(Explain, TellsNoRulesFromNoMatchingRule) {
    EXPECT_EQ(blocker(answer_to(with_group("eni-b", Direction::Outbound, {allow(kAll, kEverywhere)}), web("eni-a", "eni-b"))).reason_code,
              "SG_HAS_NO_RULES");
    const Model model = with_group("eni-b", Direction::Inbound, {allow(udp(53), prefix("203.0.113.0/24"))});
    const StageAnswer blocked = blocker(answer_to(model, web("eni-a", "eni-b")));
    EXPECT_EQ(blocked.reason_code, "ENI_SG_RULES_MISMATCH");
    EXPECT_EQ(blocked.reason, PC_REASON_security_group);
    EXPECT_THAT(blocked.deciding, ElementsAre("sg-1"));
    EXPECT_EQ(blocked.nearest, std::nullopt) << "it differs in more than one respect";
}

TEST(Explain, NamesTheRuleThatDiffersInOneRespectOnly) {
    const auto nearest = [](const std::vector<SecurityGroupRule>& rules) {
        return blocker(answer_to(with_group("eni-b", Direction::Inbound, rules), web("eni-a", "eni-b"))).nearest.value_or("");
    };
    const SecurityGroupRule port = allow(tcp(443), kEverywhere);
    const SecurityGroupRule protocol = allow(udp(80), kEverywhere);
    const SecurityGroupRule source = allow(tcp(80), prefix("203.0.113.0/24"));
    EXPECT_EQ(nearest({port}), "sg-1 ingress tcp 443 from 0.0.0.0/0: port");
    EXPECT_EQ(nearest({protocol}), "sg-1 ingress udp 80 from 0.0.0.0/0: protocol");
    EXPECT_EQ(nearest({source}), "sg-1 ingress tcp 80 from 203.0.113.0/24: source");
    EXPECT_EQ(nearest({protocol, source, port}), "sg-1 ingress tcp 443 from 0.0.0.0/0: port");
    EXPECT_EQ(nearest({protocol, source}), "sg-1 ingress tcp 80 from 203.0.113.0/24: source");
}

TEST(Explain, NearestAclEntryWouldHaveComeFirst) {
    const Model model = with_acl({entry(10, true, tcp(443)), entry(20, false, kAll), entry(30, true, tcp(8080))}, {});
    const StageAnswer blocked = blocker(answer_to(model, web("eni-a", "eni-c")));
    EXPECT_THAT(blocked.deciding, ElementsAre("acl-1 egress 20 ipv4"));
    EXPECT_EQ(blocked.nearest, "acl-1 egress 10 ipv4: port");
}

TEST(Explain, KnowsAnInterfaceByItsInstanceOrAddress) {
    for (const char* text : {"eni-a", "i-a", "10.0.1.10"}) {
        const Answer answer = answer_to(office(), web(text, "eni-b"));
        EXPECT_EQ(answer.forward.at(0).interface_id, "eni-a") << text;
    }
}

TEST(Explain, AddressOutsideTheModelHasNoStagesOfItsOwn) {
    const Answer out = answer_to(office(), web("eni-a", "198.51.100.7"));
    EXPECT_TRUE(out.allowed);
    EXPECT_THAT(out.forward, SizeIs(2));
    const Answer in = answer_to(office(), web("198.51.100.7", "eni-a"));
    EXPECT_TRUE(in.allowed);
    EXPECT_EQ(in.forward.at(0).direction, Direction::Inbound);
}

TEST(Explain, RefusesWhatIsUnknownOrAmbiguous) {
    EXPECT_THAT(error_of(office(), web("eni-none", "eni-b")), HasSubstr("eni-none"));
    EXPECT_THAT(error_of(office(), web("eni-a", "")), HasSubstr("neither an interface"));
    EXPECT_THAT(error_of(office(), web("198.51.100.7", "198.51.100.8")), HasSubstr("neither 198.51.100.7 nor 198.51.100.8"));
    EXPECT_THAT(error_of(office(), web("10.0.1.10", "2001:db8:1::b")), HasSubstr("families"));
    Model two_interfaces = office();
    interface_of(two_interfaces, "eni-b").instance_id = "i-a";
    EXPECT_THAT(error_of(two_interfaces, web("i-a", "eni-c")), HasSubstr("eni-a (vpc-1), eni-b (vpc-1); name the interface"));
    Question foreign = web("eni-a", "eni-b");
    foreign.vpc_id = "vpc-none";
    EXPECT_THAT(error_of(office(), foreign), HasSubstr("vpc-none"));
    Question no_protocol = web("eni-a", "eni-b");
    no_protocol.protocol = 256;
    EXPECT_THAT(error_of(office(), no_protocol), HasSubstr("256"));
}

Model with_twin() {
    Model model = office();
    model.vpcs.push_back({.id = "vpc-2", .cidrs = {prefix("10.0.0.0/16")}});
    model.subnets.push_back({.id = "subnet-9", .vpc_id = "vpc-2", .cidrs = {prefix("10.0.1.0/24")}});
    NetworkInterface twin = network_interface("eni-twin", "subnet-9", mac("02:00:00:00:00:99"), {kA});
    twin.vpc_id = "vpc-2";
    model.network_interfaces.push_back(twin);
    return model;
}

TEST(Explain, AddressOfTwoVpcsIsAmbiguousUntilOneIsNamed) {
    Question question = web("198.51.100.7", "10.0.1.10");
    EXPECT_THAT(error_of(with_twin(), question), HasSubstr("eni-a (vpc-1), eni-twin (vpc-2); name the VPC"));
    question.vpc_id = "vpc-2";
    EXPECT_EQ(answer_to(with_twin(), question).forward.at(0).interface_id, "eni-twin");
    EXPECT_EQ(answer_to(with_twin(), web("eni-b", "10.0.1.10")).forward.at(2).interface_id, "eni-a") << "as eni-b's VPC means it";
}

TEST(Explain, NeverAllowsWhatTheEarlyStagesDrop) {
    Question dhcp{.from = "eni-a", .to = "eni-b", .protocol = 17, .source_port = 68, .destination_port = 67};
    EXPECT_EQ(answer_to(office(), dhcp).forward.at(0).reason, PC_REASON_dhcp);
    EXPECT_EQ(answer_to(office(), dhcp).forward.at(2).reason, PC_REASON_dhcp) << "at the receiver, too";
    Question redirect{.from = "198.51.100.7", .to = "eni-b", .protocol = 1, .icmp_type = 5};
    const StageAnswer blocked = blocker(answer_to(office(), redirect));
    EXPECT_EQ(blocked.reason, PC_REASON_redirect);
    EXPECT_EQ(blocked.stage, "link guards");
    Question options{.from = "2001:db8:ffff::7", .to = "eni-b", .protocol = 60};
    EXPECT_EQ(blocker(answer_to(office(), options)).reason, PC_REASON_extension_header);
    Model without_mac = office();
    interface_of(without_mac, "eni-far").mac.reset();
    EXPECT_EQ(blocker(answer_to(without_mac, web("198.51.100.7", "eni-far"))).reason, PC_REASON_closed);
}

TEST(Explain, NamesTheRangeThatHostPoliciesDeny) {
    Model model = office();
    model.deny_cidrs = {{.prefix = prefix("198.51.100.0/24"), .new_only = true}};
    const StageAnswer blocked = blocker(answer_to(model, web("eni-a", "198.51.100.7")));
    EXPECT_EQ(blocked.stage, "host policies");
    EXPECT_EQ(blocked.reason, PC_REASON_deny_cidr);
    EXPECT_THAT(blocked.deciding, ElementsAre("Egress.DenyCidrs 198.51.100.0/24"));
    EXPECT_TRUE(answer_to(model, web("198.51.100.7", "eni-a")).allowed) << "inbound is not its business";
}

TEST(Explain, IsolatedInstancesReachNoInterfaceOfTheModel) {
    Model model = office();
    model.isolates_instances = true;
    const Answer answer = answer_to(model, web("eni-a", "eni-b"));
    EXPECT_EQ(answer.forward.at(1).reason, PC_REASON_isolated);
    EXPECT_EQ(answer.forward.at(4).reason, PC_REASON_isolated) << "at the receiver, too";
    EXPECT_TRUE(answer_to(model, web("eni-a", "198.51.100.7")).allowed);
}

TEST(Explain, ProtocolOfTheOtherFamilyIsRestricted) {
    const Question question{.from = "2001:db8:ffff::7", .to = "eni-b", .protocol = 1};
    const StageAnswer blocked = blocker(answer_to(office(), question));
    EXPECT_EQ(blocked.reason, PC_REASON_protocol);
    EXPECT_EQ(blocked.reason_code, "PROTOCOL_RESTRICTION");
}

TEST(Explain, UnaskedReplyIsBlocked) {
    EXPECT_EQ(blocker(answer_to(office(), {.from = "198.51.100.7", .to = "eni-b", .protocol = 1, .icmp_type = 0})).reason,
              PC_REASON_no_flow);
}

TEST(Explain, FamilyWithoutAnAddressHasNoSourceOrDestination) {
    const Answer answer = answer_to(office(), web("2001:db8:ffff::7", "eni-far"));
    EXPECT_FALSE(answer.allowed);
    EXPECT_EQ(blocker(answer).reason_code, "NO_SOURCE_OR_DESTINATION");
}

TEST(Explain, TalksIpv6WhereIcmpv6OrAnAddressSaysSo) {
    const Answer ping{answer_to(office(), {.from = "eni-a", .to = "eni-b", .protocol = 58, .icmp_type = 128})};
    EXPECT_TRUE(ping.allowed);
    EXPECT_THAT(ping.forward.at(1).deciding, ElementsAre("sg-open egress all to ::/0"));
    EXPECT_THAT(answer_to(office(), web("eni-a", "2001:db8:1::b")).forward.at(1).deciding, ElementsAre("sg-open egress all to ::/0"));
}

std::vector<std::string> stages_of(const std::vector<StageAnswer>& answers) {
    std::vector<std::string> stages;
    for (const StageAnswer& answer : answers) {
        stages.push_back(answer.stage);
    }
    return stages;
}

TEST(Explain, ServicePacketIsExemptFromGroupsAclAndIsolation) {
    Model model = with_acl({}, {});
    interface_of(model, "eni-a").group_ids.clear();
    model.isolates_instances = true;
    model.services.is_ec2 = true;
    const Answer metadata = answer_to(model, web("eni-a", "169.254.169.254"));
    EXPECT_TRUE(metadata.allowed && metadata.response_allowed);
    EXPECT_THAT(stages_of(metadata.forward), ElementsAre("address binding", "services", "host policies"));
    EXPECT_THAT(metadata.forward.at(1).deciding, ElementsAre("Services tcp 80 of 169.254.169.254"));
    EXPECT_THAT(metadata.response.at(0).deciding, ElementsAre("Services tcp 80 of 169.254.169.254"));
    const Answer echo = answer_to(model, {.from = "eni-a", .to = "10.0.1.1", .protocol = 1});
    EXPECT_TRUE(echo.allowed && echo.response_allowed);
    EXPECT_THAT(echo.forward.at(1).deciding, ElementsAre("router 10.0.1.1"));
    EXPECT_FALSE(answer_to(model, {.from = "eni-a", .to = "10.0.1.1", .protocol = 1, .icmp_type = 13}).allowed) << "echo alone";
    model.deny_cidrs = {{.prefix = prefix("169.254.0.0/16"), .new_only = false}};
    EXPECT_EQ(blocker(answer_to(model, web("eni-a", "169.254.169.254"))).reason, PC_REASON_deny_cidr);
}

TEST(Explain, DenyCidrsMeetTheResponseUnlessNewOnly) {
    Model model = office();
    model.deny_cidrs = {{.prefix = prefix("198.51.100.0/24"), .new_only = false}};
    const Answer denied = answer_to(model, web("198.51.100.7", "eni-a"));
    EXPECT_TRUE(denied.allowed);
    EXPECT_FALSE(denied.response_allowed);
    ASSERT_THAT(denied.response, SizeIs(1));
    EXPECT_EQ(denied.response[0].reason, PC_REASON_deny_cidr);
    EXPECT_THAT(denied.response[0].deciding, ElementsAre("Egress.DenyCidrs 198.51.100.0/24"));
    model.deny_cidrs[0].new_only = true;
    const Answer spared = answer_to(model, web("198.51.100.7", "eni-a"));
    EXPECT_TRUE(spared.allowed && spared.response_allowed);
    EXPECT_THAT(spared.response.at(0).note, HasSubstr("begun inbound"));
    EXPECT_EQ(spared.forward.at(1).note, "") << "NewOnly is never untracked";
}

TEST(Explain, SaysWhatIsUntracked) {
    const Answer answer = answer_to(office(), web("eni-a", "198.51.100.7"));
    EXPECT_THAT(answer.forward.at(1).note, HasSubstr("untracked"));
    EXPECT_THAT(answer.forward.at(1).deciding, ElementsAre("sg-open egress all to 0.0.0.0/0"));
    Model tracked = office();
    tracked.ports[0].track_all = true;
    EXPECT_EQ(answer_to(tracked, web("eni-a", "198.51.100.7")).forward.at(1).note, "");
}

TEST(Explain, UntrackedFlowFromAServicesPortGetsNoAnswer) {
    Model model = office();
    model.services.is_ec2 = true;
    const Question question{.from = "169.254.169.254", .to = "eni-a", .source_port = 80, .destination_port = 5000};
    const Answer answer = answer_to(model, question);
    EXPECT_TRUE(answer.allowed);
    EXPECT_FALSE(answer.response_allowed) << "to the service goes no SYN+ACK without a flow";
    EXPECT_EQ(answer.response.back().reason, PC_REASON_no_flow);
    model.ports[0].track_all = true;
    EXPECT_TRUE(answer_to(model, question).response_allowed);
}

TEST(Explain, ResponseMeetsTheLinkGuards) {
    const Answer answer = answer_to(office(), {.from = "198.51.100.7", .to = "eni-a", .protocol = 17, .destination_port = 67});
    EXPECT_TRUE(answer.allowed);
    EXPECT_FALSE(answer.response_allowed) << "nothing leaves port 67";
    EXPECT_EQ(answer.response.at(0).reason, PC_REASON_dhcp);
}

TEST(Explain, SourceDestCheckRestrictsForeignAddresses) {
    Model model = office();
    Question out = web("eni-a", "198.51.100.7");
    out.source_address = ip("10.99.0.1");
    EXPECT_EQ(blocker(answer_to(model, out)).reason_code, "ENI_SOURCE_DEST_CHECK_RESTRICTION");
    EXPECT_EQ(blocker(answer_to(model, out)).reason, PC_REASON_source_address);
    Question in = web("198.51.100.7", "eni-a");
    in.destination_address = ip("10.99.0.1");
    EXPECT_EQ(blocker(answer_to(model, in)).reason_code, "ENI_SOURCE_DEST_CHECK_RESTRICTION");
    Question loopback = out;
    loopback.source_address = ip("127.0.0.1");
    EXPECT_EQ(blocker(answer_to(model, loopback)).reason_code, "ENI_ADDRESS_RESTRICTION") << "nothing lifts that";
    interface_of(model, "eni-a").source_dest_check = false;
    EXPECT_TRUE(answer_to(model, out).allowed);
    EXPECT_TRUE(answer_to(model, in).allowed);
    EXPECT_EQ(blocker(answer_to(model, loopback)).reason_code, "ENI_ADDRESS_RESTRICTION");
    Question outside = in;
    outside.source_address = kOutside;
    EXPECT_THAT(error_of(model, outside), HasSubstr("198.51.100.7 is no interface of the model"));
}

}  // namespace
}  // namespace portcullis::test
