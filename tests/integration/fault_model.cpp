// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/fault_model.h"

#include <string>

#include "tests/integration/ports_model.h"
#include "tests/support/packet.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

json admit(const std::string& protocol, unsigned port) {
    json rule = udp_from_members(static_cast<std::uint16_t>(port), static_cast<std::uint16_t>(port));
    rule["IpProtocol"] = protocol;
    return rule;
}

json associated(const std::string& block) {
    return json::array({{{"Ipv6CidrBlock", block}, {"Ipv6CidrBlockState", {{"State", "associated"}}}}});
}

}  // namespace

Address probe_address(std::size_t instance, Family family) {
    const std::string number = std::to_string(instance + 1);
    return ip(family == Family::Ipv4 ? "10.0.1.1" + number : "2001:db8:1::1" + number);
}

Mac probe_mac(std::size_t instance) { return mac("02:00:00:00:00:0" + std::to_string(instance + 1)); }

json fault_model(unsigned variant, const std::vector<std::string>& devices) {
    std::vector<std::string> all{"p1", "p2"};
    all.insert(all.end(), devices.begin(), devices.end());
    json model = model_of_ports(all);
    model["Vpcs"][0]["Ipv6CidrBlockAssociationSet"] = associated("2001:db8:1::/56");
    model["Subnets"][0]["Ipv6CidrBlockAssociationSet"] = associated("2001:db8:1::/64");
    for (std::size_t i = 0; i < all.size(); ++i) {
        model["NetworkInterfaces"][i]["Ipv6Addresses"] = json::array({{{"Ipv6Address", probe_address(i, Family::Ipv6).to_string()}}});
    }
    json& group = model["SecurityGroups"][0];
    group["IpPermissionsEgress"][0]["Ipv6Ranges"] = json::array({{{"CidrIpv6", "::/0"}}});
    group["IpPermissions"] = json::array({admit("tcp", kOpenProbe), admit("udp", kOpenProbe)});
    for (unsigned rule = 0; rule < 20; ++rule) {
        group["IpPermissions"].push_back(admit(rule % 2 == 0 ? "tcp" : "udp", 10000 + variant * 100 + rule));
    }
    json other = model["NetworkInterfaces"][0];
    other["NetworkInterfaceId"] = "eni-far";
    other["MacAddress"] = "02:00:00:00:01:00";
    other["PrivateIpAddress"] = "10.0.1." + std::to_string(100 + variant % 100);
    other.erase("Ipv6Addresses");
    model["NetworkInterfaces"].push_back(other);
    return model;
}

}  // namespace portcullis::test
