// SPDX-License-Identifier: Apache-2.0
// describe-prefix-lists (Cidrs) and describe-managed-prefix-lists, whose real output stands under `PrefixLists` as well and has no
// contents: they are added to it as `Entries`. A list with neither is unknown and matches nothing.
#include "compiler/parse/declarations.h"
#include "compiler/parse/fields.h"
#include "compiler/parse/keep_first.h"

namespace portcullis {
namespace {

std::optional<Family> parse_family(const JsonCursor& family) {
    const auto text = family.text();
    if (!text || *text == "IPv4") {
        return text ? std::optional(Family::Ipv4) : std::nullopt;
    }
    if (*text != "IPv6") {
        family.error(quoted(*text) + " is neither IPv4 nor IPv6");
    }
    return Family::Ipv6;
}

}  // namespace

bool parse_prefix_list(const JsonCursor& object, Declarations& declared) {
    const auto id = required_identifier(object, "PrefixListId");
    const auto family = parse_family(object.member("AddressFamily"));
    PrefixList list{.id = id.value_or(""), .is_known = false, .cidrs = {}, .position = object.position()};
    const auto add = [&](const JsonCursor& cidr) {
        list.is_known = true;
        if (const auto prefix = parse_cidr(cidr, family)) {
            list.cidrs.push_back(*prefix);
        }
    };
    const JsonCursor cidrs = object.member("Cidrs");
    for (const JsonCursor& cidr : cidrs.elements()) {
        if (!cidr.is_given()) {
            cidr.error("expected a string, found null");
        }
        add(cidr);
    }
    const JsonCursor entries = object.member("Entries");
    for (const JsonCursor& entry : entries.objects()) {
        add(entry.required("Cidr"));
    }
    keep_first(list.cidrs);
    if (id) {
        declared.model.prefix_lists.push_back(std::move(list));
    }
    return id.has_value();
}

}  // namespace portcullis
