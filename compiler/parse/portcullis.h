// SPDX-License-Identifier: Apache-2.0
// The parts of the key `Portcullis`, each in the file of its name, and what they have in common. Unknown keys are errors in all of them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/parse/declarations.h"
#include "compiler/parse/json_cursor.h"

namespace portcullis {

inline constexpr std::uint32_t kMostFlows = 1'000'000;

// An error for every key of the object that is not among these, and for what is no object.
void check_keys(const JsonCursor& object, std::initializer_list<std::string_view> known);
// The elements of a list in which null is an error: a clause must not be left out.
[[nodiscard]] std::vector<JsonCursor> given_elements(const JsonCursor& list);
// A name that the kernel takes for a device.
[[nodiscard]] std::optional<std::string> parse_device(const JsonCursor& device);

// Two words, of which one is given.
struct Words {
    std::string_view zero;
    std::string_view one;
};

// Reads scalars of one owner into the declarations; those that are not given stay out.
class SettingReader {
   public:
    SettingReader(Owner owner, Declarations& declared) : owner_(std::move(owner)), declared_(&declared) {}
    void flag(const JsonCursor& value, Setting setting) const;
    void word(const JsonCursor& value, Setting setting, Words words) const;
    void count(const JsonCursor& value, Setting setting, std::uint32_t most) const;

   private:
    void add(const JsonCursor& value, Setting setting, std::uint32_t number, std::string text) const;
    Owner owner_;
    Declarations* declared_;
};

// OnDeny, OnRevoke, and of Quotas what a port may have: keys that stand both under `Portcullis` and under a port.
void parse_shared_settings(const JsonCursor& object, const SettingReader& reader);

// Egress and HostServices.
void parse_egress(const JsonCursor& egress, Declarations& declared);
void parse_host_services(const JsonCursor& list, Declarations& declared);

// Adds what stands under a key `Services` of the owner.
void parse_services(const JsonCursor& value, const Owner& owner, Services& services, Declarations& declared);

}  // namespace portcullis
