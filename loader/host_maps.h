// SPDX-License-Identifier: Apache-2.0
// The maps that carry policy and devices, and the protocol by which they change (docs/kernel-state.md, "Switching"): write aside, switch,
// settle; or write aside, undo. Keeps the rule that nothing is inserted after a delete before a grace period has passed.
//
// settle and undo can be repeated until they succeed, and one of them must before the next write_aside.
#pragma once

#include <cstdint>

#include "loader/bpf_map.h"
#include "loader/bpf_object.h"
#include "loader/grace_period.h"
#include "loader/host_word.h"
#include "loader/image_diff.h"
#include "loader/kernel_image.h"

namespace portcullis {

class HostMaps {
   public:
    [[nodiscard]] static Result<HostMaps> open(const BpfObject& object, std::uint32_t flow_reserve, std::uint64_t jiffies);

    // All that they hold, of a former daemon's maps, but KernelContent::last_port_ids.
    [[nodiscard]] Result<KernelContent> read();
    [[nodiscard]] std::uint32_t generation() const { return word_.generation(); }
    [[nodiscard]] std::uint32_t parity() const { return word_.parity(); }
    // Entries and rows written or deleted since the maps were opened.
    [[nodiscard]] std::uint64_t writes() const { return writes_; }

    // Everything that the next generation needs; running programs see none of it, but that new devices are closed no longer by being
    // unknown but by their row, and that moved ones are closed from here to the switch.
    [[nodiscard]] Result<> write_aside(const ImageDiff& diff);
    void switch_generation() { word_.advance(); }
    // The fast path may be taken before that tick.
    void lend_fast_path(std::uint32_t until) { word_.lend_fast_path(until); }
    [[nodiscard]] const pc_host& host() const { return word_.row(); }
    // Entries of the flow tables that ports share, from now on.
    void share_flows(std::uint32_t entries) { word_.share_flows(entries); }
    // The flows of the addresses that departed have been ended.
    [[nodiscard]] Result<> forget_departed(const ImageDiff& diff);
    // After the switch: waits for programs that still run on the former generation, then removes what only they needed.
    [[nodiscard]] Result<> settle(const ImageDiff& diff);
    // Instead of the switch.
    [[nodiscard]] Result<> undo(const ImageDiff& diff);

    // Closes a device at once by forgetting it, and clears its row.
    [[nodiscard]] Result<> close_device(std::uint32_t ifindex, std::uint32_t slot);
    // Waits for running programs.
    [[nodiscard]] Result<> wait();
    // Waits where something was deleted since: the next write_aside, which needs that, then does not.
    [[nodiscard]] Result<> rest();

   private:
    HostMaps(HostWord word, GracePeriod grace) : word_(std::move(word)), grace_(std::move(grace)) {}
    template <class Map>
    [[nodiscard]] Result<> take(const BpfObject& object, const char* name, Map HostMaps::*member);
    [[nodiscard]] Result<> take_all(const BpfObject& object);
    template <class Row>
    [[nodiscard]] Result<> write_rows(BpfRows<Row>& rows, const std::vector<RowChange<Row>>& changes, Row RowChange<Row>::*version);
    template <class Row>
    [[nodiscard]] Result<> fill_rows(BpfRows<Row>& rows, const std::vector<std::pair<std::uint32_t, Row>>& added);
    template <class Row>
    [[nodiscard]] Result<> clear_rows(BpfRows<Row>& rows, const std::vector<std::uint32_t>& numbers);
    template <class Key, class Value>
    [[nodiscard]] Result<> insert(BpfMap<Key, Value>& map, const std::vector<std::pair<Key, Value>>& added);
    template <class Key, class Value>
    [[nodiscard]] Result<> remove(BpfMap<Key, Value>& map, const std::vector<Key>& keys);
    [[nodiscard]] Result<> insert_entries(const ImageDiff& diff);
    [[nodiscard]] Result<> remove_entries(const ImageDiff& diff);
    [[nodiscard]] Result<> remove_facts(const ImageDiff& diff);
    [[nodiscard]] Result<> put_facts_back(const ImageDiff& diff);
    [[nodiscard]] Result<> take_back_entries(const ImageDiff& diff);
    [[nodiscard]] Result<> note_departed(const ImageDiff& diff);
    [[nodiscard]] Result<> rewrite_macs_back(const ImageDiff& diff);
    [[nodiscard]] Result<> remove_devices(const std::vector<std::uint32_t>& ifindices);
    [[nodiscard]] Result<> move_devices(const std::vector<DeviceMove>& moves, pc_device DeviceMove::*there);

    HostWord word_;
    GracePeriod grace_;
    bool has_deleted_ = false;  // since the last grace period
    std::uint64_t writes_ = 0;
    BpfMap<std::uint32_t, pc_device> devices_;
    BpfRows<pc_port> ports_;
    BpfRows<pc_owner> owners_;
    BpfRows<pc_interface> interfaces_;
    BpfRows<pc_policy> policies_;
    BpfRows<pc_set_head> set_heads_;
    BpfMap<pc_port_set_key, std::uint32_t> port_sets_;
    BpfMap<pc_group_set_key, std::uint32_t> group_sets_;
    BpfMap<pc_cidr4_key, std::uint32_t> cidrs4_;
    BpfMap<pc_cidr6_key, std::uint32_t> cidrs6_;
    BpfMap<pc_address4_key, std::uint32_t> addresses4_;
    BpfMap<pc_address6_key, std::uint32_t> addresses6_;
    BpfMap<pc_member4_key, std::uint32_t> members4_;
    BpfMap<pc_member6_key, std::uint32_t> members6_;
    BpfMap<pc_service_key, pc_service> services_;
    BpfMap<pc_name_key, pc_name> names_;
    BpfMap<pc_mac_key, std::uint32_t> macs_;
    BpfMap<pc_host_address_key, std::uint32_t> host_addresses_;
    BpfMap<pc_tunnel_key, std::uint32_t> tunnels_;
    BpfMap<pc_member4_key, std::uint32_t> departed4_;
    BpfMap<pc_member6_key, std::uint32_t> departed6_;
};

}  // namespace portcullis
