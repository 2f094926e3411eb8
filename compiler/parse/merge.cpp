// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/merge.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "compiler/parse/content.h"
#include "compiler/parse/keep_first.h"
#include "compiler/parse/merge_flat_rules.h"
#include "compiler/parse/merge_portcullis.h"

namespace portcullis {
namespace {

template <class T>
bool unite(T& kept, const T& other) {
    return content(kept) == content(other);
}

// A list without its entries says nothing about them: it agrees with any contents.
template <>
bool unite(PrefixList& kept, const PrefixList& other) {
    if (!kept.is_known) {
        kept.is_known = other.is_known;
        kept.cidrs = other.cidrs;
        return true;
    }
    return !other.is_known || content(kept) == content(other);
}

template <class T>
void merge_same(std::vector<T>& objects, Findings& findings) {
    std::vector<T> kept;
    kept.reserve(objects.size());
    std::unordered_map<std::string, std::size_t> index;
    for (T& object : objects) {
        const auto [it, is_new] = index.try_emplace(object.id, kept.size());
        if (is_new) {
            kept.push_back(std::move(object));
        } else if (!unite(kept[it->second], object)) {
            findings.error(object.position, quoted(object.id) + " differs from the one in " + place(kept[it->second].position));
        }
    }
    objects = std::move(kept);
}

void warn_of_available(const std::vector<std::string>& available, const Model& model, Findings& findings) {
    const std::set<std::string_view> ids(available.begin(), available.end());
    for (const PortClaim& port : model.ports) {
        if (ids.contains(port.network_interface_id)) {
            findings.warn(port.position,
                          quoted(port.network_interface_id) + " is \"available\" (attached to nothing); it is enforced all the same");
        }
    }
}

}  // namespace

Model merge(Declarations declared, Findings& findings) {
    Model& model = declared.model;
    merge_same(model.vpcs, findings);
    merge_same(model.subnets, findings);
    merge_same(model.security_groups, findings);
    merge_same(model.network_acls, findings);
    merge_same(model.prefix_lists, findings);
    merge_same(model.network_interfaces, findings);
    merge_flat_rules(std::move(declared.flat_rules), model.security_groups, findings);
    merge_portcullis(declared, findings);
    warn_of_available(declared.available_interfaces, model, findings);
    return std::move(model);
}

}  // namespace portcullis
