// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_bpf/render_bpf.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "core/address.h"

namespace portcullis {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string address_text(Family family, const void* bytes) {
    Address address;
    address.family = family;
    std::memcpy(address.bytes.data(), bytes, family == Family::Ipv4 ? 4 : 16);
    return address.to_string();
}

std::string mac_text(const std::uint8_t* bytes) {
    Mac mac;
    std::memcpy(mac.bytes.data(), bytes, mac.bytes.size());
    return mac.to_string();
}

// The 32 bits before the address are the number that it is looked up in.
template <class Key>
std::string prefix_text(const Key& key, Family family) {
    return address_text(family, &key.address) + "/" + number(key.prefixlen - 32);
}

std::string zone_text(std::uint32_t zone) { return zone == PC_ZONE_ALL ? "all zones" : "zone " + number(zone); }

std::string list_text(std::span<const std::uint32_t> numbers) {
    std::string text;
    for (const std::uint32_t one : numbers) {
        text += (text.empty() ? "" : ", ") + number(one);
    }
    return text;
}

class Listing {
   public:
    Listing(const MapImage& image, const Ruleset& ruleset, const Numberings& numberings)
        : image_(image), ruleset_(ruleset), numberings_(numberings) {}

    template <class Key, class Value, class Print>
    void add(std::string name, const MapImage::Entries<Key, Value>& entries, const Print& print) {
        RenderedMap& map = maps_.emplace_back(RenderedMap{.name = std::move(name), .entries = {}});
        std::ranges::transform(entries, std::back_inserter(map.entries),
                               [&](const auto& entry) { return print(entry.first, entry.second); });
    }

    [[nodiscard]] std::string decision(std::uint32_t value) const {
        if (value == 0) {
            return "none";
        }
        const std::uint32_t rule = value & ~PC_DENY;
        return std::string((value & PC_DENY) != 0 ? "deny" : "allow") + " by rule " + number(rule) + " (" +
               std::string(numberings_.rules.key_of(rule)) + ")";
    }

    void add_policies();
    void add_members();
    void add_ports();
    [[nodiscard]] std::vector<RenderedMap> take() && { return std::move(maps_); }

   private:
    const MapImage& image_;
    const Ruleset& ruleset_;
    const Numberings& numberings_;
    std::vector<RenderedMap> maps_;
};

void Listing::add_policies() {
    add("pc_policies", image_.policies, [](std::uint32_t row, const pc_policy& policy) {
        return "policy " + number(row) + ": everywhere port sets " + list_text(policy.default_set) + " (IPv4, IPv6)";
    });
    const auto print_cidr4 = [](const pc_cidr4_key& key, std::uint32_t set) {
        return "policy " + number(key.policy) + ", " + prefix_text(key, Family::Ipv4) + " -> port set " + number(set);
    };
    const auto print_cidr6 = [](const pc_cidr6_key& key, std::uint32_t set) {
        return "policy " + number(key.policy) + ", " + prefix_text(key, Family::Ipv6) + " -> port set " + number(set);
    };
    add("pc_cidrs4", image_.cidrs4, print_cidr4);
    add("pc_cidrs6", image_.cidrs6, print_cidr6);
    add("pc_group_sets", image_.group_sets, [this](const pc_group_set_key& key, std::uint32_t set) {
        return "policy " + number(key.policy) + ", group " + std::string(numberings_.groups.key_of(key.group)) + " -> port set " +
               number(set);
    });
    add("pc_set_heads", image_.set_heads,
        [this](std::uint32_t row, const pc_set_head& head) { return "port set " + number(row) + ": otherwise " + decision(head.any); });
    add("pc_port_sets", image_.port_sets, [this](const pc_port_set_key& key, std::uint32_t value) {
        return "port set " + number(key.set) + ", protocol " + number(key.protocol) + ", port " + number(key.port) + "/" +
               number(key.length) + " -> " + decision(value);
    });
}

void Listing::add_members() {
    const auto print_member4 = [](const pc_member4_key& key, std::uint32_t owner) {
        return zone_text(key.zone) + ", " + prefix_text(key, Family::Ipv4) + " -> owner " + number(owner);
    };
    const auto print_member6 = [](const pc_member6_key& key, std::uint32_t owner) {
        return zone_text(key.zone) + ", " + prefix_text(key, Family::Ipv6) + " -> owner " + number(owner);
    };
    add("pc_members4", image_.members4, print_member4);
    add("pc_members6", image_.members6, print_member6);
    add("pc_owners", image_.owners, [](std::uint32_t row, const OwnerRow& owner) {
        return "owner " + number(row) + ": interface " + number(owner.interface) + ", subnet " + number(owner.subnet);
    });
    add("pc_interfaces", image_.interfaces, [](std::uint32_t row, const InterfaceRow& interface) {
        return "interface " + number(row) + ": groups " + (interface.groups.empty() ? "none" : list_text(interface.groups));
    });
}

void Listing::add_ports() {
    const auto print_address4 = [](const pc_address4_key& key, std::uint32_t value) {
        return "set " + number(key.address_set) + ", " + prefix_text(key, Family::Ipv4) + " -> " + number(value);
    };
    const auto print_address6 = [](const pc_address6_key& key, std::uint32_t value) {
        return "set " + number(key.address_set) + ", " + prefix_text(key, Family::Ipv6) + " -> " + number(value);
    };
    add("pc_addresses4", image_.addresses4, print_address4);
    add("pc_addresses6", image_.addresses6, print_address6);
    add("pc_services", image_.services, [](const pc_service_key& key, const pc_service& service) {
        return "set " + number(key.set) + ", kind " + number(key.kind) + ", " + address_text(Family::Ipv6, key.address) + ", protocol " +
               number(key.protocol) + ", port " + number(key.port) + " -> where " + number(service.where) + ", " + mac_text(service.mac);
    });
    MapImage::Entries<std::size_t, PortRow> ports;
    for (std::size_t i = 0; i < image_.ports.size(); ++i) {
        ports.emplace_back(i, image_.ports[i]);
    }
    add("pc_ports", ports, [this](std::size_t i, const PortRow& view) {
        return ruleset_.ports[i].interface_id + ": zone " + number(view.zone) + ", interface " + number(view.interface) + ", MAC " +
               mac_text(view.mac) + ", addresses in set " + number(view.address_set) + ", group policies " + list_text(view.group_policy) +
               ", ACL policies " + list_text(view.acl_policy) + " (outbound, inbound), flags " + number(view.flags);
    });
}

}  // namespace

std::vector<RenderedMap> render_bpf(const MapImage& image, const Ruleset& ruleset, const Numberings& numberings) {
    Listing listing(image, ruleset, numberings);
    listing.add_ports();
    listing.add_policies();
    listing.add_members();
    return std::move(listing).take();
}

}  // namespace portcullis
