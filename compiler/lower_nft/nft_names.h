// SPDX-License-Identifier: Apache-2.0
// Names of nftables objects and comments that hold ids of the documents: ids are opaque text, nft takes few characters.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace portcullis {

// "STEM.ID.ID": with other ids another name. An id that is long or has characters beyond [A-Za-z0-9_-] is a digest ("x.HEX") in it.
[[nodiscard]] std::string nft_name(std::string_view stem, std::initializer_list<std::string_view> ids);

// Of sets whose elements change one by one, under names that say what they are of and nothing of what is in them: "port.…", and those of
// owner_sets.h. What their ids end in is no digest of a content.
[[nodiscard]] bool nft_keeps_name(std::string_view name);

// The comment of whatever counts decisions of a rule, by Rule::label: "rule " and what nft_label_in_comment() says.
[[nodiscard]] std::string nft_rule_comment(std::string_view label);
// The label, or, where a comment cannot hold it, its beginning and a digest.
[[nodiscard]] std::string nft_label_in_comment(std::string_view label);

}  // namespace portcullis
