// SPDX-License-Identifier: Apache-2.0
// What a load is called in nft's language: by the name of a field where the protocol is known from the rule or its chain, and else as raw
// payload. Names are there for readers and for the data types of sets; each is chosen so that the same bytes are read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "compiler/lower_nft/render_nft_values.h"

namespace portcullis {

// A piece of text; one that is not sayable is for a comment alone.
struct NftPhrase {
    std::string text;
    NftDatatype type = NftDatatype::Integer;
    bool is_sayable = true;
    bool names_protocol = false;  // nft takes it for a field of the context's protocol
};

enum class NftProtocol : std::uint8_t { None, Ip, Ip6, Arp };
[[nodiscard]] std::string_view nft_protocol_word(NftProtocol protocol);

// What a rule's bytes at the network header belong to.
struct NftContext {
    NftProtocol protocol = NftProtocol::None;
    bool is_checked = false;  // the rule compares the protocol itself
};
// Of every rule of the chain.
[[nodiscard]] std::vector<NftContext> nft_contexts(const NftChain& chain);

// The load without its mask and shift.
[[nodiscard]] NftPhrase nft_field(const NftLoad& load, NftContext context);
// As a value of this type.
[[nodiscard]] NftPhrase nft_field_of_type(const NftLoad& load, NftContext context, NftDatatype type);

// By name of a set or map: the data types of its key's fields, and of what a data map holds. The declared ones, or those of what rules look
// up or write there, where that has no other form.
struct NftSetTypes {
    std::vector<NftDatatype> key;
    NftDatatype data = NftDatatype::Integer;
    std::uint8_t data_bytes = 0;
};
using NftTypes = std::map<std::string, NftSetTypes, std::less<>>;
[[nodiscard]] NftTypes nft_types(const NftTable& table);

}  // namespace portcullis
