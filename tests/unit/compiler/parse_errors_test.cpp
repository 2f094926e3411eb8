// SPDX-License-Identifier: Apache-2.0
// What the reader refuses, and what it says about it: file, pointer and reason of every error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/parse/parse.h"
#include "tests/unit/compiler/documents.h"
#include "tests/unit/compiler/refused_variant.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

class Refused : public testing::TestWithParam<Variant> {};
TEST_P(Refused, WithAnErrorThatSaysWhereAndWhy) { expect_refused(GetParam()); }

const char* const kPermission = "/SecurityGroups/0/IpPermissions/0";
const char* const kPermissionIcmp = "/SecurityGroups/0/IpPermissions/1";
const char* const kEntry = "/NetworkAcls/0/Entries/0";
const char* const kInterface = "/NetworkInterfaces/0";
const char* const kPort = "/Portcullis/Ports/0";

const Variant kTypes[] = {
    {"/Vpcs", "{}", "/Vpcs", "expected a list, found an object"},
    {"/Subnets", R"("subnet-1")", "/Subnets", "expected a list, found a string"},
    {"/PrefixLists/1", "null", "/PrefixLists/1", "expected an object, found null"},
    {"/PrefixLists/1", "7", "/PrefixLists/1", "expected an object, found an integer"},
    {"/PrefixLists/0/Cidrs/0", "7", "/PrefixLists/0/Cidrs/0", "expected a string, found an integer"},
    {"/PrefixLists/0/Cidrs/1", "null", "/PrefixLists/0/Cidrs/1", "expected a string, found null"},
    {"/Vpcs/0/CidrBlock", "10", "/Vpcs/0/CidrBlock", "expected a string, found an integer"},
    {"/SecurityGroups/0/GroupName", "true", "/SecurityGroups/0/GroupName", "expected a string, found a boolean"},
    {"/SecurityGroups/0/IpPermissions/0/FromPort", R"("80")", "/SecurityGroups/0/IpPermissions/0/FromPort",
     "expected an integer, found a string"},
    {"/SecurityGroups/0/IpPermissions/0/FromPort", "80.5", "/SecurityGroups/0/IpPermissions/0/FromPort", "a number that is not an integer"},
    {"/SecurityGroups/0/IpPermissions/0/FromPort", "80.0", "/SecurityGroups/0/IpPermissions/0/FromPort", "a number that is not an integer"},
    {"/SecurityGroups/0/IpPermissions/0/ToPort", "18446744073709551615", "/SecurityGroups/0/IpPermissions/0/ToPort",
     "a number that is not an integer"},
    {"/SecurityGroups/0/IpPermissions/0/IpProtocol", "6", "/SecurityGroups/0/IpPermissions/0/IpProtocol",
     "expected a string, found an integer"},
    {"/SecurityGroups/0/IpPermissions/0/IpRanges", R"({"CidrIp": "0.0.0.0/0"})", "/SecurityGroups/0/IpPermissions/0/IpRanges",
     "expected a list"},
    {"/SecurityGroups/0/IpPermissionsEgress/0/FromPort", R"("all")", "/SecurityGroups/0/IpPermissionsEgress/0/FromPort",
     "expected an integer"},
    {"/NetworkAcls/0/Entries/0/Egress", R"("false")", "/NetworkAcls/0/Entries/0/Egress", "expected a boolean, found a string"},
    {"/NetworkAcls/0/Entries/0/RuleNumber", R"("100")", "/NetworkAcls/0/Entries/0/RuleNumber", "expected an integer"},
    {"/NetworkAcls/0/Entries/0/PortRange", "[22, 443]", "/NetworkAcls/0/Entries/0/PortRange", "expected an object, found a list"},
    {"/NetworkAcls/0/Entries/2/PortRange", "[]", "/NetworkAcls/0/Entries/2/PortRange", "expected an object, found a list"},
    {"/NetworkAcls/0/IsDefault", "1", "/NetworkAcls/0/IsDefault", "expected a boolean"},
    {"/NetworkInterfaces/0/SourceDestCheck", R"("true")", "/NetworkInterfaces/0/SourceDestCheck", "expected a boolean"},
    {"/NetworkInterfaces/0/Attachment", R"("i-1")", "/NetworkInterfaces/0/Attachment", "expected an object"},
    {"/NetworkInterfaces/0/Groups/0", R"("sg-1")", "/NetworkInterfaces/0/Groups/0", "expected an object, found a string"},
    {"/NextToken", "7", "/NextToken", "expected a string"},
    {"/Portcullis", "[]", "/Portcullis", "expected an object, found a list"},
    {"/Portcullis/Bridges", "{}", "/Portcullis/Bridges", "expected a list, found an object"},
    {"/Portcullis/Bridges/0/Uplinks/0", "1", "/Portcullis/Bridges/0/Uplinks/0", "expected a string"},
    {"/Portcullis/Quotas/Flows", R"("many")", "/Portcullis/Quotas/Flows", "expected an integer"},
};
INSTANTIATE_TEST_SUITE_P(WrongTypes, Refused, testing::ValuesIn(kTypes));

const Variant kMissing[] = {
    {"/Vpcs/0/Ipv6CidrBlockAssociationSet/0/Ipv6CidrBlockState", nullptr, "/Vpcs/0/Ipv6CidrBlockAssociationSet/0",
     "Ipv6CidrBlockState is missing"},
    {"/Vpcs/0/CidrBlockAssociationSet/1/CidrBlockState", "{}", "/Vpcs/0/CidrBlockAssociationSet/1/CidrBlockState", "State is missing"},
    {"/Vpcs/1", "{}", "/Vpcs/1", "VpcId is missing"},
    {"/SecurityGroups/1", R"({"GroupName": "db"})", "/SecurityGroups/1", "GroupId is missing"},
    {"/NetworkInterfaces/0/Groups/1", R"({"GroupName": "db"})", "/NetworkInterfaces/0/Groups/1", "GroupId is missing"},
    {"/SecurityGroups/0/IpPermissions/0/IpProtocol", nullptr, kPermission, "IpProtocol is missing"},
    {"/SecurityGroups/0/IpPermissions/0/ToPort", nullptr, kPermission, "ToPort is missing"},
    {"/SecurityGroups/0/IpPermissions/0/FromPort", "null", kPermission, "FromPort is missing"},
    {"/SecurityGroups/0/IpPermissions/1/FromPort", nullptr, kPermissionIcmp, "FromPort is missing"},
    {"/SecurityGroups/0/IpPermissions/0/IpRanges/0", "{}", "/SecurityGroups/0/IpPermissions/0/IpRanges/0", "CidrIp is missing"},
    {"/SecurityGroups/0/IpPermissions/0/PrefixListIds/0", "{}", "/SecurityGroups/0/IpPermissions/0/PrefixListIds/0",
     "PrefixListId is missing"},
    {"/NetworkAcls/0/Entries/0/PortRange", nullptr, kEntry, "PortRange is missing"},
    {"/NetworkAcls/0/Entries/0/PortRange/To", nullptr, "/NetworkAcls/0/Entries/0/PortRange", "To is missing"},
    {"/NetworkAcls/0/Entries/1/IcmpTypeCode", nullptr, "/NetworkAcls/0/Entries/1", "IcmpTypeCode is missing"},
    {"/NetworkAcls/0/Entries/1/IcmpTypeCode/Code", nullptr, "/NetworkAcls/0/Entries/1/IcmpTypeCode", "Code is missing"},
    {"/NetworkAcls/0/Entries/0/Egress", nullptr, kEntry, "Egress is missing"},
    {"/NetworkAcls/0/Entries/0/RuleNumber", nullptr, kEntry, "RuleNumber is missing"},
    {"/NetworkAcls/0/Entries/0/RuleAction", nullptr, kEntry, "RuleAction is missing"},
    {"/NetworkAcls/0/Entries/0/Protocol", nullptr, kEntry, "Protocol is missing"},
    {"/NetworkAcls/0/Entries/0/CidrBlock", nullptr, kEntry, "either CidrBlock or Ipv6CidrBlock"},
    {"/NetworkAcls/0/Associations/0/SubnetId", nullptr, "/NetworkAcls/0/Associations/0", "SubnetId is missing"},
    {"/NetworkInterfaces/0/PrivateIpAddresses/1", R"({"Primary": false})", "/NetworkInterfaces/0/PrivateIpAddresses/1",
     "PrivateIpAddress is missing"},
    {"/NetworkInterfaces/0/MacAddress", nullptr, kInterface, "it has no MacAddress, and a port names it"},
    {"/ManagedPrefixLists/0/Entries/0", R"({"Description": "x"})", "/ManagedPrefixLists/0/Entries/0", "Cidr is missing"},
    {"/Portcullis/Ports/0/Device", nullptr, kPort, "Device is missing"},
    {"/Portcullis/Ports/0/NetworkInterfaceId", nullptr, kPort, "NetworkInterfaceId is missing"},
    {"/Portcullis/Bridges/0/Device", nullptr, "/Portcullis/Bridges/0", "Device is missing"},
};
INSTANTIATE_TEST_SUITE_P(MissingValues, Refused, testing::ValuesIn(kMissing));

const Variant kValues[] = {
    {"/SecurityGroups/0/IpPermissions/0/FromPort", "70000", "/SecurityGroups/0/IpPermissions/0/FromPort", "70000 is not a port (0-65535)"},
    {"/SecurityGroups/0/IpPermissions/0/ToPort", "65536", "/SecurityGroups/0/IpPermissions/0/ToPort", "65536 is not a port (0-65535)"},
    {"/SecurityGroups/0/IpPermissions/0/FromPort", "-1", "/SecurityGroups/0/IpPermissions/0/FromPort", "-1 is not a port"},
    {"/SecurityGroups/0/IpPermissions/0/ToPort", "-1", "/SecurityGroups/0/IpPermissions/0/ToPort", "-1 is not a port"},
    {"/SecurityGroups/0/IpPermissions/0/FromPort", "444", kPermission, "the range of ports 444-443 is empty"},
    {"/SecurityGroups/0/IpPermissions/1/FromPort", "256", "/SecurityGroups/0/IpPermissions/1/FromPort", "256 is not an ICMP type or code"},
    {"/SecurityGroups/0/IpPermissions/1/ToPort", "-2", "/SecurityGroups/0/IpPermissions/1/ToPort", "-2 is not an ICMP type or code"},
    {"/SecurityGroups/0/IpPermissions/0/IpProtocol", R"("sctp")", "/SecurityGroups/0/IpPermissions/0/IpProtocol",
     R"("sctp" is not a protocol)"},
    {"/SecurityGroups/0/IpPermissions/0/IpProtocol", R"("256")", "/SecurityGroups/0/IpPermissions/0/IpProtocol", "is not a protocol"},
    {"/SecurityGroups/0/IpPermissions/0/IpProtocol", R"("-2")", "/SecurityGroups/0/IpPermissions/0/IpProtocol", "is not a protocol"},
    {"/SecurityGroups/0/IpPermissions/0/IpProtocol", R"("06")", "/SecurityGroups/0/IpPermissions/0/IpProtocol", "is not a protocol"},
    {"/SecurityGroups/0/IpPermissions/0/IpProtocol", R"(" tcp")", "/SecurityGroups/0/IpPermissions/0/IpProtocol", "is not a protocol"},
    {"/SecurityGroups/0/IpPermissions/0/IpProtocol", R"("")", "/SecurityGroups/0/IpPermissions/0/IpProtocol", "is not a protocol"},
    {"/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp", R"("192.0.2.0/33")", "/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp",
     "is not an IPv4 CIDR"},
    {"/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp", R"("192.0.2.1")", "/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp",
     "is not an IPv4 CIDR"},
    {"/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp", R"("192.0.2.0/024")", "/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp",
     "is not an IPv4 CIDR"},
    {"/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp", R"("010.0.0.0/8")", "/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp",
     "is not an IPv4 CIDR"},
    {"/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp", R"("2001:db8::/32")", "/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp",
     "is not an IPv4 CIDR"},
    {"/SecurityGroups/0/IpPermissions/0/Ipv6Ranges/0/CidrIpv6", R"("192.0.2.0/24")",
     "/SecurityGroups/0/IpPermissions/0/Ipv6Ranges/0/CidrIpv6", "is not an IPv6 CIDR"},
    {"/SecurityGroups/0/IpPermissions/0/UserIdGroupPairs/0/GroupId", R"("")",
     "/SecurityGroups/0/IpPermissions/0/UserIdGroupPairs/0/GroupId", "must not be empty"},
    {"/SecurityGroups/0/GroupId", R"("")", "/SecurityGroups/0/GroupId", "must not be empty"},
    {"/NetworkAcls/0/Entries/0/RuleNumber", "0", "/NetworkAcls/0/Entries/0/RuleNumber", "0 is not a rule number (1-32766)"},
    {"/NetworkAcls/0/Entries/0/RuleNumber", "-5", "/NetworkAcls/0/Entries/0/RuleNumber", "-5 is not a rule number"},
    {"/NetworkAcls/0/Entries/0/RuleNumber", "32767", "/NetworkAcls/0/Entries/0/RuleNumber", "32767 is not a rule number"},
    {"/NetworkAcls/0/Entries/3/RuleAction", R"("allow")", "/NetworkAcls/0/Entries/3/RuleNumber", "32767 is not a rule number"},
    {"/NetworkAcls/0/Entries/3/CidrBlock", R"("10.0.0.0/8")", "/NetworkAcls/0/Entries/3/RuleNumber", "32767 is not a rule number"},
    {"/NetworkAcls/0/Entries/3/RuleNumber", "32769", "/NetworkAcls/0/Entries/3/RuleNumber", "32769 is not a rule number"},
    {"/NetworkAcls/0/Entries/0/RuleAction", R"("Allow")", "/NetworkAcls/0/Entries/0/RuleAction", "is neither allow nor deny"},
    {"/NetworkAcls/0/Entries/0/Protocol", R"("all")", "/NetworkAcls/0/Entries/0/Protocol", "is not a protocol"},
    {"/NetworkAcls/0/Entries/0/PortRange/To", "21", "/NetworkAcls/0/Entries/0/PortRange", "the range of ports 22-21 is empty"},
    {"/NetworkAcls/0/Entries/0/PortRange/From", "65536", "/NetworkAcls/0/Entries/0/PortRange/From", "65536 is not a port"},
    {"/NetworkAcls/0/Entries/1/IcmpTypeCode/Type", "-1", "/NetworkAcls/0/Entries/1",
     "a deny of an ICMP code with any type would match nothing"},
    {"/NetworkAcls/0/Entries/0/Ipv6CidrBlock", R"("::/0")", kEntry, "either CidrBlock or Ipv6CidrBlock"},
    {"/NetworkAcls/0/Entries/0/CidrBlock", R"("0.0.0.0")", "/NetworkAcls/0/Entries/0/CidrBlock", "is not an IPv4 CIDR"},
    {"/NetworkInterfaces/1",
     R"({"NetworkInterfaceId": "eni-2", "VpcId": "vpc-1", "SubnetId": "subnet-1", "MacAddress": "02-00-00-00-00-01"})",
     "/NetworkInterfaces/1/MacAddress", "is not a MAC address"},
    {"/NetworkInterfaces/1",
     R"({"NetworkInterfaceId": "eni-2", "VpcId": "vpc-1", "SubnetId": "subnet-1", "MacAddress": "03:00:00:00:00:01"})",
     "/NetworkInterfaces/1/MacAddress", "cannot be an interface's own MAC"},
    {"/NetworkInterfaces/1",
     R"({"NetworkInterfaceId": "eni-2", "VpcId": "vpc-1", "SubnetId": "subnet-1", "MacAddress": "00:00:00:00:00:00"})",
     "/NetworkInterfaces/1/MacAddress", "cannot be an interface's own MAC"},
    {"/NetworkInterfaces/0/PrivateIpAddress", R"("10.0.1.256")", "/NetworkInterfaces/0/PrivateIpAddress", "is not an IPv4 address"},
    {"/NetworkInterfaces/0/PrivateIpAddress", R"("2001:db8::1")", "/NetworkInterfaces/0/PrivateIpAddress", "is not an IPv4 address"},
    {"/NetworkInterfaces/0/PrivateIpAddress", R"("0.0.0.0")", "/NetworkInterfaces/0/PrivateIpAddress",
     "cannot be an interface's own address"},
    {"/NetworkInterfaces/0/PrivateIpAddress", R"("169.254.169.254")", "/NetworkInterfaces/0/PrivateIpAddress",
     "cannot be an interface's own address"},
    {"/NetworkInterfaces/0/PrivateIpAddress", R"("224.0.0.18")", "/NetworkInterfaces/0/PrivateIpAddress",
     "cannot be an interface's own address"},
    {"/NetworkInterfaces/0/Ipv6Addresses/0/Ipv6Address", R"("fe80::1")", "/NetworkInterfaces/0/Ipv6Addresses/0/Ipv6Address",
     "cannot be an interface's own address"},
    {"/NetworkInterfaces/0/Ipv6Addresses/0/Ipv6Address", R"("::ffff:10.0.0.1")", "/NetworkInterfaces/0/Ipv6Addresses/0/Ipv6Address",
     "cannot be an interface's own address"},
    {"/NetworkInterfaces/0/Ipv6Prefixes/0/Ipv6Prefix", R"("::/0")", "/NetworkInterfaces/0/Ipv6Prefixes/0/Ipv6Prefix",
     "holds addresses that cannot be an interface's own"},
    {"/NetworkInterfaces/0/Ipv4Prefixes/0/Ipv4Prefix", R"("0.0.0.0/0")", "/NetworkInterfaces/0/Ipv4Prefixes/0/Ipv4Prefix",
     "holds addresses that cannot be an interface's own"},
    {"/NetworkInterfaces/0/ConnectionTrackingConfiguration/UdpTimeout", "29",
     "/NetworkInterfaces/0/ConnectionTrackingConfiguration/UdpTimeout", "29 is not 30-60 seconds"},
    {"/NetworkInterfaces/0/ConnectionTrackingConfiguration/TcpEstablishedTimeout", "432001",
     "/NetworkInterfaces/0/ConnectionTrackingConfiguration/TcpEstablishedTimeout", "432001 is not 60-432000 seconds"},
    {"/ManagedPrefixLists/0/Entries/0/Cidr", R"("10.0.0.0/8")", "/ManagedPrefixLists/0/Entries/0/Cidr", "is not an IPv6 CIDR"},
    {"/ManagedPrefixLists/0/AddressFamily", R"("ipv6")", "/ManagedPrefixLists/0/AddressFamily", "is neither IPv4 nor IPv6"},
    {"/PrefixLists/0/Cidrs/0", R"("office")", "/PrefixLists/0/Cidrs/0", "is not an IPv4 or IPv6 CIDR"},
    {"/NextToken", R"("eyJ2IjoiMiJ9")", "/NextToken", "the document is incomplete"},
    {"/networkAcls", "[]", "/networkAcls", R"(unknown key "networkAcls": it is spelt NetworkAcls)"},
    {"/PORTCULLIS", "{}", "/PORTCULLIS", "it is spelt Portcullis"},
};
INSTANTIATE_TEST_SUITE_P(WrongValues, Refused, testing::ValuesIn(kValues));

constexpr const char* kNotSupported = "is not supported by this version";
const Variant kUnsupported[] = {
    {"/Portcullis/FastPath", "true", "/Portcullis/FastPath", kNotSupported},
    {"/Portcullis/GuardedEndpoints", R"(["10.0.0.1"])", "/Portcullis/GuardedEndpoints", kNotSupported},
    {"/Portcullis/Masquerade", "[{}]", "/Portcullis/Masquerade", kNotSupported},
};
INSTANTIATE_TEST_SUITE_P(WhatIsNotEnforced, Refused, testing::ValuesIn(kUnsupported));

// Texts, and the whole of their one error.
struct Text {
    const char* text;
    const char* error;
};

void PrintTo(const Text& text, std::ostream* out) { *out << text.text; }

class RefusedText : public testing::TestWithParam<Text> {};

TEST_P(RefusedText, WithOneError) {
    EXPECT_THAT(errors_of(parse_text(GetParam().text)), ElementsAre(StartsWith(std::string("model.json: ") + GetParam().error)));
}

const Text kTexts[] = {
    {"", "line 1, column 1: syntax error"},
    {"{\"Vpcs\": [", "line 1, column 10: syntax error"},
    {"{\n  \"Vpcs\": [\n  }\n", "line 3, column 3: syntax error"},
    {"{\"Vpcs\": []} x", "line 1, column 14: syntax error"},
    {"{\"Vpcs\": [],}", "line 1, column 13: syntax error"},
    {"{\"Vpcs\": [] /* none */}", "line 1, column 13: syntax error"},
    {"{'Vpcs': []}", "line 1, column 2: syntax error"},
    {"{\"Vpcs\": \"\xff\"}", "line 1, column 11: syntax error"},
    {"{\"Vpcs\": 1e999}", "line 1, column 14: number overflow"},
    {"null", "expected an object, found null"},
    {"[]", "expected an object, found a list"},
    {"{}", "none of the keys of a model occurs (Vpcs, Subnets"},
    {R"({"NextToken": ""})", "none of the keys of a model occurs"},
    {R"({"syncToken": "1", "prefixes": []})", "none of the keys of a model occurs"},
    {R"({"Vpcs": [], "Vpcs": []})", "/Vpcs: the key occurs more than once"},
    {R"({"Vpcs": [{"VpcId": "vpc-1", "a/~": 1, "a/~": 1, "a/~": 2}]})", "/Vpcs/0/a~1~0: the key occurs more than once"},
};
INSTANTIATE_TEST_SUITE_P(Texts, RefusedText, testing::ValuesIn(kTexts));

TEST(ParseErrors, NameTheCallThatADocumentSeemsToComeFrom) {
    EXPECT_THAT(errors_of(parse_text(R"({"Entries": []})")),
                ElementsAre(HasSubstr("into its object under ManagedPrefixLists, as Entries")));
    EXPECT_THAT(errors_of(parse_text(R"({"Subnet": {"SubnetId": "subnet-1"}})")), ElementsAre(HasSubstr(R"({"Subnets": […]})")));
}

TEST(ParseErrors, RefuseNestingBeyondTheLimitWithoutRecursion) {
    const std::string deep = "{\"Vpcs\": " + std::string(1'000'000, '[');
    EXPECT_THAT(errors_of(parse_text(deep)), ElementsAre(AllOf(HasSubstr("/Vpcs/0/0/"), HasSubstr("nested deeper than 64 levels"))));
}

TEST(ParseErrors, AreCollectedInTheOrderOfDocumentsAndOfPlacesInThem) {
    const auto outcome =
        parse_all({json::parse(R"({"PrefixLists": [{"PrefixListId": "pl-1", "Cidrs": ["", "", "", "", "", "", "", "", "", "", ""]}]})"),
                   json::parse(R"({"Vpcs": [{}]})")});
    const auto errors = errors_of(outcome);
    ASSERT_THAT(errors, SizeIs(12));
    EXPECT_THAT(errors[2], StartsWith("a.json: /PrefixLists/0/Cidrs/2: "));
    EXPECT_THAT(errors[10], StartsWith("a.json: /PrefixLists/0/Cidrs/10: "));
    EXPECT_THAT(errors[11], StartsWith("b.json: /Vpcs/0: "));
}

TEST(ParseErrors, SpeakOfTheWholeModelOnlyWhenAllOfItCouldBeRead) {
    json document = small_model();
    document.erase("SecurityGroups");
    const std::vector<Document> documents = {{.name = "a.json", .text = document.dump()}, {.name = "b.json", .text = "{"}};
    EXPECT_THAT(errors_of(parse(documents)), ElementsAre(StartsWith("b.json: line 1, column 1: ")));
}

TEST(ParseErrors, RefuseAModelWithoutDocuments) { EXPECT_THAT(errors_of(parse({})), ElementsAre(HasSubstr("there are no documents"))); }

TEST(ParseErrors, QuoteHostileTextShortAndWithoutControlCharacters) {
    json document = small_model();
    document["SecurityGroups"][0]["IpPermissions"][0]["IpProtocol"] = "\x1b[2J" + std::string(1000, 'x');
    const auto errors = errors_of(parse_json(document));
    ASSERT_THAT(errors, SizeIs(1));
    EXPECT_THAT(errors[0], AllOf(HasSubstr("\\x1b[2J"), HasSubstr("…")));
    EXPECT_LT(errors[0].size(), 300u);
}

TEST(ParseErrors, LimitIdentifiersTo255Bytes) {
    json document = small_model();
    document["Vpcs"].push_back({{"VpcId", std::string(256, 'x')}});
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre("model.json: /Vpcs/1/VpcId: an identifier has at most 255 bytes"));
}

}  // namespace
}  // namespace portcullis
