// SPDX-License-Identifier: Apache-2.0
// Sets and their elements as messages. Ranges are kept in two ways, as the kernel has two kinds of sets for them: of one field, a tree
// where each range is an element at its beginning and a second, marked one behind its end; of several, elements with a second key.
#include <algorithm>

#include "fallback/nft_encode.h"
#include "fallback/nft_expressions.h"
#include "fallback/nft_numbers.h"
#include "fallback/nft_objects.h"
#include "fallback/nft_types.h"
#include "fallback/nft_userdata.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kSetConcat = 0x80;  // NFT_SET_CONCAT, since Linux 5.6
// An element has at most some 900 bytes of attributes, and a list of them 64 KiB.
constexpr std::size_t kElementsOfMessage = 64;

NftSubject subject(const char* verb, const NftTableName& table, const NftSet& set, std::size_t position = 0) {
    return {.verb = verb, .family = word_of(table.family), .table = table.name, .name = set.name, .position = position};
}

bool is_concatenated(const NftSet& set) { return set.key.size() > 1; }

// Keys of one field come without padding.
std::uint32_t bytes_of_key(const NftSet& set) { return is_concatenated(set) ? key_bytes(set.key) : bytes_of(set.key.front()); }

NftnlOwner<nftnl_set> named_set(const NftTableName& table, const NftSet& set) {
    NftnlOwner<nftnl_set> object(or_abort(nftnl_set_alloc()));
    (void)nftnl_set_set_str(object.get(), NFTNL_SET_TABLE, std::string(table.name).c_str());  // fails for lack of memory
    (void)nftnl_set_set_str(object.get(), NFTNL_SET_NAME, set.name.c_str());                  // as above
    return object;
}

std::uint32_t flags_of(const NftSet& set) {
    std::uint32_t flags = set.is_interval ? std::uint32_t{NFT_SET_INTERVAL} : 0;
    flags |= set.is_dynamic ? std::uint32_t{NFT_SET_EVAL} : 0;
    flags |= set.has_timeout ? std::uint32_t{NFT_SET_TIMEOUT} : 0;
    flags |= set.kind == NftSet::Kind::Set ? 0 : std::uint32_t{NFT_SET_MAP};
    flags |= set.is_interval && is_concatenated(set) ? kSetConcat : 0;
    return flags;
}

void set_data_type(nftnl_set* object, const NftSet& set) {
    if (set.kind == NftSet::Kind::VerdictMap) {
        nftnl_set_set_u32(object, NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
        nftnl_set_set_u32(object, NFTNL_SET_DATA_LEN, 0);
    } else if (set.kind == NftSet::Kind::DataMap) {
        nftnl_set_set_u32(object, NFTNL_SET_DATA_TYPE, type_number(set.data));
        nftnl_set_set_u32(object, NFTNL_SET_DATA_LEN, bytes_of(set.data));
    }
}

// Makes elements of libnftnl, which the set that it adds them to owns.
class ElementWriter {
   public:
    ElementWriter(nftnl_set* object, const NftSet& set, NftElementOp op) : object_(object), set_(set), op_(op) {}

    void put(const NftElement& element) {
        nftnl_set_elem* begin = add(element.from);
        if (op_ == NftElementOp::Add) {
            put_content(begin, element);
        }
        if (!set_.is_interval) {
            return;
        }
        const NftBytes& last = element.to.empty() ? element.from : element.to;
        if (is_concatenated(set_)) {
            set_key(begin, NFTNL_SET_ELEM_KEY_END, last);
        } else if (const auto end = after(field(last))) {
            nftnl_set_elem_set_u32(add(*end), NFTNL_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
        }
    }

   private:
    NftBytes field(NftBytes key) const {
        key.resize(bytes_of_key(set_));
        return key;
    }

    void set_key(nftnl_set_elem* element, std::uint16_t attribute, const NftBytes& key) const {
        (void)nftnl_set_elem_set(element, attribute, key.data(), std::min(static_cast<std::uint32_t>(key.size()), bytes_of_key(set_)));
    }

    nftnl_set_elem* add(const NftBytes& key) {
        nftnl_set_elem* element = or_abort(nftnl_set_elem_alloc());
        set_key(element, NFTNL_SET_ELEM_KEY, key);
        nftnl_set_elem_add(object_, element);
        return element;
    }

    void put_content(nftnl_set_elem* object, const NftElement& element) const {
        if (element.verdict) {
            nftnl_set_elem_set_u32(object, NFTNL_SET_ELEM_VERDICT, number_of(element.verdict->kind));
            if (!element.verdict->chain.empty()) {
                (void)nftnl_set_elem_set_str(object, NFTNL_SET_ELEM_CHAIN, element.verdict->chain.c_str());  // fails for lack of memory
            }
        }
        if (set_.kind == NftSet::Kind::DataMap) {
            (void)nftnl_set_elem_set(object, NFTNL_SET_ELEM_DATA, element.data.data(), bytes_of(set_.data));  // as above
        }
        if (element.timeout_ms != 0) {
            nftnl_set_elem_set_u64(object, NFTNL_SET_ELEM_TIMEOUT, element.timeout_ms);
            nftnl_set_elem_set_u64(object, NFTNL_SET_ELEM_EXPIRATION, element.expires_ms);
        }
        if (!element.comment.empty()) {
            const auto userdata = comment_userdata(element.comment);
            (void)nftnl_set_elem_set(object, NFTNL_SET_ELEM_USERDATA, userdata.data(),
                                     static_cast<std::uint32_t>(userdata.size()));  // as above
        }
        if (set_.counts) {
            nftnl_set_elem_add_expr(object, counter_expression());
        }
    }

    nftnl_set* object_;
    const NftSet& set_;
    NftElementOp op_;
};

}  // namespace

void encode_set(NftBatch& batch, const NftTableName& table, const NftSet& set) {
    nlmsghdr* message = batch.add(NFT_MSG_NEWSET, NLM_F_CREATE, protocol_family(table.family), subject("add set", table, set));
    const auto object = named_set(table, set);
    nftnl_set_set_u32(object.get(), NFTNL_SET_FLAGS, flags_of(set));
    nftnl_set_set_u32(object.get(), NFTNL_SET_KEY_TYPE, key_number(set.key));
    nftnl_set_set_u32(object.get(), NFTNL_SET_KEY_LEN, bytes_of_key(set));
    // Names are what sets are found by; the kernel wants a number all the same.
    nftnl_set_set_u32(object.get(), NFTNL_SET_ID, message->nlmsg_seq);
    set_data_type(object.get(), set);
    if (set.is_interval && is_concatenated(set)) {
        std::vector<std::uint8_t> lengths;
        std::transform(set.key.begin(), set.key.end(), std::back_inserter(lengths), [](NftType type) { return bytes_of(type); });
        (void)nftnl_set_set_data(object.get(), NFTNL_SET_DESC_CONCAT, lengths.data(), static_cast<std::uint32_t>(lengths.size()));
    }
    if (set.size != 0 && !(set.is_dynamic && set.size == kNftRoomOnDemand)) {
        nftnl_set_set_u32(object.get(), NFTNL_SET_DESC_SIZE, set.size);
    }
    if (set.timeout_ms != 0) {
        nftnl_set_set_u64(object.get(), NFTNL_SET_TIMEOUT, set.timeout_ms);
    }
    if (set.counts) {
        nftnl_set_add_expr(object.get(), counter_expression());
    }
    const auto types = types_userdata(set);
    (void)nftnl_set_set_data(object.get(), NFTNL_SET_USERDATA, types.data(), static_cast<std::uint32_t>(types.size()));
    nftnl_set_nlmsg_build_payload(message, object.get());
    batch.close(message);
}

void encode_set_end(NftBatch& batch, const NftTableName& table, const NftSet& set) {
    nlmsghdr* message = batch.add(NFT_MSG_DELSET, 0, protocol_family(table.family), subject("delete set", table, set));
    nftnl_set_nlmsg_build_payload(message, named_set(table, set).get());
    batch.close(message);
}

void encode_elements(NftBatch& batch, const NftTableName& table, const NftSet& set, std::span<const NftElement* const> elements,
                     NftElementOp op) {
    const std::uint16_t type = op == NftElementOp::Add ? std::uint16_t{NFT_MSG_NEWSETELEM} : std::uint16_t{NFT_MSG_DELSETELEM};
    const char* verb = op == NftElementOp::Add ? "add element" : "delete element";
    const std::uint16_t flags = op == NftElementOp::Add ? std::uint16_t{NLM_F_CREATE} : std::uint16_t{0};
    for (std::size_t at = 0; at < elements.size(); at += kElementsOfMessage) {
        nlmsghdr* message = batch.add(type, flags, protocol_family(table.family), subject(verb, table, set, at + 1));
        const auto object = named_set(table, set);
        ElementWriter writer(object.get(), set, op);
        for (const NftElement* element : elements.subspan(at, std::min(kElementsOfMessage, elements.size() - at))) {
            writer.put(*element);
        }
        nftnl_set_elems_nlmsg_build_payload(message, object.get());
        batch.close(message);
    }
}

void encode_elements_end(NftBatch& batch, const NftTableName& table, const NftSet& set) {
    nlmsghdr* message = batch.add(NFT_MSG_DELSETELEM, 0, protocol_family(table.family), subject("delete the elements of", table, set));
    nftnl_set_elems_nlmsg_build_payload(message, named_set(table, set).get());
    batch.close(message);
}

}  // namespace portcullis
