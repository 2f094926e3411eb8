// SPDX-License-Identifier: Apache-2.0
// The loaded maps' BTF, written by clang for BPF, says the same about every key, value and row as the host's compiler.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
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
        {"pc_host",
         {sizeof(pc_host),
          {FIELD(pc_host, generation), FIELD(pc_host, abi_version), FIELD(pc_host, tag_seed), FIELD(pc_host, clock_offset),
           FIELD(pc_host, flow_reserve), FIELD(pc_host, flow_shared), FIELD(pc_host, answer_mark), FIELD(pc_host, clock_base),
           FIELD(pc_host, jiffy_ns), FIELD(pc_host, device_version), FIELD(pc_host, fast_path_until), FIELD(pc_host, reserved)}}},
        {"pc_devices", {sizeof(pc_device), {FIELD(pc_device, kind), FIELD(pc_device, slot), FIELD(pc_device, bridge)}}},
        {"pc_device_cache", {sizeof(std::uint64_t), {}}},
        {"pc_build", {sizeof(std::uint64_t), {}}},
        {"pc_ports",
         {sizeof(pc_port),
          {FIELD(pc_port, ifindex), FIELD(pc_port, port_id), FIELD(pc_port, bridge), FIELD(pc_port, reserved), FIELD(pc_port, view)}}},
        {"pc_addresses4", {sizeof(std::uint32_t), {}}},
        {"pc_addresses6", {sizeof(std::uint32_t), {}}},
        {"pc_members4", {sizeof(std::uint32_t), {}}},
        {"pc_members6", {sizeof(std::uint32_t), {}}},
        {"pc_owners", {sizeof(pc_owner), {FIELD(pc_owner, interface), FIELD(pc_owner, subnet), FIELD(pc_owner, own)}}},
        {"pc_names", {sizeof(pc_name), {FIELD(pc_name, bytes), FIELD(pc_name, text)}}},
        {"pc_interfaces",
         {sizeof(pc_interface), {FIELD(pc_interface, ifindex), FIELD(pc_interface, group_count), FIELD(pc_interface, groups)}}},
        {"pc_policies",
         {sizeof(pc_policy),
          {FIELD(pc_policy, number), FIELD(pc_policy, flags), FIELD(pc_policy, default_set), FIELD(pc_policy, literal_set),
           FIELD(pc_policy, reserved)}}},
        {"pc_cidrs4", {sizeof(std::uint32_t), {}}},
        {"pc_cidrs6", {sizeof(std::uint32_t), {}}},
        {"pc_group_sets", {sizeof(std::uint32_t), {}}},
        {"pc_set_heads",
         {sizeof(pc_set_head),
          {FIELD(pc_set_head, number), FIELD(pc_set_head, any), FIELD(pc_set_head, lengths), FIELD(pc_set_head, has_others),
           FIELD(pc_set_head, reserved), FIELD(pc_set_head, unknown_ports)}}},
        {"pc_port_sets", {sizeof(std::uint32_t), {}}},
        {"pc_rule_hits", {sizeof(std::uint64_t), {}}},
        {"pc_tails", {sizeof(std::uint32_t), {}}},
        {"pc_services", {sizeof(pc_service), {FIELD(pc_service, where), FIELD(pc_service, mac), FIELD(pc_service, pad)}}},
        {"pc_macs", {sizeof(std::uint32_t), {}}},
        {"pc_host_addresses", {sizeof(std::uint32_t), {}}},
        {"pc_tunnels", {sizeof(std::uint32_t), {}}},
        {"pc_claims", {sizeof(std::uint32_t), {}}},
        {"pc_flow_pool", {sizeof(pc_flow_pool), {FIELD(pc_flow_pool, shared), FIELD(pc_flow_pool, pad)}}},
        {"pc_port_states",
         {sizeof(pc_port_state),
          {FIELD(pc_port_state, port_id), FIELD(pc_port_state, entries), FIELD(pc_port_state, answered), FIELD(pc_port_state, half_open),
           FIELD(pc_port_state, services), FIELD(pc_port_state, claims), FIELD(pc_port_state, reclaimed), FIELD(pc_port_state, shard),
           FIELD(pc_port_state, bridged), FIELD(pc_port_state, rates), FIELD(pc_port_state, lost_events), FIELD(pc_port_state, pad),
           FIELD(pc_port_state, in_shards)}}},
        {"pc_departed4", {sizeof(std::uint32_t), {}}},
        {"pc_departed6", {sizeof(std::uint32_t), {}}},
        {"pc_fragments", {sizeof(pc_fragments), {FIELD(pc_fragments, port_id), FIELD(pc_fragments, next), FIELD(pc_fragments, entries)}}},
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
        {"pc_names", {sizeof(pc_name_key), {FIELD(pc_name_key, number), FIELD(pc_name_key, kind), FIELD(pc_name_key, part)}}},
        {"pc_group_sets", {sizeof(pc_group_set_key), {FIELD(pc_group_set_key, policy), FIELD(pc_group_set_key, group)}}},
        {"pc_port_sets",
         {sizeof(pc_port_set_key),
          {FIELD(pc_port_set_key, set), FIELD(pc_port_set_key, port), FIELD(pc_port_set_key, protocol), FIELD(pc_port_set_key, length)}}},
        {"pc_services",
         {sizeof(pc_service_key),
          {FIELD(pc_service_key, set), FIELD(pc_service_key, kind), FIELD(pc_service_key, protocol), FIELD(pc_service_key, port),
           FIELD(pc_service_key, address)}}},
        {"pc_macs", {sizeof(pc_mac_key), {FIELD(pc_mac_key, bridge), FIELD(pc_mac_key, mac), FIELD(pc_mac_key, pad)}}},
        {"pc_host_addresses", {sizeof(pc_host_address_key), {FIELD(pc_host_address_key, address)}}},
        {"pc_tunnels", {sizeof(pc_tunnel_key), {FIELD(pc_tunnel_key, port), FIELD(pc_tunnel_key, protocol), FIELD(pc_tunnel_key, pad)}}},
        {"pc_claims", {sizeof(pc_claim_key), {FIELD(pc_claim_key, bridge), FIELD(pc_claim_key, address)}}},
        {"pc_departed4",
         {sizeof(pc_member4_key), {FIELD(pc_member4_key, prefixlen), FIELD(pc_member4_key, zone), FIELD(pc_member4_key, address)}}},
        {"pc_departed6",
         {sizeof(pc_member6_key), {FIELD(pc_member6_key, prefixlen), FIELD(pc_member6_key, zone), FIELD(pc_member6_key, address)}}},
    };
    return layouts;
}

// What has no keys and values with types: maps of maps, and the ring of events.
const std::set<std::string> kUntyped = {"pc_flows4", "pc_flows6", "pc_half_open", "pc_events", "pc_fast_devices"};

const std::map<std::string, Layout>& nested() {
    static const std::map<std::string, Layout> layouts{
        {"pc_port_view",
         {sizeof(pc_port_view),
          {FIELD(pc_port_view, flags),        FIELD(pc_port_view, epoch),           FIELD(pc_port_view, zone),
           FIELD(pc_port_view, subnet),       FIELD(pc_port_view, interface),       FIELD(pc_port_view, address_set),
           FIELD(pc_port_view, group_policy), FIELD(pc_port_view, acl_policy),      FIELD(pc_port_view, mac),
           FIELD(pc_port_view, pad),          FIELD(pc_port_view, services),        FIELD(pc_port_view, host_set),
           FIELD(pc_port_view, deny_set),     FIELD(pc_port_view, source_set),      FIELD(pc_port_view, wide),
           FIELD(pc_port_view, flow_quota),   FIELD(pc_port_view, half_open_quota), FIELD(pc_port_view, own_ipv6),
           FIELD(pc_port_view, own_ipv4),     FIELD(pc_port_view, reserved),        FIELD(pc_port_view, timeout_ticks)}}},
        {"pc_flow",
         {sizeof(pc_flow),
          {FIELD(pc_flow, word), FIELD(pc_flow, seen), FIELD(pc_flow, expected), FIELD(pc_flow, packets), FIELD(pc_flow, bytes),
           FIELD(pc_flow, group_rule), FIELD(pc_flow, acl_rule), FIELD(pc_flow, shifts)}}},
        {"pc_fragment",
         {sizeof(pc_fragment),
          {FIELD(pc_fragment, word), FIELD(pc_fragment, source), FIELD(pc_fragment, destination), FIELD(pc_fragment, id),
           FIELD(pc_fragment, protocol), FIELD(pc_fragment, direction), FIELD(pc_fragment, pad)}}},
    };
    return layouts;
}

class AbiBtf : public ::testing::Test {
   protected:
    void SetUp() override { ASSERT_TRUE(object()) << object().error().message; }
    // Loaded once, since verifying takes seconds, and by the first test: a program that only lists its tests loads nothing.
    static const Result<BpfObject>& object() {
        static const Result<BpfObject> loaded = BpfObject::load(small_maps());
        return loaded;
    }
    static bpf_map_info info_of(const BpfObject::Part& map) {
        bpf_map_info info{};
        std::uint32_t bytes = sizeof(info);
        EXPECT_EQ(::bpf_obj_get_info_by_fd(map.fd, &info, &bytes), 0);
        return info;
    }
    static Btf types_of(const bpf_map_info& info) { return {::btf__load_from_kernel_by_id(info.btf_id), ::btf__free}; }
};

TEST_F(AbiBtf, EveryMapCarriesBtfThatAgreesWithTheHostsLayout) {
    std::size_t values = 0;
    for (const BpfObject::Part& map : object()->maps()) {
        if (kUntyped.contains(map.name)) {
            continue;
        }
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

// They carry no types: what only maps of maps name has none in the object.
TEST_F(AbiBtf, ShardsAndQueuesHaveKeysAndValuesOfTheHostsSize) {
    struct Inner {
        const char* table;
        std::size_t key_bytes, value_bytes;
    };
    for (const Inner& wanted :
         {Inner{"pc_flows4", sizeof(pc_flow4_key), sizeof(pc_flow4)}, Inner{"pc_flows6", sizeof(pc_flow6_key), sizeof(pc_flow6)},
          Inner{"pc_half_open", 0, sizeof(pc_half_open_record)}}) {
        const auto made = object()->make_inner(wanted.table, 16);
        ASSERT_TRUE(made) << made.error().message;
        const bpf_map_info info = info_of({.name = wanted.table, .fd = made->value()});
        EXPECT_EQ(info.key_size, wanted.key_bytes) << wanted.table;
        EXPECT_EQ(info.value_size, wanted.value_bytes) << wanted.table;
    }
}

TEST_F(AbiBtf, NestedStructsAgreeToo) {
    const auto maps = object()->maps();
    const auto ports = std::ranges::find(maps, "pc_ports", &BpfObject::Part::name);
    ASSERT_NE(ports, maps.end());
    const Btf types = types_of(info_of(*ports));
    ASSERT_NE(types, nullptr);
    for (const auto& [name, layout] : nested()) {
        const int id = ::btf__find_by_name_kind(types.get(), name.c_str(), BTF_KIND_STRUCT);
        ASSERT_GT(id, 0) << name;
        EXPECT_EQ(layout_of(types.get(), static_cast<std::uint32_t>(id)), layout) << name;
    }
}

}  // namespace
}  // namespace portcullis::test
