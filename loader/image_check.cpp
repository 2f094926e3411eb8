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

constexpr std::uint32_t kRowsAtOnce = 4096;
constexpr std::uint32_t kStepsOfAPart = 8;  // each looks at some thousand entries

template <class Row>
std::vector<std::pair<std::uint32_t, Row>> settled(const std::vector<RowChange<Row>>& changes) {
    std::vector<std::pair<std::uint32_t, Row>> rows;
    for (const RowChange<Row>& change : changes) {
        rows.emplace_back(change.number, change.settled);
    }
    return rows;
}

std::string sentence(const std::string& name, const char* what, const std::string& key) { return name + ": " + what + " " + key; }

}  // namespace

class KernelCheck::Step {
   public:
    Step() = default;
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    Step(Step&&) = delete;
    Step& operator=(Step&&) = delete;
    virtual ~Step() = default;
    // True: it is over. Each call looks at a bounded number of entries.
    [[nodiscard]] virtual Result<bool> go_on(std::vector<std::string>& differences) = 0;
};

namespace {

// The map has these entries and no others.
template <class Key, class Value>
class EntryStep final : public KernelCheck::Step {
   public:
    EntryStep(BpfMap<Key, Value> map, std::vector<std::pair<Key, Value>> wanted)
        : map_(std::move(map)), wanted_(std::move(wanted)), is_found_(wanted_.size()) {
        std::ranges::sort(wanted_, is_before, &std::pair<Key, Value>::first);
    }
    Result<bool> go_on(std::vector<std::string>& differences) override {
        const auto walked = map_.walk(walk_, [&](const Key& key, const Value& value) { compare(key, value, differences); });
        if (!walked) {
            return fail(walked.error());
        }
        for (std::size_t i = 0; walk_.is_over && i < wanted_.size(); ++i) {
            if (!is_found_[i]) {
                differences.push_back(sentence(map_.name(), "missing is entry", text_of(wanted_[i].first)));
            }
        }
        return walk_.is_over;
    }

   private:
    static bool is_before(const Key& a, const Key& b) { return std::memcmp(&a, &b, sizeof(Key)) < 0; }
    void compare(const Key& key, const Value& value, std::vector<std::string>& differences) {
        const auto at = std::ranges::lower_bound(wanted_, key, is_before, &std::pair<Key, Value>::first);
        if (at == wanted_.end() || !is_same(at->first, key)) {
            differences.push_back(sentence(map_.name(), "there should be no entry", text_of(key)));
            return;
        }
        is_found_[static_cast<std::size_t>(at - wanted_.begin())] = true;
        if (!is_same(at->second, value)) {
            differences.push_back(sentence(map_.name(), "another value than it should have has entry", text_of(key)));
        }
    }
    BpfMap<Key, Value> map_;
    std::vector<std::pair<Key, Value>> wanted_;
    std::vector<bool> is_found_;
    RawMap::Walk walk_;
};

// Of an array, these rows are so.
template <class Row>
class RowStep final : public KernelCheck::Step {
   public:
    RowStep(std::string name, BpfRows<Row> map, std::vector<std::pair<std::uint32_t, Row>> wanted)
        : name_(std::move(name)), map_(std::move(map)), wanted_(std::move(wanted)) {}
    Result<bool> go_on(std::vector<std::string>& differences) override {
        for (const std::size_t end = std::min(wanted_.size(), next_ + kRowsAtOnce); next_ < end; ++next_) {
            Row found{};
            if (const auto read = map_.look_up(wanted_[next_].first, found); !read) {
                return fail(read.error());
            }
            if (!is_same(found, wanted_[next_].second)) {
                differences.push_back(sentence(name_, "other than it should be is row", std::to_string(wanted_[next_].first)));
            }
        }
        return next_ == wanted_.size();
    }

   private:
    std::string name_;
    BpfRows<Row> map_;
    std::vector<std::pair<std::uint32_t, Row>> wanted_;
    std::size_t next_ = 0;
};

// The steps of all maps; the first that cannot be opened ends it.
class Steps {
   public:
    explicit Steps(const BpfObject& object) : object_(object) {}
    template <class Key, class Value>
    void entries(const char* name, std::vector<std::pair<Key, Value>> wanted) {
        add<BpfMap<Key, Value>>(name, [&](auto map) { return std::make_shared<EntryStep<Key, Value>>(std::move(map), std::move(wanted)); });
    }
    template <class Row>
    void rows(const char* name, std::vector<std::pair<std::uint32_t, Row>> wanted) {
        add<BpfRows<Row>>(name, [&](auto map) { return std::make_shared<RowStep<Row>>(name, std::move(map), std::move(wanted)); });
    }
    Result<std::vector<std::shared_ptr<KernelCheck::Step>>> take() {
        if (!failure_) {
            return fail(std::move(failure_.error()));
        }
        std::ranges::reverse(steps_);
        return std::move(steps_);
    }

   private:
    template <class Map, class Make>
    void add(const char* name, Make make) {
        if (!failure_) {
            return;
        }
        auto map = object_.map(name).and_then([](UniqueFd fd) { return Map::adopt(std::move(fd)); });
        failure_ = map ? Result<>() : fail(std::move(map.error()));
        if (map) {
            steps_.push_back(make(std::move(*map)));
        }
    }
    const BpfObject& object_;
    std::vector<std::shared_ptr<KernelCheck::Step>> steps_;
    Result<> failure_;
};

// Every port has both our programs.
Result<std::vector<std::string>> check_hooks(const CheckedKernel& kernel) {
    std::vector<std::string> differences;
    for (const auto& [slot, port] : kernel.in_force.ports) {
        const auto is_held = kernel.hooks.holds_enforcement(port.ifindex, kernel.standing);
        if (!is_held) {
            return fail(is_held.error());
        }
        if (!*is_held) {
            differences.push_back(sentence("hooks", "without our programs is device", std::to_string(port.ifindex)));
        }
    }
    return differences;
}

}  // namespace

// What would be written onto empty maps is what they hold.
Result<KernelCheck> KernelCheck::begin(const CheckedKernel& kernel) {
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
    Steps steps(kernel.object);
    steps.entries("pc_devices", std::move(all->devices.added));
    steps.rows("pc_ports", settled(all->ports));
    steps.rows("pc_owners", settled(all->owners));
    steps.rows("pc_interfaces", settled(all->interfaces));
    steps.rows("pc_policies", std::move(all->policies.added));
    steps.rows("pc_set_heads", std::move(all->set_heads.added));
    steps.entries("pc_port_sets", std::move(all->port_sets.added));
    steps.entries("pc_group_sets", std::move(all->group_sets.added));
    steps.entries("pc_cidrs4", std::move(all->cidrs4.added));
    steps.entries("pc_cidrs6", std::move(all->cidrs6.added));
    steps.entries("pc_addresses4", std::move(all->addresses4.added));
    steps.entries("pc_addresses6", std::move(all->addresses6.added));
    steps.entries("pc_members4", std::move(all->members4.added));
    steps.entries("pc_members6", std::move(all->members6.added));
    steps.entries("pc_services", std::move(all->services.added));
    steps.entries("pc_names", std::move(all->names.added));
    steps.entries("pc_macs", std::move(all->macs.written));
    steps.entries("pc_host_addresses", std::move(all->host_addresses.added));
    steps.entries("pc_tunnels", std::move(all->tunnels.added));
    auto hooks = check_hooks(kernel);
    auto taken = steps.take();
    if (!hooks || !taken) {
        return fail(!hooks ? hooks.error() : taken.error());
    }
    KernelCheck check;
    check.found_ = std::move(*hooks);
    check.steps_ = std::move(*taken);
    return check;
}

Result<std::vector<std::string>> KernelCheck::go_on(std::size_t most) {
    std::vector<std::string> differences = std::move(found_);
    found_.clear();
    for (std::uint32_t step = 0; step < kStepsOfAPart && !steps_.empty();) {
        const auto over = steps_.back()->go_on(differences);
        if (!over) {
            return fail(over.error());
        }
        // A map that is over at once was small.
        step += *over ? 0 : 1;
        if (*over) {
            steps_.pop_back();
        }
    }
    differences.resize(std::min(differences.size(), most));
    return differences;
}

}  // namespace portcullis
