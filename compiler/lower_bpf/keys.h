// SPDX-License-Identifier: Apache-2.0
// The keys of the numberings of lower_bpf.h. What a number stands for is told by the maps that hold it: by the content of a policy, a port
// set, a set of addresses or of services, or by the prefix of an owner, and else by pc_names. So a daemon reads out of the kernel which
// numbers the one before it gave to what (loader/kernel_image.h), and both make the keys here.
//
// Content is given with number 0, sorted by the bytes of the keys and without repetitions, as in MapImage.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bpf/abi.h"
#include "compiler/lower_bpf/lower_bpf.h"

namespace portcullis {

struct PortSetContent {
    pc_set_head head{};
    MapImage::Entries<pc_port_set_key, std::uint32_t> ports;
};
struct PolicyContent {
    pc_policy row{};
    MapImage::Entries<pc_cidr4_key, std::uint32_t> cidrs4;
    MapImage::Entries<pc_cidr6_key, std::uint32_t> cidrs6;
    MapImage::Entries<pc_group_set_key, std::uint32_t> groups;
};
struct AddressSetContent {
    MapImage::Entries<pc_address4_key, std::uint32_t> addresses4;
    MapImage::Entries<pc_address6_key, std::uint32_t> addresses6;
};
using ServiceSetContent = MapImage::Entries<pc_service_key, pc_service>;

[[nodiscard]] std::string key_of(const PortSetContent& content);
[[nodiscard]] std::string key_of(const PolicyContent& content);
[[nodiscard]] std::string key_of(const AddressSetContent& content);
[[nodiscard]] std::string key_of(const ServiceSetContent& content);
[[nodiscard]] std::string key_of(const pc_member4_key& owner);
[[nodiscard]] std::string key_of(const pc_member6_key& owner);

// Of one interface, by its id, or of a row that stands for several. Ids are opaque text, so that a row for several is not told by an id.
[[nodiscard]] std::string interface_key(std::string_view id);
[[nodiscard]] std::string interface_key(std::span<const std::string_view> stands_for);
// The id of which interface_key made the key; none: it is no interface's own.
[[nodiscard]] std::optional<std::string> interface_id_of(std::string_view key);

// pc_names.
void add_name(std::uint16_t kind, std::uint32_t number, std::string_view name, MapImage::Entries<pc_name_key, pc_name>& names);
// The names of one kind by number; empty where parts are missing. Pre: sorted by number.
[[nodiscard]] std::map<std::uint32_t, std::string> names_of(std::uint16_t kind, const MapImage::Entries<pc_name_key, pc_name>& names);

}  // namespace portcullis
