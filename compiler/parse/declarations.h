// SPDX-License-Identifier: Apache-2.0
// What the documents declare, as read: every occurrence of every object, before merge.h makes one model of it. Filled by one function per
// kind of object (parse_KIND.cpp), each of which reads one element of the list under its top-level key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/parse/json_cursor.h"
#include "core/model.h"

namespace portcullis {

// A rule in the flat form of describe-security-group-rules.
struct FlatRule {
    std::string id;
    std::string group_id;
    Direction direction = Direction::Inbound;
    Traffic traffic;
    RuleSource source;
    Position position;
};

// Under what in `Portcullis` something stands: a port has both, a bridge only the device, and the host itself neither.
struct Owner {
    std::string network_interface_id;
    std::string device;
    [[nodiscard]] bool is_host() const { return device.empty(); }
    [[nodiscard]] bool is_port() const { return !network_interface_id.empty(); }
    auto operator<=>(const Owner&) const = default;
};

// The scalars of `Portcullis`. Words out of two are flags that are named for the one that is 1.
enum class Setting : std::uint8_t {
    Flows,
    FlowsPerPort,
    HalfOpenPerPort,
    IsolatesInstances,
    Rejects,
    Logs,
    Cuts,
    TracksAll,
    ClaimsLinkLocal,
    RelatesIcmpErrors,
    OpensUnknownPorts
};
struct DeclaredSetting {
    Owner owner;
    Setting setting = Setting::Flows;
    std::uint32_t value = 0;
    std::string text;  // as it is written, for messages
    Position position;
};

struct DeclaredDenyCidr {
    DenyCidr deny;
    Position position;
};

// One address, or one MAC, under a key `Services`: where each stands, for what is checked about all of them.
struct ServicePlace {
    enum class Kind : std::uint8_t { Service, DhcpServer, Router, Ec2 };
    Owner owner;
    Kind kind = Kind::Service;
    std::optional<Address> address;  // none: "ec2", or a router's MAC by itself
    std::optional<Mac> mac;          // of a router
    std::string device;              // of a DHCP server, empty if none is given
    Position position;
};

struct Declarations {
    Model model;  // an object may occur several times; what `settings` and `deny_cidrs` hold is not in it yet
    std::vector<FlatRule> flat_rules;
    std::vector<DeclaredSetting> settings;
    std::vector<DeclaredDenyCidr> deny_cidrs;
    std::vector<ServicePlace> service_places;
    std::vector<std::string> available_interfaces;  // ids of those that EC2 reports as attached to nothing
};

// Each says whether the object could be told by its id; one that could not is missing in what is declared.
[[nodiscard]] bool parse_vpc(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_subnet(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_security_group(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_security_group_rule(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_network_acl(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_network_interface(const JsonCursor& object, Declarations& declared);
[[nodiscard]] bool parse_prefix_list(const JsonCursor& object, Declarations& declared);

// The value of the key `Portcullis`.
void parse_portcullis(const JsonCursor& object, Declarations& declared);

}  // namespace portcullis
