// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/ports_model.h"

namespace portcullis::test {

using nlohmann::json;

json model_of_ports(const std::vector<std::string>& devices) {
    json model = json::parse(R"({
      "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
      "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"}],
      "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1", "IpPermissions": [],
        "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}],
      "NetworkInterfaces": [],
      "Portcullis": {"Ports": [], "Bridges": [{"Device": "br0", "Uplinks": ["up0"]}]}})");
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const std::string number = std::to_string(i + 1);
        model["NetworkInterfaces"].push_back({{"NetworkInterfaceId", "eni-" + number},
                                              {"VpcId", "vpc-1"},
                                              {"SubnetId", "subnet-1"},
                                              {"MacAddress", "02:00:00:00:00:0" + number},
                                              {"PrivateIpAddress", "10.0.1.1" + number},
                                              {"Groups", json::array({{{"GroupId", "sg-1"}}})}});
        model["Portcullis"]["Ports"].push_back({{"NetworkInterfaceId", "eni-" + number}, {"Device", devices[i]}});
    }
    return model;
}

json udp_from_members(std::uint16_t from, std::uint16_t to) {
    return {{"IpProtocol", "udp"}, {"FromPort", from}, {"ToPort", to}, {"UserIdGroupPairs", {{{"GroupId", "sg-1"}}}}};
}

}  // namespace portcullis::test
