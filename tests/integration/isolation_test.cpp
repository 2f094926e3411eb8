// SPDX-License-Identifier: Apache-2.0
// portcullisd --on-error isolate: one faulty object does not hold up the rest, and passes nothing itself.
#include <gmock/gmock.h>

#include "tests/integration/live_host.h"
#include "tests/integration/ports_model.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Isolated : public LiveHost {
   protected:
    Isolated() {
        more_flags = {"--on-error", "isolate"};
        restart();
    }
    // "security-groups/sg-1 last-accepted" per isolated object.
    [[nodiscard]] std::vector<std::string> isolated() const {
        std::vector<std::string> texts;
        const json status = answer({"status"});
        for (const json& object : status["Model"]["Isolated"]) {
            texts.push_back(object["Kind"].get<std::string>() + '/' + object["Id"].get<std::string>() + ' ' +
                            object["InForce"].get<std::string>());
        }
        return texts;
    }
    [[nodiscard]] bool comes_to(const std::vector<std::string>& wanted) const {
        return wait_until([&] { return isolated() == wanted; });
    }
    [[nodiscard]] static json to(std::uint16_t port) {
        return {{"IpProtocol", "udp"}, {"FromPort", port}, {"ToPort", port}, {"IpRanges", {{{"CidrIp", "10.0.1.0/24"}}}}};
    }
    [[nodiscard]] static json faulty_rule() {
        json rule = to(kClosed);
        rule["ToPort"] = 70000;
        return rule;
    }

    UdpSocket client{host.instance(0), addresses[0], 0};
    UdpSocket server{host.instance(1), addresses[1], kOpen};
};

TEST_P(Isolated, AFaultyGroupKeepsItsRulesWhileTheRestChangesAndOverARestart) {
    model["SecurityGroups"][0]["IpPermissions"] = json::array({faulty_rule()});
    model["SecurityGroups"].push_back({{"GroupId", "sg-2"}, {"VpcId", "vpc-1"}, {"IpPermissions", json::array({to(kClosed)})}});
    model["NetworkInterfaces"][2]["Groups"] = json::array({{{"GroupId", "sg-2"}}});
    write_model(model);
    const std::vector<std::string> kept{"security-groups/sg-1 last-accepted"};
    ASSERT_TRUE(comes_to(kept)) << daemon->log();
    const UdpSocket other(host.instance(2), addresses[2], kClosed);
    client.send(addresses[2], kClosed, "by the new rule");
    EXPECT_TRUE(arrives(other, "by the new rule"));
    converse(client, server, addresses[1], "by the kept rule");
    const ProgramOutcome status = portcullis({"status"});
    EXPECT_EQ(status.status, 1);
    EXPECT_THAT(status.output, HasSubstr("security-groups/sg-1 keeps its last accepted content since"));
    EXPECT_THAT(status.output, HasSubstr("model.json: /SecurityGroups/0/IpPermissions/0/ToPort: 70000"));
    EXPECT_EQ(answer({"status"})["Healthy"], false);

    restart();
    EXPECT_EQ(isolated(), kept) << daemon->log();
    const UdpSocket later(host.instance(0), addresses[0], 0);
    converse(later, server, addresses[1], "by the kept rule again");

    model["SecurityGroups"][0]["IpPermissions"] = json::array({udp_from_members(kOpen, kOpen)});
    write_model(model);
    ASSERT_TRUE(comes_to({})) << daemon->log();
    EXPECT_EQ(portcullis({"status"}).status, 0);
}

// What does not leave a subnet crosses no ACL: the instances are in two.
TEST_P(Isolated, ANewFaultyAclLetsNothingThroughInItsSubnet) {
    model["Subnets"] = json::parse(R"([{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.8/30"},
                                       {"SubnetId": "subnet-2", "VpcId": "vpc-1", "CidrBlock": "10.0.1.12/30"}])");
    model["NetworkInterfaces"][1]["SubnetId"] = model["NetworkInterfaces"][2]["SubnetId"] = "subnet-2";
    model["NetworkAcls"] = json::parse(R"([
      {"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": true, "Associations": [], "Entries": [
        {"RuleNumber": 1, "Egress": false, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"},
        {"RuleNumber": 1, "Egress": true, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}]},
      {"NetworkAclId": "acl-2", "VpcId": "vpc-1", "Associations": [{"SubnetId": "subnet-1"}], "Entries": [
        {"RuleNumber": 1, "Egress": false, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"},
        {"RuleNumber": 1, "Egress": true, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"},
        {"RuleNumber": 2, "Egress": false, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "192.0.2.0/33"}]}])");
    converse(client, server, addresses[1], "before");
    write_model(model);
    ASSERT_TRUE(comes_to({"network-acls/acl-2 nothing"})) << daemon->log();
    client.send(addresses[1], kOpen, "denied by the ACL");
    model["NetworkAcls"][1]["Entries"].erase(2);
    write_model(model);
    ASSERT_TRUE(comes_to({})) << daemon->log();
    client.send(addresses[1], kOpen, "behind it");
    EXPECT_TRUE(arrives(server, "behind it"));
}

// Its device is on no listed bridge, so that nothing but the claim closes it.
TEST_P(Isolated, ThePortOfANewFaultyInterfaceIsClosedUntilItIsMended) {
    const json whole = model;
    model["SecurityGroups"][0]["IpPermissions"] = json::array({to(kOpen)});
    model["NetworkInterfaces"].erase(2);
    model["Portcullis"]["Ports"].erase(2);
    write_model(model);
    ASSERT_TRUE(wait_until([this] { return state_of("p3") != "enforced"; }));
    ASSERT_EQ(portcullis({"release", "p3"}).status, 0) << daemon->log();
    const UdpSocket third(host.instance(2), addresses[2], kOpen);
    third.send(addresses[1], kOpen, "unguarded");
    ASSERT_TRUE(arrives(server, "unguarded"));
    client.send(addresses[2], kOpen, "to learn its MAC");  // else what is sent to the closed port waited for the neighbour until it is open
    ASSERT_TRUE(arrives(third, "to learn its MAC"));

    model["NetworkInterfaces"].push_back(whole["NetworkInterfaces"][2]);
    model["NetworkInterfaces"][2]["MacAddress"] = "02:00:00:00:00";
    model["Portcullis"]["Ports"].push_back(whole["Portcullis"]["Ports"][2]);
    write_model(model);
    ASSERT_TRUE(comes_to({"network-interfaces/eni-3 nothing"})) << daemon->log();
    EXPECT_EQ(state_of("p3"), "closed");
    EXPECT_EQ(answer({"status"})["Enforced"], false);
    third.send(addresses[1], kOpen, "from the closed port");
    client.send(addresses[1], kOpen, "behind it");
    EXPECT_TRUE(arrives(server, "behind it"));
    client.send(addresses[2], kOpen, "to the closed port");

    model["NetworkInterfaces"][2] = whole["NetworkInterfaces"][2];
    write_model(model);
    ASSERT_TRUE(comes_to({})) << daemon->log();
    third.send(addresses[1], kOpen, "mended");
    EXPECT_TRUE(arrives(server, "mended"));
    client.send(addresses[2], kOpen, "behind that");
    EXPECT_TRUE(arrives(third, "behind that"));
}

TEST_P(Isolated, AFaultyDenyListRefusesTheWholeFile) {
    model["Portcullis"]["Egress"]["DenyCidrs"] = {"10.0.1.0/33"};
    model["SecurityGroups"][0]["IpPermissions"] = json::array({faulty_rule()});
    write_model(model);
    EXPECT_TRUE(wait_until([this] { return !answer({"status"})["Model"]["Refused"].is_null(); })) << daemon->log();
    EXPECT_TRUE(isolated().empty());
    EXPECT_THAT(portcullis({"status"}).output, HasSubstr("DenyCidrs"));
    converse(client, server, addresses[1], "by the rules that stand");
}

INSTANTIATE_TEST_SUITE_P(BackEnds, Isolated, testing::Values("bpf", "nftables"), back_end_name);

}  // namespace
}  // namespace portcullis::test
