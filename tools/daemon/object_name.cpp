// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/object_name.h"

#include <algorithm>

#include "tools/daemon/percent.h"

namespace portcullis {
namespace {

constexpr std::string_view kVersion = "/v1/";
constexpr std::size_t kLongestId = 255;

constexpr std::array<ObjectKind, 6> kKinds{{
    {.path = "security-groups", .parent = "", .keys = {"SecurityGroups", ""}, .id_key = "GroupId", .dependent = "SecurityGroupRules"},
    {.path = "network-acls", .parent = "", .keys = {"NetworkAcls", ""}, .id_key = "NetworkAclId", .dependent = ""},
    {.path = "network-interfaces", .parent = "", .keys = {"NetworkInterfaces", ""}, .id_key = "NetworkInterfaceId", .dependent = ""},
    {.path = "subnets", .parent = "", .keys = {"Subnets", ""}, .id_key = "SubnetId", .dependent = ""},
    {.path = "prefix-lists", .parent = "", .keys = {"ManagedPrefixLists", "PrefixLists"}, .id_key = "PrefixListId", .dependent = ""},
    {.path = "ports", .parent = "Portcullis", .keys = {"Ports", ""}, .id_key = "NetworkInterfaceId", .dependent = ""},
}};

}  // namespace

Result<std::optional<ObjectName>> parse_object_path(std::string_view path) {
    if (!path.starts_with(kVersion)) {
        return std::nullopt;
    }
    path.remove_prefix(kVersion.size());
    const std::size_t slash = path.find('/');
    const auto kind = std::ranges::find(kKinds, path.substr(0, slash), &ObjectKind::path);
    if (kind == kKinds.end()) {
        return std::nullopt;
    }
    const std::string_view rest = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    std::optional<std::string> id = rest.find('/') == std::string_view::npos ? percent_decoded(rest) : std::nullopt;
    if (!id || id->empty() || id->size() > kLongestId) {
        return fail("the path must end in /" + std::string(kind->path) + "/ID, the id of 1 to " + std::to_string(kLongestId) +
                    " bytes, percent-encoded");
    }
    return ObjectName{.kind = &*kind, .id = std::move(*id)};
}

const ObjectKind* kind_of_list(std::string_view key) {
    const auto* const found = std::ranges::find_if(kKinds, [key](const ObjectKind& kind) {
        return kind.parent.empty() && !key.empty() && (key == kind.keys[0] || key == kind.keys[1] || key == kind.dependent);
    });
    return found == kKinds.end() ? nullptr : found;
}

std::string document_name(const ObjectName& name) { return std::string(name.kind->path) + '/' + name.id; }

std::string object_pointer(const ObjectKind& kind) {
    return (kind.parent.empty() ? "" : '/' + std::string(kind.parent)) + '/' + std::string(kind.keys[0]) + "/0";
}

}  // namespace portcullis
