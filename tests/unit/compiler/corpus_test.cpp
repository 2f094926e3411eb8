// SPDX-License-Identifier: Apache-2.0
// Reads every *.json below the directory that PORTCULLIS_EC2_CORPUS names: EC2 documents as the API, its users and its emulators print
// them. What describes the objects of a model is accepted as it is, everything else is refused with an error that says where and why. Which
// is which is decided here by the documents' keys alone, without our parser. Without the variable the list of documents is empty.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compiler/parse/parse.h"

namespace portcullis {
namespace {

using nlohmann::json;

// Keys of describe calls by the key that identifies their objects.
const std::map<std::string, std::string> kIdentifyingKeys = {{"VpcId", "Vpcs"},
                                                             {"SubnetId", "Subnets"},
                                                             {"GroupId", "SecurityGroups"},
                                                             {"NetworkAclId", "NetworkAcls"},
                                                             {"NetworkInterfaceId", "NetworkInterfaces"},
                                                             {"PrefixListId", "PrefixLists"}};

// The kind of an object that stands in a bare list: objects name their VPC and subnet too, so those identify last.
std::string kind_of(const json& object) {
    for (const char* key : {"NetworkInterfaceId", "NetworkAclId", "GroupId", "PrefixListId", "SubnetId", "VpcId"}) {
        if (object.contains(key)) {
            return kIdentifyingKeys.at(key);
        }
    }
    return "unknown";
}

// Recordings wrap the answer: {"status_code": …, "data": ANSWER}, or {"DESCRIBE_…": ANSWER or its list} several times.
json unwrap(const json& document) {
    if (document.is_object() && document.contains("status_code") && document.contains("data")) {
        return document.at("data");
    }
    json unwrapped = json::object();
    for (const auto& [key, value] : document.items()) {
        if (!key.starts_with("DESCRIBE_")) {
            return document;
        }
        if (value.is_object()) {
            unwrapped.update(value);
        } else {
            unwrapped[kind_of(value.at(0))] = value;
        }
    }
    return unwrapped;
}

bool has_half_open_ports(const json& permission) {
    const bool has_ports = permission.at("IpProtocol") == "tcp" || permission.at("IpProtocol") == "udp";
    return has_ports && (permission.value("FromPort", 0) == -1) != (permission.value("ToPort", 0) == -1);
}

// Whether the document contradicts EC2's own rules: a port range with one end at -1, or a group given twice with different contents.
bool contradicts_itself(const json& document) {
    std::map<std::string, json> groups;
    for (const json& group : document.value("SecurityGroups", json::array())) {
        const auto& permissions = group.at("IpPermissions");
        const auto [known, is_first] = groups.try_emplace(group.at("GroupId").get<std::string>(), permissions);
        if (std::any_of(permissions.begin(), permissions.end(), has_half_open_ports) || known->second != permissions) {
            return true;
        }
    }
    return false;
}

bool describes_a_model(const json& document) {
    const auto& kinds = kIdentifyingKeys;
    return document.is_object() &&
           std::any_of(kinds.begin(), kinds.end(), [&](const auto& kind) { return document.contains(kind.second); });
}

std::vector<std::filesystem::path> corpus() {
    std::vector<std::filesystem::path> paths;
    if (const char* directory = std::getenv("PORTCULLIS_EC2_CORPUS"); directory != nullptr) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
            if (entry.is_regular_file() && entry.path().extension() == ".json") {
                paths.push_back(entry.path());
            }
        }
        EXPECT_FALSE(paths.empty()) << "no documents below " << directory;
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> errors_of(const ParseOutcome& outcome) {
    std::vector<std::string> errors;
    for (const Finding& finding : outcome.findings) {
        if (finding.severity == Finding::Severity::Error) {
            EXPECT_FALSE(finding.position.file.empty());
            EXPECT_FALSE(finding.message.empty());
            errors.push_back(finding.to_string());
        }
    }
    EXPECT_EQ(errors.empty(), outcome.model.has_value());
    return errors;
}

ParseOutcome parse_one(const std::string& name, const std::string& text) {
    return parse(std::vector<Document>{{.name = name, .text = text}});
}

// A document of groups with exactly the permissions of the flat rules.
json groups_of_flat_rules(const json& flat_rules) {
    std::map<std::string, json> groups;
    for (const json& rule : flat_rules) {
        json permission = {{"IpProtocol", rule.at("IpProtocol")}, {"FromPort", rule.at("FromPort")}, {"ToPort", rule.at("ToPort")}};
        if (rule.contains("CidrIpv4")) {
            permission["IpRanges"] = json::array({{{"CidrIp", rule.at("CidrIpv4")}}});
        } else if (rule.contains("CidrIpv6")) {
            permission["Ipv6Ranges"] = json::array({{{"CidrIpv6", rule.at("CidrIpv6")}}});
        } else if (rule.contains("PrefixListId")) {
            permission["PrefixListIds"] = json::array({{{"PrefixListId", rule.at("PrefixListId")}}});
        } else {
            permission["UserIdGroupPairs"] = json::array({rule.at("ReferencedGroupInfo")});
        }
        const std::string id = rule.at("GroupId");
        json& group = groups[id];
        group["GroupId"] = id;
        group[rule.at("IsEgress").get<bool>() ? "IpPermissionsEgress" : "IpPermissions"].push_back(permission);
    }
    json document = {{"SecurityGroups", json::array()}};
    for (const auto& [id, group] : groups) {
        document["SecurityGroups"].push_back(group);
    }
    return document;
}

TEST(Corpus, DescriptionsAreAcceptedAndEverythingElseIsRefused) {
    int accepted = 0;
    int refused = 0;
    for (const auto& path : corpus()) {
        SCOPED_TRACE(path.string());
        const std::string text = read(path);
        const json document = json::parse(text);
        const json content = unwrap(document);
        if (describes_a_model(content) && !contradicts_itself(content)) {
            // As it is on disk, unless it had to be unwrapped.
            const auto outcome = parse_one(path.filename().string(), content == document ? text : content.dump());
            EXPECT_THAT(errors_of(outcome), testing::IsEmpty());
            ++accepted;
        } else {
            EXPECT_THAT(errors_of(parse_one(path.filename().string(), text)), testing::Not(testing::IsEmpty()));
            ++refused;
        }
    }
    std::cout << "corpus: " << accepted << " accepted, " << refused << " refused\n";
}

TEST(Corpus, WrappedDocumentsAreRefusedAsTheyAre) {
    for (const auto& path : corpus()) {
        SCOPED_TRACE(path.string());
        const std::string text = read(path);
        const json document = json::parse(text);
        if (unwrap(document) != document) {
            EXPECT_THAT(errors_of(parse_one(path.filename().string(), text)), testing::Not(testing::IsEmpty()));
        }
    }
}

TEST(Corpus, FlatRulesAreAcceptedBesideTheirGroupsAndGiveTheirIds) {
    int accepted = 0;
    for (const auto& path : corpus()) {
        SCOPED_TRACE(path.string());
        const json document = json::parse(read(path));
        if (!document.contains("SecurityGroupRules")) {
            continue;
        }
        const std::vector<Document> documents = {
            {.name = "rules.json", .text = document.dump()},
            {.name = "groups.json", .text = groups_of_flat_rules(document["SecurityGroupRules"]).dump()}};
        const ParseOutcome outcome = parse(documents);
        EXPECT_THAT(errors_of(outcome), testing::IsEmpty());
        for (const SecurityGroup& group : outcome.model.value_or(Model{}).security_groups) {
            for (const auto& rules : group.rules) {
                EXPECT_THAT(rules, testing::Each(testing::Field(&SecurityGroupRule::id, testing::StartsWith("sgr-"))));
            }
        }
        ++accepted;
    }
    std::cout << "corpus: " << accepted << " documents of flat rules accepted beside their groups\n";
}

}  // namespace
}  // namespace portcullis
