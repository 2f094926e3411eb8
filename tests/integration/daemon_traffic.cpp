// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/daemon_traffic.h"

namespace portcullis::test {

using nlohmann::json;

json two_ports() {
    json model = json::parse(R"({
      "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
      "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"}],
      "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1",
        "IpPermissions": [{"IpProtocol": "udp", "FromPort": 5353, "ToPort": 5353, "UserIdGroupPairs": [{"GroupId": "sg-1"}]}],
        "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}],
      "NetworkInterfaces": [],
      "Portcullis": {"Ports": [], "Bridges": [{"Device": "br0", "Uplinks": ["up0"]}]}})");
    for (const std::string number : {"1", "2"}) {
        model["NetworkInterfaces"].push_back({{"NetworkInterfaceId", "eni-" + number},
                                              {"VpcId", "vpc-1"},
                                              {"SubnetId", "subnet-1"},
                                              {"MacAddress", "02:00:00:00:00:0" + number},
                                              {"PrivateIpAddress", "10.0.1.1" + number},
                                              {"Groups", json::array({{{"GroupId", "sg-1"}}})}});
        model["Portcullis"]["Ports"].push_back({{"NetworkInterfaceId", "eni-" + number}, {"Device", "p" + number}});
    }
    return model;
}

}  // namespace portcullis::test
