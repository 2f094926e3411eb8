// SPDX-License-Identifier: Apache-2.0
#include "loader/image_check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "loader/bpf_map.h"
#include "loader/image_diff.h"
#include "loader/same_bytes.h"

namespace portcullis {
namespace {

template <class T>
std::string hex(const T& value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const auto byte : std::bit_cast<std::array<unsigned char, sizeof(T)>>(value)) {
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 0xfU];
    }
    return text;
}

template <class Key>
std::string text_of(const Key& key) {
    if constexpr (std::is_integral_v<Key>) {
        return std::to_string(key);
    } else {
        return hex(key);
    }
}

// One run over all maps; the first that cannot be read ends it.
class Check {
   public:
    Check(const BpfObject& object, std::size_t most) : object_(object), most_(most) {}

    // The map has these entries and no others.
    template <class Key, class Value>
    void entries(const char* name, std::vector<std::pair<Key, Value>> wanted);
    // Every port has both our programs.
    void hooks(const CheckedKernel& kernel);
    // Of an array, these rows are so.
    template <class Row>
    void rows(const char* name, const std::vector<std::pair<std::uint32_t, Row>>& wanted);

    Result<std::vector<std::string>> take() {
        if (!failure_) {
            return fail(std::move(failure_.error()));
        }
        return std::move(differences_);
    }

   private:
    void tell(const char* name, const char* what, const std::string& key) {
        if (differences_.size() < most_) {
            differences_.push_back(std::string(name) + ": " + what + " " + key);
        }
    }
    template <class Map>
    Result<Map> open(const char* name) const {
        return object_.map(name).and_then([](UniqueFd fd) { return Map::adopt(std::move(fd)); });
    }

    const BpfObject& object_;
    std::size_t most_;
    std::vector<std::string> differences_;
    Result<> failure_;
};

void Check::hooks(const CheckedKernel& kernel) {
    for (auto port = kernel.in_force.ports.begin(); failure_ && port != kernel.in_force.ports.end(); ++port) {
        const std::uint32_t ifindex = port->second.ifindex;
        const auto is_held = kernel.hooks.holds_enforcement(ifindex, kernel.standing);
        failure_ = is_held ? Result<>() : fail(is_held.error());
        if (is_held && !*is_held) {
            tell("hooks", "without our programs is device", std::to_string(ifindex));
        }
    }
}

template <class Key, class Value>
void Check::entries(const char* name, std::vector<std::pair<Key, Value>> wanted) {
    const auto is_before = [](const Key& a, const Key& b) { return std::memcmp(&a, &b, sizeof(Key)) < 0; };
    std::ranges::sort(wanted, is_before, &std::pair<Key, Value>::first);
    std::vector<bool> is_found(wanted.size());
    const auto map = failure_ ? open<BpfMap<Key, Value>>(name) : fail(failure_.error());
    failure_ = map ? map->for_each([&](const Key& key, const Value& value) {
        const auto at = std::ranges::lower_bound(wanted, key, is_before, &std::pair<Key, Value>::first);
        if (at == wanted.end() || !is_same(at->first, key)) {
            tell(name, "there should be no entry", text_of(key));
            return;
        }
        is_found[static_cast<std::size_t>(at - wanted.begin())] = true;
        if (!is_same(at->second, value)) {
            tell(name, "another value than it should have has entry", text_of(key));
        }
    })
                   : fail(map.error());
    for (std::size_t i = 0; failure_ && i < wanted.size(); ++i) {
        if (!is_found[i]) {
            tell(name, "missing is entry", text_of(wanted[i].first));
        }
    }
}

template <class Row>
void Check::rows(const char* name, const std::vector<std::pair<std::uint32_t, Row>>& wanted) {
    const auto map = failure_ ? open<BpfRows<Row>>(name) : fail(failure_.error());
    failure_ = map ? Result<>() : fail(map.error());
    for (auto row = wanted.begin(); failure_ && row != wanted.end(); ++row) {
        Row found{};
        const auto read = map->look_up(row->first, found);
        failure_ = read ? Result<>() : fail(read.error());
        if (read && !is_same(found, row->second)) {
            tell(name, "other than it should be is row", std::to_string(row->first));
        }
    }
}

template <class Row>
std::vector<std::pair<std::uint32_t, Row>> settled(const std::vector<RowChange<Row>>& changes) {
    std::vector<std::pair<std::uint32_t, Row>> rows;
    for (const RowChange<Row>& change : changes) {
        rows.emplace_back(change.number, change.settled);
    }
    return rows;
}

}  // namespace

// What would be written onto empty maps is what they hold.
Result<std::vector<std::string>> check_kernel(const CheckedKernel& kernel, std::size_t most) {
    HostImage image = kernel.in_force;
    auto all = diff_images({}, image, kernel.parity);
    if (!all) {
        return fail(std::move(all.error()));
    }
    for (RowChange<pc_port>& port : all->ports) {  // diff_images gave it a new epoch
        for (pc_port_view& view : port.settled.view) {
            view.epoch = kernel.in_force.ports.at(port.number).view.epoch;
        }
    }
    Check check(kernel.object, most);
    check.hooks(kernel);
    check.entries("pc_devices", std::move(all->devices.added));
    check.rows("pc_ports", settled(all->ports));
    check.rows("pc_owners", settled(all->owners));
    check.rows("pc_interfaces", settled(all->interfaces));
    check.rows("pc_policies", all->policies.added);
    check.rows("pc_set_heads", all->set_heads.added);
    check.entries("pc_port_sets", std::move(all->port_sets.added));
    check.entries("pc_group_sets", std::move(all->group_sets.added));
    check.entries("pc_cidrs4", std::move(all->cidrs4.added));
    check.entries("pc_cidrs6", std::move(all->cidrs6.added));
    check.entries("pc_addresses4", std::move(all->addresses4.added));
    check.entries("pc_addresses6", std::move(all->addresses6.added));
    check.entries("pc_members4", std::move(all->members4.added));
    check.entries("pc_members6", std::move(all->members6.added));
    check.entries("pc_services", std::move(all->services.added));
    check.entries("pc_names", std::move(all->names.added));
    check.entries("pc_macs", std::move(all->macs.written));
    check.entries("pc_host_addresses", std::move(all->host_addresses.added));
    check.entries("pc_tunnels", std::move(all->tunnels.added));
    return check.take();
}

}  // namespace portcullis
