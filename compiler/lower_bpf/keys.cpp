// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_bpf/keys.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace portcullis {
namespace {

// Content as bytes. Every variable part is preceded by its length, so that no two contents share their bytes.
class ContentKey {
   public:
    void add(std::size_t count) { add_bytes(count); }
    template <class Value>
    void add_bytes(const Value& value) {
        static_assert(std::has_unique_object_representations_v<Value>, "padding would be content");
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void add_text(std::string_view text) {
        add(text.size());
        bytes_ += text;
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

   private:
    std::string bytes_;
};

template <class Key, class Value>
void add_entries(const MapImage::Entries<Key, Value>& entries, ContentKey& key) {
    key.add(entries.size());
    for (const auto& [one, value] : entries) {
        key.add_bytes(one);
        key.add_bytes(value);
    }
}

template <class Member>
std::string owner_key(const Member& owner) {
    ContentKey key;
    key.add(sizeof owner);  // the family
    key.add_bytes(owner);
    return key.bytes();
}

}  // namespace

std::string key_of(const PortSetContent& content) {
    ContentKey key;
    key.add_bytes(content.head);
    add_entries(content.ports, key);
    return key.bytes();
}

std::string key_of(const PolicyContent& content) {
    ContentKey key;
    key.add_bytes(content.row);
    add_entries(content.cidrs4, key);
    add_entries(content.cidrs6, key);
    add_entries(content.groups, key);
    return key.bytes();
}

std::string key_of(const AddressSetContent& content) {
    ContentKey key;
    add_entries(content.addresses4, key);
    add_entries(content.addresses6, key);
    return key.bytes();
}

std::string key_of(const ServiceSetContent& content) {
    ContentKey key;
    add_entries(content, key);
    return key.bytes();
}

std::string key_of(const pc_member4_key& owner) { return owner_key(owner); }
std::string key_of(const pc_member6_key& owner) { return owner_key(owner); }

std::string interface_key(std::string_view id) { return 'i' + std::string(id); }

std::string interface_key(std::span<const std::string_view> stands_for) {
    ContentKey key;
    for (const std::string_view id : stands_for) {
        key.add_text(id);
    }
    return 's' + key.bytes();
}

std::optional<std::string> interface_id_of(std::string_view key) {
    return key.starts_with('i') ? std::optional(std::string(key.substr(1))) : std::nullopt;
}

void add_name(std::uint16_t kind, std::uint32_t number, std::string_view name, MapImage::Entries<pc_name_key, pc_name>& names) {
    for (std::size_t begin = 0; begin < name.size(); begin += PC_NAME_PART) {
        pc_name part{.bytes = static_cast<std::uint32_t>(name.size()), .text = {}};
        const std::string_view text = name.substr(begin, PC_NAME_PART);
        std::memcpy(part.text, text.data(), text.size());
        names.push_back({{.number = number, .kind = kind, .part = static_cast<std::uint16_t>(begin / PC_NAME_PART)}, part});
    }
}

std::map<std::uint32_t, std::string> names_of(std::uint16_t kind, const MapImage::Entries<pc_name_key, pc_name>& names) {
    std::map<std::uint32_t, std::map<std::uint32_t, const pc_name*>> parts;
    for (const auto& [key, part] : names) {
        if (key.kind == kind) {
            parts[key.number].emplace(key.part, &part);
        }
    }
    std::map<std::uint32_t, std::string> whole;
    for (const auto& [number, of_number] : parts) {
        std::string& name = whole[number];
        const std::size_t bytes = of_number.begin()->second->bytes;
        const std::size_t count = (bytes + PC_NAME_PART - 1) / PC_NAME_PART;
        const bool is_whole = of_number.size() == count && of_number.rbegin()->first == count - 1 &&
                              std::ranges::all_of(of_number, [&](const auto& part) { return part.second->bytes == bytes; });
        if (!is_whole) {
            continue;
        }
        for (const auto& [index, part] : of_number) {
            name.append(reinterpret_cast<const char*>(part->text), std::min<std::size_t>(bytes - name.size(), PC_NAME_PART));
        }
    }
    return whole;
}

}  // namespace portcullis
