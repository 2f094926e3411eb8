// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/world.h"

#include <cerrno>
#include <utility>

#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

constexpr std::string_view kNetwork = R"({
  "Vpcs": [{"VpcId": "vpc-1",
            "CidrBlockAssociationSet": [{"CidrBlock": "192.0.2.0/24", "CidrBlockState": {"State": "associated"}}],
            "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8:1::/56", "Ipv6CidrBlockState": {"State": "associated"}}]}],
  "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "192.0.2.0/25",
               "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8:1::/64", "Ipv6CidrBlockState": {"State": "associated"}}]},
              {"SubnetId": "subnet-2", "VpcId": "vpc-1", "CidrBlock": "192.0.2.128/25",
               "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8:1:1::/64", "Ipv6CidrBlockState": {"State": "associated"}}]}],
  "NetworkInterfaces": [
    {"NetworkInterfaceId": "eni-victim", "VpcId": "vpc-1", "SubnetId": "subnet-1", "MacAddress": "02:00:00:00:01:0a",
     "PrivateIpAddresses": [{"PrivateIpAddress": "192.0.2.10"}], "Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::10"}],
     "Groups": [{"GroupId": "sg-victim"}]},
    {"NetworkInterfaceId": "eni-attacker", "VpcId": "vpc-1", "SubnetId": "subnet-1", "MacAddress": "02:00:00:00:01:14",
     "PrivateIpAddresses": [{"PrivateIpAddress": "192.0.2.20"}], "Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::20"}],
     "Groups": [{"GroupId": "sg-attacker"}]},
    {"NetworkInterfaceId": "eni-neighbour", "VpcId": "vpc-1", "SubnetId": "subnet-1", "MacAddress": "02:00:00:00:01:1e",
     "PrivateIpAddresses": [{"PrivateIpAddress": "192.0.2.30"}], "Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::30"}],
     "Groups": [{"GroupId": "sg-neighbour"}]}],
  "Portcullis": {"Ports": [{"NetworkInterfaceId": "eni-victim", "Device": "p1"},
                           {"NetworkInterfaceId": "eni-attacker", "Device": "p2"},
                           {"NetworkInterfaceId": "eni-neighbour", "Device": "p3"}],
                 "Bridges": [{"Device": "br0", "Uplinks": ["up0"]}]}})";

struct Person {
    std::string_view name, mac, ipv4, ipv6;
};
constexpr Person kPeople[] = {{"victim", "02:00:00:00:01:0a", "192.0.2.10", "2001:db8:1::10"},
                              {"attacker", "02:00:00:00:01:14", "192.0.2.20", "2001:db8:1::20"},
                              {"neighbour", "02:00:00:00:01:1e", "192.0.2.30", "2001:db8:1::30"},
                              {"outside", "02:00:00:00:00:fe", "198.51.100.7", "2001:db8:9::7"},
                              {"host", "02:00:00:00:00:02", "192.0.2.2", "2001:db8:1::2"}};

const Person& person(Place place) { return kPeople[static_cast<std::size_t>(place)]; }

std::string group(std::string_view name, std::string_view in, std::string_view out) {
    return R"({"GroupId": "sg-)" + std::string(name) + R"(", "GroupName": ")" + std::string(name) +
           R"(", "VpcId": "vpc-1", "IpPermissions": )" + std::string(in) + R"(, "IpPermissionsEgress": )" + std::string(out) + "}";
}

}  // namespace

std::string_view name_of(Place place) { return person(place).name; }
Mac mac_of(Place place) { return mac(person(place).mac); }
Address ipv4_of(Place place) { return ip(person(place).ipv4); }
Address ipv6_of(Place place) { return ip(person(place).ipv6); }
std::string port_device(Place place) { return "p" + std::to_string(static_cast<unsigned>(place) + 1); }

HostFacts host_facts() {
    return {.addresses = {ipv4_of(Place::Host), ipv6_of(Place::Host), mac_of(Place::Host).link_local()}, .tunnels = {}};
}

Ethernet link(Place from, Place to) { return link(from, mac_of(to)); }
Ethernet link(Place from, const Mac& to) { return {.source = mac_of(from), .destination = to, .type = {}}; }

Ipv4 ipv4(Place from, Place to) {
    Ipv4 header;
    header.source = ipv4_of(from);
    header.destination = ipv4_of(to);
    return header;
}

Ipv6 ipv6(Place from, Place to) {
    Ipv6 header;
    header.source = ipv6_of(from);
    header.destination = ipv6_of(to);
    return header;
}

Tcp tcp(std::uint16_t source, std::uint16_t destination, std::uint8_t flags) {
    Tcp header;
    header.source_port = source;
    header.destination_port = destination;
    header.flags = flags;
    return header;
}

Udp udp(std::uint16_t source, std::uint16_t destination) {
    Udp header;
    header.source_port = source;
    header.destination_port = destination;
    return header;
}

Arp arp(std::uint16_t operation, Place sender, Place target) {
    return {.operation = operation,
            .sender_mac = mac_of(sender),
            .sender = ipv4_of(sender),
            .target_mac = operation == 1 ? Mac{} : mac_of(target),
            .target = ipv4_of(target)};
}

Ethernet of_type(Ethernet frame, std::uint16_t type) {
    frame.type = type;
    return frame;
}

std::string permission(std::string_view protocol, int from, int to) {
    return R"([{"IpProtocol": ")" + std::string(protocol) + R"(", "FromPort": )" + std::to_string(from) + R"(, "ToPort": )" +
           std::to_string(to) + R"(, "IpRanges": [{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}],
             "Ipv6Ranges": [{"CidrIpv6": "::/1"}, {"CidrIpv6": "8000::/1"}]}])";
}

Documents world(const Groups& groups, const Documents& more) {
    Documents all{std::string(kNetwork), R"({"SecurityGroups": [)" + group("victim", groups.victim_in, groups.victim_out) + "," +
                                             group("attacker", groups.attacker_in, groups.attacker_out) + "," +
                                             group("neighbour", groups.neighbour_in, groups.neighbour_out) + "]}"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

Documents edited(Documents documents, std::string_view what, std::string_view replacement) {
    std::string& network = documents.front();
    const std::size_t at = network.find(what);
    if (at == std::string::npos) {
        errno = ENOENT;
        end_test_run("find " + std::string(what) + " in the documents");
    }
    network.replace(at, what.size(), replacement);
    return documents;
}

Documents with_port(Documents documents, Place port, std::string_view keys) {
    const std::string device = R"("Device": ")" + port_device(port) + '"';
    return edited(std::move(documents), device, device + ", " + std::string(keys));
}

std::string network_acl(std::string_view entries) {
    return R"({"NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": true, "Entries": [)" + std::string(entries) +
           "]}]}";
}

}  // namespace portcullis::test
