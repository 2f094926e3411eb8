// SPDX-License-Identifier: Apache-2.0
// The loaded maps' BTF, written by clang for BPF, says the same about every key, value and row as the host's compiler.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "bpf/abi.h"
#include "loader/bpf_object.h"
#include "tests/dataplane/small_maps.h"

namespace portcullis::test {
namespace {

using Btf = std::unique_ptr<btf, decltype(&::btf__free)>;

struct Layout {
    std::size_t bytes = 0;
    std::map<std::string, std::size_t> offsets;  // of the fields, in bytes
    bool operator==(const Layout&) const = default;
};

void PrintTo(const Layout& layout, std::ostream* out) {
    *out << layout.bytes << " bytes:";
    for (const auto& [field, offset] : layout.offsets) {
        *out << ' ' << field << '@' << offset;
    }
}

// Of a struct in BTF; an integer has a size alone.
Layout layout_of(const btf* types, std::uint32_t id) {
    Layout layout{.bytes = static_cast<std::size_t>(::btf__resolve_size(types, id)), .offsets = {}};
    const int resolved = ::btf__resolve_type(types, id);
    const btf_type* type = ::btf__type_by_id(types, static_cast<std::uint32_t>(resolved));
    if (type == nullptr || !::btf_is_struct(type)) {
        return layout;
    }
    for (std::uint32_t index = 0; index < ::btf_vlen(type); ++index) {
        const btf_member* member = ::btf_members(type) + index;
        layout.offsets[::btf__name_by_offset(types, member->name_off)] = ::btf_member_bit_offset(type, index) / 8;
    }
    return layout;
}

#define FIELD(type, field) \
    { #field, offsetof(type, field) }

const std::map<std::string, Layout>& host_values() {
    static const std::map<std::string, Layout> layouts{
        {"pc_host", {sizeof(pc_host), {FIELD(pc_host, generation), FIELD(pc_host, abi_version), FIELD(pc_host, tag_seed)}}},
        {"pc_devices", {sizeof(pc_device), {FIELD(pc_device, kind), FIELD(pc_device, slot)}}},
        {"pc_ports", {sizeof(pc_port), {FIELD(pc_port, ifindex), FIELD(pc_port, port_id), FIELD(pc_port, reserved), FIELD(pc_port, view)}}},
        {"pc_addresses4", {sizeof(std::uint32_t), {}}},
        {"pc_addresses6", {sizeof(std::uint32_t), {}}},
        {"pc_members4", {sizeof(std::uint32_t), {}}},
        {"pc_members6", {sizeof(std::uint32_t), {}}},
        {"pc_owners", {sizeof(pc_owner), {FIELD(pc_owner, interface), FIELD(pc_owner, subnet)}}},
        {"pc_interfaces",
         {sizeof(pc_interface), {FIELD(pc_interface, ifindex), FIELD(pc_interface, group_count), FIELD(pc_interface, groups)}}},
        {"pc_policies", {sizeof(pc_policy), {FIELD(pc_policy, number), FIELD(pc_policy, flags), FIELD(pc_policy, default_set)}}},
        {"pc_cidrs4", {sizeof(std::uint32_t), {}}},
        {"pc_cidrs6", {sizeof(std::uint32_t), {}}},
        {"pc_group_sets", {sizeof(std::uint32_t), {}}},
        {"pc_set_heads",
         {sizeof(pc_set_head),
          {FIELD(pc_set_head, number), FIELD(pc_set_head, any), FIELD(pc_set_head, lengths), FIELD(pc_set_head, has_others),
           FIELD(pc_set_head, reserved)}}},
        {"pc_port_sets", {sizeof(std::uint32_t), {}}},
        {"pc_rule_hits", {sizeof(std::uint64_t), {}}},
        {"pc_flows4", {sizeof(pc_flow4), {FIELD(pc_flow4, flow), FIELD(pc_flow4, key), FIELD(pc_flow4, pad)}}},
        {"pc_flows6", {sizeof(pc_flow6), {FIELD(pc_flow6, flow), FIELD(pc_flow6, key), FIELD(pc_flow6, pad)}}},
        {"pc_counters", {sizeof(pc_counter), {FIELD(pc_counter, packets), FIELD(pc_counter, bytes)}}},
    };
    return layouts;
}

const std::map<std::string, Layout>& host_keys() {
    static const std::map<std::string, Layout> layouts{
        {"pc_addresses4",
         {sizeof(pc_address4_key),
          {FIELD(pc_address4_key, prefixlen), FIELD(pc_address4_key, address_set), FIELD(pc_address4_key, address)}}},
        {"pc_addresses6",
         {sizeof(pc_address6_key),
          {FIELD(pc_address6_key, prefixlen), FIELD(pc_address6_key, address_set), FIELD(pc_address6_key, address)}}},
        {"pc_members4",
         {sizeof(pc_member4_key), {FIELD(pc_member4_key, prefixlen), FIELD(pc_member4_key, zone), FIELD(pc_member4_key, address)}}},
        {"pc_members6",
         {sizeof(pc_member6_key), {FIELD(pc_member6_key, prefixlen), FIELD(pc_member6_key, zone), FIELD(pc_member6_key, address)}}},
        {"pc_cidrs4", {sizeof(pc_cidr4_key), {FIELD(pc_cidr4_key, prefixlen), FIELD(pc_cidr4_key, policy), FIELD(pc_cidr4_key, address)}}},
        {"pc_cidrs6", {sizeof(pc_cidr6_key), {FIELD(pc_cidr6_key, prefixlen), FIELD(pc_cidr6_key, policy), FIELD(pc_cidr6_key, address)}}},
        {"pc_group_sets", {sizeof(pc_group_set_key), {FIELD(pc_group_set_key, policy), FIELD(pc_group_set_key, group)}}},
        {"pc_port_sets",
         {sizeof(pc_port_set_key),
          {FIELD(pc_port_set_key, set), FIELD(pc_port_set_key, port), FIELD(pc_port_set_key, protocol), FIELD(pc_port_set_key, length)}}},
        {"pc_flows4",
         {sizeof(pc_flow4_key),
          {FIELD(pc_flow4_key, port_id), FIELD(pc_flow4_key, local), FIELD(pc_flow4_key, remote), FIELD(pc_flow4_key, local_port),
           FIELD(pc_flow4_key, remote_port), FIELD(pc_flow4_key, protocol), FIELD(pc_flow4_key, asker), FIELD(pc_flow4_key, pad)}}},
        {"pc_flows6",
         {sizeof(pc_flow6_key),
          {FIELD(pc_flow6_key, port_id), FIELD(pc_flow6_key, local), FIELD(pc_flow6_key, remote), FIELD(pc_flow6_key, local_port),
           FIELD(pc_flow6_key, remote_port), FIELD(pc_flow6_key, protocol), FIELD(pc_flow6_key, asker), FIELD(pc_flow6_key, pad)}}},
    };
    return layouts;
}

const Layout kViewLayout{
    sizeof(pc_port_view),
    {FIELD(pc_port_view, flags), FIELD(pc_port_view, epoch), FIELD(pc_port_view, zone), FIELD(pc_port_view, subnet),
     FIELD(pc_port_view, interface), FIELD(pc_port_view, address_set), FIELD(pc_port_view, group_policy), FIELD(pc_port_view, acl_policy),
     FIELD(pc_port_view, mac), FIELD(pc_port_view, pad), FIELD(pc_port_view, reserved), FIELD(pc_port_view, timeout_ticks)}};
const Layout kFlowLayout{sizeof(pc_flow),
                         {FIELD(pc_flow, word), FIELD(pc_flow, seen), FIELD(pc_flow, group_rule), FIELD(pc_flow, acl_rule),
                          FIELD(pc_flow, reserved), FIELD(pc_flow, packets), FIELD(pc_flow, bytes)}};

class AbiBtf : public ::testing::Test {
   protected:
    void SetUp() override { ASSERT_TRUE(object_) << object_.error().message; }
    static bpf_map_info info_of(const BpfObject::Part& map) {
        bpf_map_info info{};
        std::uint32_t bytes = sizeof(info);
        EXPECT_EQ(::bpf_obj_get_info_by_fd(map.fd, &info, &bytes), 0);
        return info;
    }
    static Btf types_of(const bpf_map_info& info) { return {::btf__load_from_kernel_by_id(info.btf_id), ::btf__free}; }
    Result<BpfObject> object_ = BpfObject::load(small_maps());
};

TEST_F(AbiBtf, EveryMapCarriesBtfThatAgreesWithTheHostsLayout) {
    std::size_t values = 0;
    for (const BpfObject::Part& map : object_->maps()) {
        const bpf_map_info info = info_of(map);
        ASSERT_NE(info.btf_id, 0U) << map.name;
        const Btf types = types_of(info);
        ASSERT_NE(types, nullptr) << map.name;
        const auto value = host_values().find(map.name);
        ASSERT_NE(value, host_values().end()) << map.name << " is missing in this test";
        EXPECT_EQ(layout_of(types.get(), info.btf_value_type_id), value->second) << map.name;
        const auto key = host_keys().find(map.name);
        EXPECT_EQ(layout_of(types.get(), info.btf_key_type_id),
                  key == host_keys().end() ? (Layout{.bytes = sizeof(std::uint32_t), .offsets = {}}) : key->second)
            << map.name;
        ++values;
    }
    EXPECT_EQ(values, host_values().size());
}

TEST_F(AbiBtf, NestedStructsAgreeToo) {
    for (const BpfObject::Part& map : object_->maps()) {
        const Btf types = types_of(info_of(map));
        ASSERT_NE(types, nullptr);
        for (const auto& [name, layout] : {std::pair{"pc_port_view", kViewLayout}, std::pair{"pc_flow", kFlowLayout}}) {
            const int id = ::btf__find_by_name_kind(types.get(), name, BTF_KIND_STRUCT);
            ASSERT_GT(id, 0) << name;
            EXPECT_EQ(layout_of(types.get(), static_cast<std::uint32_t>(id)), layout) << name;
        }
    }
}

}  // namespace
}  // namespace portcullis::test
