// SPDX-License-Identifier: Apache-2.0
// What a MapImage says, with every number replaced by what it stands for: two images of one ruleset decode alike whatever their numbers.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "compiler/lower_bpf/lower_bpf.h"

namespace portcullis::test {

template <class Object>
std::string raw_bytes(const Object& object) {
    return std::string(reinterpret_cast<const char*>(&object), sizeof object);
}

template <class Object>
std::string hex(const Object& object) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : raw_bytes(object)) {
        text += kDigits[static_cast<unsigned char>(c) >> 4];
        text += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

class ImageDecoder {
   public:
    ImageDecoder(const MapImage& image, const Numberings& numberings) : image_(image), numberings_(numberings) {
        decode_sets();
        decode_policies();
        decode_address_sets();
        decode_service_sets();
    }

    // Sorted lines: one per port, owner and interface, and the number of entries of each map.
    [[nodiscard]] std::string text() const {
        std::vector<std::string> lines;
        for (const PortRow& port : image_.ports) {
            lines.push_back(decode(port));
        }
        add_owners(image_.members4, lines);
        add_owners(image_.members6, lines);
        for (const auto& by_zone : image_.bridge_services) {
            for (const ServiceSet& set : by_zone) {
                lines.push_back(hex(set.flags) + services(set.number));
            }
        }
        for (const SlotUse& use : slots_of(image_, {})) {
            lines.push_back(use.map + " " + std::to_string(use.used));
        }
        std::ranges::sort(lines);
        std::string text;
        for (const std::string& line : lines) {
            text += line + "\n";
        }
        return text;
    }

   private:
    [[nodiscard]] std::string decision(std::uint32_t word) const {
        return word == 0 ? "-" : ((word & PC_DENY) != 0 ? "deny " : "allow ") + std::string(numberings_.rules.key_of(word & ~PC_DENY));
    }
    void decode_sets() {
        std::map<std::uint32_t, std::vector<std::string>> entries;
        for (const auto& [key, word] : image_.port_sets) {
            entries[key.set].push_back(std::to_string(key.protocol) + ":" + std::to_string(key.port) + "/" + std::to_string(key.length) +
                                       " " + decision(word));
        }
        for (const auto& [number, head] : image_.set_heads) {
            std::string text = "any " + decision(head.any) + hex(head.lengths) + hex(head.has_others);
            for (const std::uint32_t word : head.unknown_ports) {
                text += " unknown " + decision(word);
            }
            std::ranges::sort(entries[number]);
            for (const std::string& entry : entries[number]) {
                text += ";" + entry;
            }
            sets_[number] = "{" + text + "}";
        }
    }
    [[nodiscard]] std::string set(std::uint32_t number) const { return number == 0 ? "{}" : sets_.at(number); }
    void decode_policies() {
        std::map<std::uint32_t, std::vector<std::string>> entries;
        for (const auto& [key, number] : image_.cidrs4) {
            entries[key.policy].push_back(hex(key.prefixlen) + hex(key.address) + set(number));
        }
        for (const auto& [key, number] : image_.cidrs6) {
            entries[key.policy].push_back(hex(key.prefixlen) + hex(key.address) + set(number));
        }
        for (const auto& [key, number] : image_.group_sets) {
            entries[key.policy].push_back(std::string(numberings_.groups.key_of(key.group)) + set(number));
        }
        for (const auto& [number, row] : image_.policies) {
            std::string text = std::to_string(row.flags) + set(row.default_set[0]) + set(row.default_set[1]) + set(row.literal_set[0]) +
                               set(row.literal_set[1]);
            std::ranges::sort(entries[number]);
            for (const std::string& entry : entries[number]) {
                text += ";" + entry;
            }
            policies_[number] = "[" + text + "]";
        }
    }
    [[nodiscard]] std::string policy(std::uint32_t number) const { return number == 0 ? "[]" : policies_.at(number); }
    void decode_address_sets() {
        for (const auto& [key, value] : image_.addresses4) {
            address_sets_[key.address_set] += hex(key.prefixlen) + hex(key.address) + "=" + std::to_string(value) + " ";
        }
        for (const auto& [key, value] : image_.addresses6) {
            address_sets_[key.address_set] += hex(key.prefixlen) + hex(key.address) + "=" + std::to_string(value) + " ";
        }
    }
    [[nodiscard]] std::string addresses(std::uint32_t set) const { return set == 0 ? "()" : "(" + address_sets_.at(set) + ")"; }
    void decode_service_sets() {
        for (auto [key, value] : image_.services) {
            std::string& text = service_sets_[key.set];
            key.set = 0;
            text += hex(key) + "=" + hex(value) + " ";
        }
    }
    [[nodiscard]] std::string services(std::uint32_t set) const { return set == 0 ? "()" : "(" + service_sets_.at(set) + ")"; }
    [[nodiscard]] std::string interface(std::uint32_t number) const {
        if (number == 0) {
            return "-";
        }
        const auto row = std::ranges::find(image_.interfaces, number, [](const auto& entry) { return entry.first; });
        std::string text(numberings_.interfaces.key_of(number));
        for (const std::uint32_t group : row->second.groups) {
            text += " " + std::string(numberings_.groups.key_of(group));
        }
        return text;
    }
    [[nodiscard]] std::string decode(const PortRow& port) const {
        std::string text = std::string(numberings_.zones.key_of(port.zone)) + " " + std::string(numberings_.subnets.key_of(port.subnet)) +
                           " " + interface(port.interface) + " " + addresses(port.address_set) + hex(port.mac) + hex(port.flags) +
                           hex(port.timeout_ticks) + addresses(port.deny_set) + addresses(port.source_set) + services(port.services[0]) +
                           services(port.services[1]) + services(port.host_set) + hex(port.wide) + hex(port.flow_quota) +
                           hex(port.half_open_quota);
        for (const auto* policies : {port.group_policy, port.acl_policy}) {
            text += policy(policies[0]) + policy(policies[1]);
        }
        return text;
    }
    template <class Key>
    void add_owners(const MapImage::Entries<Key, std::uint32_t>& members, std::vector<std::string>& lines) const {
        for (const auto& [key, number] : members) {
            const auto row = std::ranges::find(image_.owners, number, [](const auto& entry) { return entry.first; });
            const std::string zone(key.zone == PC_ZONE_ALL ? "all" : numberings_.zones.key_of(key.zone));
            lines.push_back(zone + hex(key.prefixlen) + hex(key.address) + " " + interface(row->second.interface) + " " +
                            std::string(numberings_.subnets.key_of(row->second.subnet)));
        }
    }

    const MapImage& image_;
    const Numberings& numberings_;
    std::map<std::uint32_t, std::string> sets_;
    std::map<std::uint32_t, std::string> policies_;
    std::map<std::uint32_t, std::string> address_sets_;
    std::map<std::uint32_t, std::string> service_sets_;
};

inline std::string decoded(const MapImage& image, const Numberings& numberings) { return ImageDecoder(image, numberings).text(); }

// Every byte of an image, for comparing.
inline std::string bytes_of(const MapImage& image) {
    std::string bytes;
    const auto add_entries = [&](const auto& entries) {
        bytes += std::to_string(entries.size()) + ":";
        for (const auto& [key, value] : entries) {
            bytes += raw_bytes(key) + raw_bytes(value);
        }
    };
    add_entries(image.policies);
    add_entries(image.set_heads);
    add_entries(image.owners);
    add_entries(image.port_sets);
    add_entries(image.cidrs4);
    add_entries(image.cidrs6);
    add_entries(image.group_sets);
    add_entries(image.addresses4);
    add_entries(image.addresses6);
    add_entries(image.members4);
    add_entries(image.members6);
    add_entries(image.services);
    for (const auto& by_zone : image.bridge_services) {
        bytes += std::to_string(by_zone.size()) + ":";
        for (const ServiceSet& set : by_zone) {
            bytes += raw_bytes(set);
        }
    }
    for (const auto& [number, row] : image.interfaces) {
        bytes += raw_bytes(number) + std::to_string(row.groups.size()) + ":";
        for (const std::uint32_t group : row.groups) {
            bytes += raw_bytes(group);
        }
    }
    for (const PortRow& port : image.ports) {
        bytes += raw_bytes(port);
    }
    return bytes;
}

}  // namespace portcullis::test
