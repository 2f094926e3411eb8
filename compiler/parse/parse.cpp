// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/parse.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "compiler/parse/declarations.h"
#include "compiler/parse/json_read.h"
#include "compiler/parse/merge.h"
#include "compiler/parse/order_findings.h"
#include "compiler/validate/services.h"
#include "compiler/validate/validate.h"

namespace portcullis {
namespace {

constexpr std::string_view kNetworkAcls = "NetworkAcls";
constexpr std::string_view kPortcullis = "Portcullis";
constexpr std::string_view kNextToken = "NextToken";

// Top-level keys of EC2's documents and the reader of their elements.
struct TopLevelKey {
    std::string_view name;
    bool (*parse_element)(const JsonCursor& object, Declarations& declared);
};
constexpr TopLevelKey kKeys[] = {
    {"Vpcs", parse_vpc},
    {"Subnets", parse_subnet},
    {"SecurityGroups", parse_security_group},
    {"SecurityGroupRules", parse_security_group_rule},
    {kNetworkAcls, parse_network_acl},
    {"NetworkInterfaces", parse_network_interface},
    {"PrefixLists", parse_prefix_list},
    {"ManagedPrefixLists", parse_prefix_list},
};

// What a document that is none of ours may have been meant to be.
struct Hint {
    std::string_view key;
    std::string_view text;
};
constexpr Hint kHints[] = {
    {"Entries", "the entries of a managed prefix list belong into its object under ManagedPrefixLists, as Entries"},
    {"Vpc", "a single object belongs into a list: {\"Vpcs\": […]}"},
    {"Subnet", "a single object belongs into a list: {\"Subnets\": […]}"},
    {"SecurityGroup", "a single object belongs into a list: {\"SecurityGroups\": […]}"},
    {"NetworkAcl", "a single object belongs into a list: {\"NetworkAcls\": […]}"},
    {"NetworkInterface", "a single object belongs into a list: {\"NetworkInterfaces\": […]}"},
    {"PrefixList", "a single object belongs into a list: {\"ManagedPrefixLists\": […]}"},
};

const TopLevelKey* find_key(std::string_view name) {
    const auto* key = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const TopLevelKey& known) { return known.name == name; });
    return key == std::end(kKeys) ? nullptr : key;
}

bool equals_but_for_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// The known key that is meant by another spelling, or nothing.
std::string_view known_spelling(std::string_view name) {
    for (const TopLevelKey& key : kKeys) {
        if (equals_but_for_case(name, key.name)) {
            return key.name;
        }
    }
    if (equals_but_for_case(name, kPortcullis)) {
        return kPortcullis;
    }
    return equals_but_for_case(name, kNextToken) ? kNextToken : std::string_view{};
}

void refuse_foreign_document(const JsonCursor& root) {
    std::string message = "none of the keys of a model occurs (";
    for (const TopLevelKey& key : kKeys) {
        message += std::string(key.name) + ", ";
    }
    message += std::string(kPortcullis) + ")";
    for (const Hint& hint : kHints) {
        if (root.member(hint.key).is_given()) {
            message += "; " + std::string(hint.text);
        }
    }
    root.error(message);
}

void check_next_token(const JsonCursor& token) {
    if (const auto text = token.text(); text && !text->empty()) {
        token.error("the document is incomplete: it is one page of several");
    }
}

void report_unknown_key(const JsonCursor& member) {
    const std::string_view meant = known_spelling(member.key());
    if (meant.empty()) {
        member.warn("unknown key " + quoted(member.key()) + " is ignored");
    } else {
        member.error("unknown key " + quoted(member.key()) + ": it is spelt " + std::string(meant));
    }
}

// Whether every element could be told by its id.
bool parse_list(const JsonCursor& list, const TopLevelKey& key, Declarations& declared) {
    const std::vector<JsonCursor> objects = list.objects();
    bool is_complete = !list.is_given() || (list.is_list() && objects.size() == list.elements().size());
    for (const JsonCursor& object : objects) {
        is_complete &= key.parse_element(object, declared);
    }
    declared.model.has_network_acls |= key.name == kNetworkAcls;
    return is_complete;
}

// Whether all that the document declares is among the declarations.
bool parse_document(const JsonCursor& root, Declarations& declared) {
    const std::vector<JsonCursor> members = root.members();
    const bool is_ours = std::any_of(members.begin(), members.end(), [](const JsonCursor& member) {
        const std::string_view known = known_spelling(member.key());
        return !known.empty() && known != kNextToken;
    });
    if (!root.is_given()) {
        root.error("expected an object, found null");
    }
    if (root.is_object() && !is_ours) {
        refuse_foreign_document(root);
        return false;
    }
    bool is_complete = root.is_object();
    for (const JsonCursor& member : members) {
        if (const TopLevelKey* key = find_key(member.key())) {
            is_complete &= parse_list(member, *key, declared);
        } else if (member.key() == kPortcullis) {
            parse_portcullis(member, declared);
        } else if (member.key() == kNextToken) {
            check_next_token(member);
        } else {
            report_unknown_key(member);
        }
    }
    return is_complete;
}

}  // namespace

ParseOutcome parse(std::span<const Document> documents) {
    Findings findings;
    Declarations declared;
    bool is_complete = true;
    for (const Document& document : documents) {
        const auto root = read_json(document.name, document.text, findings);
        is_complete &= root && parse_document(JsonCursor(*root, document.name, findings), declared);
    }
    if (documents.empty()) {
        findings.error({.file = "(model)", .pointer = {}}, "there are no documents");
    }
    const std::vector<ServicePlace> service_places = std::exchange(declared.service_places, {});
    Model model = merge(std::move(declared), findings);
    // What could not be read may be what something else refers to: then nothing true can be said about the whole.
    if (is_complete) {
        for (Finding& finding : validate(model)) {
            findings.add(std::move(finding));
        }
        validate_services(model, service_places, findings);
    }
    const bool is_refused = findings.has_errors();
    ParseOutcome outcome{.model = std::nullopt, .findings = ordered(std::move(findings).take(), documents)};
    if (!is_refused) {
        outcome.model = std::move(model);
    }
    return outcome;
}

}  // namespace portcullis
