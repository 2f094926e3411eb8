// SPDX-License-Identifier: Apache-2.0
// Services, DHCP servers and routers beside the interfaces of a model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/validate/services.h"
#include "tests/unit/compiler/documents.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> errors_with(const char* at, const char* value) {
    json document = small_model();
    document[json::json_pointer(at)] = json::parse(value);
    return errors_of(parse_json(document));
}

TEST(ValidateServices, RefusesAnInterfaceWithTheAddressOfAService) {
    const char* const cases[][2] = {
        {R"({"DnsResolvers": ["10.0.1.10"]})", "/DnsResolvers/0"},
        {R"({"Metadata": ["192.0.2.1", "10.0.1.11"]})", "/Metadata/1"},
        {R"({"TimeServers": ["2001:db8::10"]})", "/TimeServers/0"},
        {R"({"Other": [{"Address": "10.0.1.40", "Protocol": "tcp", "Port": 1}]})", "/Other/0"},
        {R"({"DhcpServers": [{"Address": "10.0.1.10"}]})", "/DhcpServers/0"},
        {R"({"Routers": [{"Mac": "02:00:00:00:00:09", "Addresses": ["10.0.1.10"]}]})", "/Routers/0/Addresses/0"},
        {R"({"Routers": [{"Mac": "02:00:00:00:00:09", "Addresses": ["fe80::ff:fe00:1"]}]})", "/Routers/0/Addresses/0"},
    };
    for (const auto& [services, pointer] : cases) {
        for (const std::string owner : {"/Portcullis/Services", "/Portcullis/Bridges/0/Services", "/Portcullis/Ports/0/Services"}) {
            EXPECT_THAT(errors_with(owner.c_str(), services),
                        ElementsAre(testing::AllOf(StartsWith("model.json: /NetworkInterfaces/0: "),
                                                   testing::EndsWith(" in model.json: " + owner + pointer))));
        }
    }
}

TEST(ValidateServices, RefusesAnAllowedAddressThatIsAServices) {
    json document = small_model();
    document["Portcullis"]["Services"] = json::parse(R"({"DhcpServers": [{"Address": "192.0.2.50"}]})");
    document["Portcullis"]["Ports"][0]["AllowedAddresses"] = json::parse(R"([{"Address": "192.0.2.48/28"}])");
    EXPECT_THAT(errors_of(parse_json(document)),
                ElementsAre("model.json: /Portcullis/Ports/0: 192.0.2.48/28 of \"eni-1\" holds 192.0.2.50, the address of a DHCP server in "
                            "model.json: /Portcullis/Services/DhcpServers/0"));
}

TEST(ValidateServices, RefusesAnAddressThatEc2KeepsForItself) {
    for (const char* change : {R"({"PrivateIpAddress": "10.0.0.2"})", R"({"Ipv4Prefixes": [{"Ipv4Prefix": "10.0.0.0/28"}]})",
                               R"({"Ipv6Addresses": [{"Ipv6Address": "fd00:ec2::253"}]})"}) {
        json document = small_model();
        document["NetworkInterfaces"][0].update(json::parse(change));
        EXPECT_THAT(errors_of(parse_json(document)), IsEmpty()) << change;
        for (const char* owner : {"/Portcullis/Services", "/Portcullis/Bridges/0/Services", "/Portcullis/Ports/0/Services"}) {
            document[json::json_pointer(owner)] = "ec2";
            EXPECT_THAT(errors_of(parse_json(document)),
                        ElementsAre(HasSubstr(std::string("the address of a service of \"ec2\" in model.json: ") + owner)))
                << change;
            document[json::json_pointer(owner)] = nullptr;
        }
    }
}

TEST(ValidateServices, LetsAnInterfaceOfAnotherVpcHaveABasePlusTwoOfThisOne) {
    json document = small_model();
    document["Portcullis"]["Services"] = "ec2";
    document["Vpcs"].push_back({{"VpcId", "vpc-2"}, {"CidrBlock", "10.0.0.0/8"}});
    document["Vpcs"].push_back({{"VpcId", "vpc-3"}, {"CidrBlock", "10.4.0.0/16"}});
    document["Subnets"].push_back({{"SubnetId", "subnet-2"}, {"VpcId", "vpc-2"}, {"CidrBlock", "10.4.0.0/24"}});
    document["NetworkInterfaces"].push_back(
        {{"NetworkInterfaceId", "eni-2"}, {"VpcId", "vpc-2"}, {"SubnetId", "subnet-2"}, {"PrivateIpAddress", "10.4.0.2"}});
    EXPECT_THAT(errors_of(parse_json(document)), IsEmpty());
    document["NetworkInterfaces"][1]["VpcId"] = "vpc-3";
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(HasSubstr("10.4.0.2/32 of \"eni-2\" holds 10.4.0.2")));
}

TEST(ValidateServices, RefusesARoutersMacOfAnInterfaceOrOfAnAllowedAddress) {
    EXPECT_THAT(errors_with("/Portcullis/Services", R"({"Routers": [{"Mac": "02:00:00:00:00:01"}]})"),
                ElementsAre("model.json: /NetworkInterfaces/0: the MAC 02:00:00:00:00:01 of \"eni-1\" is that of a router in model.json: "
                            "/Portcullis/Services/Routers/0"));
    json document = small_model();
    document["Portcullis"]["Services"] = json::parse(R"({"Routers": [{"Mac": "00:00:5e:00:01:33"}]})");
    document["Portcullis"]["Ports"][0]["AllowedAddresses"] = json::parse(R"([{"Address": "192.0.2.50", "Mac": "00:00:5e:00:01:33"}])");
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(StartsWith("model.json: /Portcullis/Ports/0: the MAC 00:00:5e:00:01:33")));
}

constexpr const char* kRouter = R"({"Routers": [{"Mac": "02:00:00:00:00:09", "Addresses": ["192.0.2.1"]}]})";
constexpr const char* kOtherRouter = R"({"Routers": [{"Mac": "02:00:00:00:00:0a", "Addresses": ["192.0.2.1"]}]})";

TEST(ValidateServices, RefusesARoutersAddressWithTwoMacs) {
    EXPECT_THAT(errors_with("/Portcullis/Services", R"({"Routers": [
            {"Mac": "02:00:00:00:00:09", "Addresses": ["192.0.2.1"]},
            {"Mac": "02:00:00:00:00:0a", "Addresses": ["fe80::1", "192.0.2.1"]}]})"),
                ElementsAre("model.json: /Portcullis/Services/Routers/1/Addresses/1: the router's address 192.0.2.1 has another MAC in "
                            "model.json: /Portcullis/Services/Routers/0/Addresses/0"));
    const std::string owners[] = {"/Portcullis/Services", "/Portcullis/Bridges/0/Services", "/Portcullis/Ports/0/Services"};
    for (const std::string& one : owners) {
        for (const std::string& other : owners) {
            if (one == other) {
                continue;
            }
            json document = small_model();
            document[json::json_pointer(one)] = json::parse(kRouter);
            document[json::json_pointer(other)] = json::parse(kOtherRouter);
            EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(HasSubstr("the router's address 192.0.2.1 has another MAC")))
                << one << other;
            document[json::json_pointer(other)] = json::parse(kRouter);
            EXPECT_THAT(errors_of(parse_json(document)), IsEmpty()) << one << other;
        }
    }
}

TEST(ValidateServices, LetsTwoBridgesHaveTheirOwnRoutersWithOneAddress) {
    json document = small_model();
    document["Portcullis"]["Bridges"][0]["Services"] = json::parse(kRouter);
    document["Portcullis"]["Bridges"].push_back({{"Device", "br1"}, {"Services", json::parse(kOtherRouter)}});
    EXPECT_THAT(errors_of(parse_json(document)), IsEmpty());
    document["Portcullis"]["Ports"][0]["Services"] = json::parse(kRouter);
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(HasSubstr("has another MAC"))) << "the port may be on either bridge";
}

TEST(ValidateServices, LetsPortsShareAnAllowedAddressThatAnInterfaceHas) {
    json document = small_model();
    document["NetworkInterfaces"].push_back(
        {{"NetworkInterfaceId", "eni-2"}, {"VpcId", "vpc-1"}, {"SubnetId", "subnet-1"}, {"MacAddress", "02:00:00:00:00:02"}});
    document["Portcullis"]["Ports"].push_back({{"NetworkInterfaceId", "eni-2"}, {"Device", "tap1"}});
    for (auto& port : document["Portcullis"]["Ports"]) {
        port["AllowedAddresses"] = json::parse(R"([{"Address": "10.0.1.10"}, {"Address": "10.0.1.50", "Mac": "00:00:5e:00:01:33"}])");
    }
    EXPECT_THAT(errors_of(parse_json(document)), IsEmpty());
}

}  // namespace
}  // namespace portcullis
