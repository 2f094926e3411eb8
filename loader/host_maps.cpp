// SPDX-License-Identifier: Apache-2.0
#include "loader/host_maps.h"

#include <algorithm>
#include <concepts>
#include <cstring>
#include <type_traits>

namespace portcullis {
namespace {

// Carries out steps until one fails.
template <class... Steps>
Result<> in_order(Steps... steps) {
    Result<> result;
    (void)(... && (result = steps()).has_value());  // the fold's value is in `result`
    return result;
}

template <class Key, class Value>
std::vector<Key> keys_of(const std::vector<std::pair<Key, Value>>& entries) {
    std::vector<Key> keys;
    keys.reserve(entries.size());
    for (const auto& [key, value] : entries) {
        keys.push_back(key);
    }
    return keys;
}

template <class Key>
std::vector<std::pair<Key, std::uint32_t>> each_with(const std::vector<Key>& keys, std::uint32_t value) {
    std::vector<std::pair<Key, std::uint32_t>> entries;
    entries.reserve(keys.size());
    for (const Key& key : keys) {
        entries.emplace_back(key, value);
    }
    return entries;
}

}  // namespace

template <class Map>
Result<> HostMaps::take(const BpfObject& object, const char* name, Map HostMaps::*member) {
    auto fd = object.map(name);
    if (!fd) {
        return fail(std::move(fd.error()));
    }
    auto map = Map::adopt(std::move(*fd));
    if (!map) {
        return fail(std::move(map.error()));
    }
    this->*member = std::move(*map);
    return {};
}

Result<> HostMaps::take_all(const BpfObject& object) {
    return in_order([&] { return take(object, "pc_devices", &HostMaps::devices_); },        //
                    [&] { return take(object, "pc_ports", &HostMaps::ports_); },            //
                    [&] { return take(object, "pc_owners", &HostMaps::owners_); },          //
                    [&] { return take(object, "pc_interfaces", &HostMaps::interfaces_); },  //
                    [&] { return take(object, "pc_policies", &HostMaps::policies_); },      //
                    [&] { return take(object, "pc_set_heads", &HostMaps::set_heads_); },    //
                    [&] { return take(object, "pc_port_sets", &HostMaps::port_sets_); },    //
                    [&] { return take(object, "pc_group_sets", &HostMaps::group_sets_); },  //
                    [&] { return take(object, "pc_cidrs4", &HostMaps::cidrs4_); },          //
                    [&] { return take(object, "pc_cidrs6", &HostMaps::cidrs6_); },          //
                    [&] { return take(object, "pc_addresses4", &HostMaps::addresses4_); },  //
                    [&] { return take(object, "pc_addresses6", &HostMaps::addresses6_); },  //
                    [&] { return take(object, "pc_members4", &HostMaps::members4_); },      //
                    [&] { return take(object, "pc_members6", &HostMaps::members6_); },      //
                    [&] { return take(object, "pc_services", &HostMaps::services_); },      //
                    [&] { return take(object, "pc_names", &HostMaps::names_); },            //
                    [&] { return take(object, "pc_macs", &HostMaps::macs_); },              //
                    [&] { return take(object, "pc_host_addresses", &HostMaps::host_addresses_); },
                    [&] { return take(object, "pc_tunnels", &HostMaps::tunnels_); },      //
                    [&] { return take(object, "pc_departed4", &HostMaps::departed4_); },  //
                    [&] { return take(object, "pc_departed6", &HostMaps::departed6_); });
}

Result<HostMaps> HostMaps::open(const BpfObject& object, std::uint32_t flow_reserve, std::uint64_t jiffies) {
    auto fd = object.map("pc_host");
    if (!fd) {
        return fail(std::move(fd.error()));
    }
    auto word = HostWord::open(std::move(*fd), flow_reserve, jiffies);
    if (!word) {
        return fail(std::move(word.error()));
    }
    auto grace = GracePeriod::create();
    if (!grace) {
        return fail(std::move(grace.error()));
    }
    HostMaps maps(std::move(*word), std::move(*grace));
    if (auto taken = maps.take_all(object); !taken) {
        return fail(std::move(taken.error()));
    }
    return maps;
}

template <class Row>
Result<> HostMaps::write_rows(BpfRows<Row>& rows, const std::vector<RowChange<Row>>& changes, Row RowChange<Row>::*version) {
    std::vector<std::pair<std::uint32_t, Row>> written;
    written.reserve(changes.size());
    for (const RowChange<Row>& change : changes) {
        written.emplace_back(change.number, change.*version);
    }
    return fill_rows(rows, written);
}

template <class Row>
Result<> HostMaps::fill_rows(BpfRows<Row>& rows, const std::vector<std::pair<std::uint32_t, Row>>& added) {
    writes_ += added.size();
    return added.empty() ? Result<>() : rows.write_all(added);
}

template <class Row>
Result<> HostMaps::clear_rows(BpfRows<Row>& rows, const std::vector<std::uint32_t>& numbers) {
    std::vector<std::pair<std::uint32_t, Row>> zeros;
    zeros.reserve(numbers.size());
    for (const std::uint32_t number : numbers) {
        zeros.emplace_back(number, Row{});
    }
    return fill_rows(rows, zeros);
}

template <class Key, class Value>
Result<> HostMaps::insert(BpfMap<Key, Value>& map, const std::vector<std::pair<Key, Value>>& added) {
    if (added.empty()) {
        return {};
    }
    if (has_deleted_) {
        if (auto waited = wait(); !waited) {
            return waited;
        }
    }
    writes_ += added.size();
    return map.write_all(added);
}

template <class Key, class Value>
Result<> HostMaps::remove(BpfMap<Key, Value>& map, const std::vector<Key>& keys) {
    if (keys.empty()) {
        return {};
    }
    has_deleted_ = true;
    writes_ += keys.size();
    return map.remove_all(keys);
}

Result<> HostMaps::remove_devices(const std::vector<std::uint32_t>& ifindices) {
    auto removed = remove(devices_, ifindices);
    if (!ifindices.empty()) {
        word_.forget_devices();
    }
    return removed;
}

// What is referred to comes before what refers to it, though nothing is read before the switch but members and devices. Names have come
// first of all: no number is in use that a daemon which comes next could not read.
Result<> HostMaps::insert_entries(const ImageDiff& diff) {
    return in_order([&] { return insert(port_sets_, diff.port_sets.added); },    //
                    [&] { return insert(group_sets_, diff.group_sets.added); },  //
                    [&] { return insert(cidrs4_, diff.cidrs4.added); },          //
                    [&] { return insert(cidrs6_, diff.cidrs6.added); },          //
                    [&] { return insert(addresses4_, diff.addresses4.added); },  //
                    [&] { return insert(addresses6_, diff.addresses6.added); },  //
                    [&] { return insert(services_, diff.services.added); },      //
                    [&] { return insert(host_addresses_, diff.host_addresses.added); },
                    [&] { return insert(tunnels_, diff.tunnels.added); },    //
                    [&] { return insert(macs_, diff.macs.written); },        //
                    [&] { return insert(members4_, diff.members4.added); },  //
                    [&] { return insert(members6_, diff.members6.added); },  //
                    [&] { return insert(devices_, diff.devices.added); });
}

Result<> HostMaps::remove_entries(const ImageDiff& diff) {
    return in_order([&] { return remove_devices(diff.devices.removed); },          //
                    [&] { return remove(members4_, diff.members4.removed); },      //
                    [&] { return remove(members6_, diff.members6.removed); },      //
                    [&] { return remove(addresses4_, diff.addresses4.removed); },  //
                    [&] { return remove(addresses6_, diff.addresses6.removed); },  //
                    [&] { return remove(cidrs4_, diff.cidrs4.removed); },          //
                    [&] { return remove(cidrs6_, diff.cidrs6.removed); },          //
                    [&] { return remove(group_sets_, diff.group_sets.removed); },  //
                    [&] { return remove(port_sets_, diff.port_sets.removed); },    //
                    [&] { return remove(services_, diff.services.removed); },      //
                    [&] { return remove(macs_, diff.macs.removed); });
}

// What flows cache under an epoch may say nothing of facts that are over: where they went after the switch, packets between the two would
// be judged by them and have the new epoch.
Result<> HostMaps::remove_facts(const ImageDiff& diff) {
    return in_order([&] { return remove(host_addresses_, diff.host_addresses.removed); },
                    [&] { return remove(tunnels_, diff.tunnels.removed); });
}

Result<> HostMaps::put_facts_back(const ImageDiff& diff) {
    return in_order([&] { return insert(host_addresses_, each_with(diff.host_addresses.removed, 1)); },
                    [&] { return insert(tunnels_, each_with(diff.tunnels.removed, 1)); });
}

Result<> HostMaps::take_back_entries(const ImageDiff& diff) {
    return in_order([&] { return remove_devices(keys_of(diff.devices.added)); },          //
                    [&] { return remove(members4_, keys_of(diff.members4.added)); },      //
                    [&] { return remove(members6_, keys_of(diff.members6.added)); },      //
                    [&] { return remove(addresses4_, keys_of(diff.addresses4.added)); },  //
                    [&] { return remove(addresses6_, keys_of(diff.addresses6.added)); },  //
                    [&] { return remove(cidrs4_, keys_of(diff.cidrs4.added)); },          //
                    [&] { return remove(cidrs6_, keys_of(diff.cidrs6.added)); },          //
                    [&] { return remove(group_sets_, keys_of(diff.group_sets.added)); },  //
                    [&] { return remove(port_sets_, keys_of(diff.port_sets.added)); },    //
                    [&] { return remove(services_, keys_of(diff.services.added)); },      //
                    [&] { return remove(host_addresses_, keys_of(diff.host_addresses.added)); },
                    [&] { return remove(tunnels_, keys_of(diff.tunnels.added)); },  //
                    [&] { return rewrite_macs_back(diff); });
}

// What was written over is written over again, which deletes nothing; what was new goes.
Result<> HostMaps::rewrite_macs_back(const ImageDiff& diff) {
    std::vector<pc_mac_key> added;
    for (const auto& entry : diff.macs.written) {
        const pc_mac_key& key = entry.first;
        const bool was_there =
            std::ranges::any_of(diff.macs.former, [&](const auto& former) { return std::memcmp(&former.first, &key, sizeof(key)) == 0; });
        if (!was_there) {
            added.push_back(key);
        }
    }
    auto written = diff.macs.former.empty() ? Result<>() : macs_.write_all(diff.macs.former);
    return written ? remove(macs_, added) : written;
}

// Read by pc_sweep alone, which does not run now: no grace period is needed.
Result<> HostMaps::note_departed(const ImageDiff& diff) {
    const auto note = [&](auto& map, const auto& keys) {
        writes_ += keys.size();
        return keys.empty() ? Result<>() : map.write_all(each_with(keys, generation() + 1));
    };
    return in_order([&] { return note(departed4_, diff.departed4); }, [&] { return note(departed6_, diff.departed6); });
}

Result<> HostMaps::forget_departed(const ImageDiff& diff) {
    const auto forget = [&](auto& map, const auto& keys) {
        writes_ += keys.size();
        return keys.empty() ? Result<>() : map.remove_all(keys);
    };
    return in_order([&] { return forget(departed4_, diff.departed4); }, [&] { return forget(departed6_, diff.departed6); });
}

Result<> HostMaps::move_devices(const std::vector<DeviceMove>& moves, pc_device DeviceMove::*there) {
    std::vector<std::uint32_t> keys;
    std::vector<std::pair<std::uint32_t, pc_device>> entries;
    for (const DeviceMove& move : moves) {
        keys.push_back(move.ifindex);
        entries.emplace_back(move.ifindex, move.*there);
    }
    return in_order([&] { return remove_devices(keys); }, [&] { return insert(devices_, entries); });
}

Result<> HostMaps::write_aside(const ImageDiff& diff) {
    return in_order([&] { return rest(); },                                                                     //
                    [&] { return insert(names_, diff.names.added); },                                           //
                    [&] { return fill_rows(set_heads_, diff.set_heads.added); },                                //
                    [&] { return fill_rows(policies_, diff.policies.added); },                                  //
                    [&] { return write_rows(interfaces_, diff.interfaces, &RowChange<pc_interface>::aside); },  //
                    [&] { return write_rows(owners_, diff.owners, &RowChange<pc_owner>::aside); },              //
                    [&] { return write_rows(ports_, diff.ports, &RowChange<pc_port>::aside); },                 //
                    [&] { return note_departed(diff); },                                                        //
                    [&] { return insert_entries(diff); },                                                       //
                    [&] { return move_devices(diff.moves, &DeviceMove::to); },                                  //
                    [&] { return remove_facts(diff); });
}

Result<> HostMaps::settle(const ImageDiff& diff) {
    return in_order([&] { return wait(); },                                                                       //
                    [&] { return write_rows(ports_, diff.ports, &RowChange<pc_port>::settled); },                 //
                    [&] { return write_rows(owners_, diff.owners, &RowChange<pc_owner>::settled); },              //
                    [&] { return write_rows(interfaces_, diff.interfaces, &RowChange<pc_interface>::settled); },  //
                    [&] { return remove_entries(diff); },                                                         //
                    [&] { return clear_rows(policies_, diff.policies.removed); },                                 //
                    [&] { return clear_rows(set_heads_, diff.set_heads.removed); },                               //
                    [&] { return remove(names_, diff.names.removed); });
}

// Numbers that the change gave out may be given out again by the next one: what a running program may still read of them is gone before.
Result<> HostMaps::undo(const ImageDiff& diff) {
    return in_order([&] { return take_back_entries(diff); },                                                     //
                    [&] { return put_facts_back(diff); },                                                        //
                    [&] { return move_devices(diff.moves, &DeviceMove::from); },                                 //
                    [&] { return forget_departed(diff); },                                                       //
                    [&] { return wait(); },                                                                      //
                    [&] { return write_rows(ports_, diff.ports, &RowChange<pc_port>::undone); },                 //
                    [&] { return write_rows(owners_, diff.owners, &RowChange<pc_owner>::undone); },              //
                    [&] { return write_rows(interfaces_, diff.interfaces, &RowChange<pc_interface>::undone); },  //
                    [&] { return clear_rows(policies_, keys_of(diff.policies.added)); },                         //
                    [&] { return clear_rows(set_heads_, keys_of(diff.set_heads.added)); },                       //
                    [&] { return remove(names_, keys_of(diff.names.added)); });
}

Result<> HostMaps::close_device(std::uint32_t ifindex, std::uint32_t slot) {
    const std::vector<std::uint32_t> device = {ifindex};
    const std::vector<std::uint32_t> row = {slot};
    return in_order([&] { return remove_devices(device); }, [&] { return slot == 0 ? Result<>() : clear_rows(ports_, row); });
}

// A program may still read the row that a deleted entry led it to, and the row's number may be another's by the next change.
Result<> HostMaps::rest() { return has_deleted_ ? wait() : Result<>(); }

Result<> HostMaps::wait() {
    auto waited = grace_.wait();
    if (waited) {
        has_deleted_ = false;
    }
    return waited;
}

}  // namespace portcullis
