// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/one_instance.h"

#include "tests/support/packet.h"

namespace portcullis::test {

Model model_of_one_instance() {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {prefix("192.0.2.0/24")}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = model.vpcs.front().cidrs}};
    SecurityGroup group{.id = "sg-1", .name = "outward", .vpc_id = "vpc-1"};
    group.rules[static_cast<std::size_t>(Direction::Outbound)] = {{.traffic = {.protocol = -1}, .source = prefix("0.0.0.0/0")}};
    model.security_groups = {group};
    const NetworkAclEntry everything{.number = 100, .allow = true, .traffic = {}, .cidr = prefix("0.0.0.0/0")};
    model.network_acls = {
        {.id = "acl-1", .vpc_id = "vpc-1", .is_default = true, .entries = {{everything}, {everything}}, .subnet_ids = {"subnet-1"}}};
    model.has_network_acls = true;
    model.network_interfaces = {{.id = "eni-1",
                                 .vpc_id = "vpc-1",
                                 .subnet_id = "subnet-1",
                                 .mac = mac("02:00:5e:00:53:0b"),
                                 .addresses = {ip("192.0.2.11")},
                                 .group_ids = {"sg-1"}}};
    model.ports = {{.network_interface_id = "eni-1", .device = "p1"}};
    return model;
}

}  // namespace portcullis::test
