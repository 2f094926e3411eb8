// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_expressions.h"

#include <cassert>

#include "fallback/nft_numbers.h"
#include "fallback/nft_objects.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kWordBytes = 4;

std::uint32_t words(std::size_t bytes) { return static_cast<std::uint32_t>((bytes + kWordBytes - 1) / kWordBytes); }

std::uint32_t register_of(std::uint32_t word) { return NFT_REG32_00 + word; }

std::uint32_t update_op(NftUpdate::Op op) {
    switch (op) {
        case NftUpdate::Op::Add:
            return NFT_DYNSET_OP_ADD;
        case NftUpdate::Op::Update:
            return NFT_DYNSET_OP_UPDATE;
        case NftUpdate::Op::Delete:
            break;
    }
    return NFT_DYNSET_OP_DELETE;
}

// Expressions of one rule, appended one by one.
class Writer {
   public:
    explicit Writer(nftnl_rule* rule) : rule_(rule) {}

    void put(const NftCompare& one) {
        load(one.load, 0, 0);
        nftnl_expr* compare = add("cmp");
        nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_SREG, register_of(0));
        nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_OP, number_of(one.op));
        set_bytes(compare, NFTNL_EXPR_CMP_DATA, one.value);
    }

    void put(const NftRange& one) {
        load(one.load, 0, 0);
        nftnl_expr* range = add("range");
        nftnl_expr_set_u32(range, NFTNL_EXPR_RANGE_SREG, register_of(0));
        nftnl_expr_set_u32(range, NFTNL_EXPR_RANGE_OP, one.is_inverted ? NFT_RANGE_NEQ : NFT_RANGE_EQ);
        set_bytes(range, NFTNL_EXPR_RANGE_FROM_DATA, one.from);
        set_bytes(range, NFTNL_EXPR_RANGE_TO_DATA, one.to);
    }

    void put(const NftLookup& one) {
        load(one.key, 0);
        nftnl_expr* lookup = add_lookup(0, one.set);
        if (one.is_inverted) {
            nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
        }
    }

    void put(const NftVerdictLookup& one) {
        load(one.key, 0);
        nftnl_expr_set_u32(add_lookup(0, one.map), NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
    }

    void put(const NftUpdate& one) {
        load(one.key, 0);
        nftnl_expr* update = add("dynset");
        nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_SREG_KEY, register_of(0));
        nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_OP, update_op(one.op));
        set_text(update, NFTNL_EXPR_DYNSET_SET_NAME, one.set);
        if (one.timeout_ms != 0) {
            nftnl_expr_set_u64(update, NFTNL_EXPR_DYNSET_TIMEOUT, one.timeout_ms);
        }
        if (one.counts) {
            nftnl_expr_add_expr(update, NFTNL_EXPR_DYNSET_EXPRESSIONS, counter_expression());
        }
    }

    // The data lies behind the key. It is loaded first, so that what it is looked up by may lie where the key comes to lie. A deletion has
    // none, but names a register that is loaded, as the kernel wants it.
    void put(const NftMapUpdate& one) {
        std::uint32_t behind = 0;
        if (one.op != NftMapUpdate::Op::Delete) {
            for (const NftLoad& field : one.key) {
                behind += words(field.length);
            }
            load(one.data, behind, 0);
        }
        load(one.key, 0);
        if (one.op == NftMapUpdate::Op::Delete || one.op == NftMapUpdate::Op::Replace) {
            (void)add_map_update(one, NFT_DYNSET_OP_DELETE, behind);
        }
        if (one.op != NftMapUpdate::Op::Delete) {
            nftnl_expr* update = add_map_update(one, one.op == NftMapUpdate::Op::Add ? NFT_DYNSET_OP_ADD : NFT_DYNSET_OP_UPDATE, behind);
            if (one.timeout_ms != 0) {
                nftnl_expr_set_u64(update, NFTNL_EXPR_DYNSET_TIMEOUT, one.timeout_ms);
            }
        }
    }

    void put(const NftSetMark& one) {
        load({.kind = NftLoad::Kind::Meta, .length = 4, .meta = NftMeta::Mark}, 0, 0);
        nftnl_expr* bitwise = add_bitwise(sizeof one.keep, 0);
        (void)nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_MASK, &one.keep, sizeof one.keep);  // fails for lack of memory
        (void)nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_XOR, &one.bits, sizeof one.bits);
        nftnl_expr* meta = add("meta");
        nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, NFT_META_MARK);
        nftnl_expr_set_u32(meta, NFTNL_EXPR_META_SREG, register_of(0));
    }

    void put(const NftLimit& one) {
        nftnl_expr* limit = add("limit");
        nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_RATE, one.packets);
        nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_UNIT, 1);
        nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_BURST, one.burst == 0 ? kDefaultBurst : one.burst);
        nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
        nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_FLAGS, one.is_over ? NFT_LIMIT_F_INV : 0);
    }

    void put(const NftCounter&) { nftnl_rule_add_expr(rule_, counter_expression()); }

    void put(const NftVerdict& one) {
        nftnl_expr* verdict = add("immediate");
        nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
        nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_VERDICT, number_of(one.kind));
        if (!one.chain.empty()) {
            set_text(verdict, NFTNL_EXPR_IMM_CHAIN, one.chain);
        }
    }

   private:
    nftnl_expr* add(const char* name) {
        nftnl_expr* expression = or_abort(nftnl_expr_alloc(name));
        nftnl_rule_add_expr(rule_, expression);
        return expression;
    }

    nftnl_expr* add_map_update(const NftMapUpdate& one, std::uint32_t op, std::uint32_t data_word) {
        nftnl_expr* update = add("dynset");
        nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_SREG_KEY, register_of(0));
        nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_SREG_DATA, register_of(data_word));
        nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_OP, op);
        set_text(update, NFTNL_EXPR_DYNSET_SET_NAME, one.map);
        return update;
    }

    static void set_bytes(nftnl_expr* expression, std::uint16_t attribute, const NftBytes& bytes) {
        (void)nftnl_expr_set(expression, attribute, bytes.data(), static_cast<std::uint32_t>(bytes.size()));  // fails for lack of memory
    }

    static void set_text(nftnl_expr* expression, std::uint16_t attribute, const std::string& text) {
        (void)nftnl_expr_set_str(expression, attribute, text.c_str());  // as above
    }

    nftnl_expr* add_lookup(std::uint32_t word, const std::string& set) {
        nftnl_expr* lookup = add("lookup");
        nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, register_of(word));
        set_text(lookup, NFTNL_EXPR_LOOKUP_SET, set);
        return lookup;
    }

    void load(const std::vector<NftLoad>& key, std::uint32_t word) {
        for (const NftLoad& field : key) {
            load(field, word, word);
            word += words(field.length);
        }
    }

    // Into the registers from `word` on; a map's key into those from `key_word` on: what may come to lie there is loaded later.
    void load(const NftLoad& one, std::uint32_t word, std::uint32_t key_word) {
        switch (one.kind) {
            case NftLoad::Kind::Payload:
                load_payload(one, word);
                break;
            case NftLoad::Kind::Meta:
                load_meta(one, word);
                break;
            case NftLoad::Kind::Constant: {
                nftnl_expr* constant = add("immediate");
                nftnl_expr_set_u32(constant, NFTNL_EXPR_IMM_DREG, register_of(word));
                set_bytes(constant, NFTNL_EXPR_IMM_DATA, one.constant);
                break;
            }
            case NftLoad::Kind::Map:
                load(one.key, key_word);
                nftnl_expr_set_u32(add_lookup(key_word, one.map), NFTNL_EXPR_LOOKUP_DREG, register_of(word));
                break;
        }
        if (!one.mask.empty()) {
            mask(one.mask, word);
        }
        if (one.shift_right != 0) {
            shift(one, word);
        }
    }

    void load_payload(const NftLoad& one, std::uint32_t word) {
        nftnl_expr* payload = add("payload");
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_DREG, register_of(word));
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_BASE, number_of(one.header));
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_OFFSET, one.offset);
        nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_LEN, one.length);
    }

    void load_meta(const NftLoad& one, std::uint32_t word) {
        nftnl_expr* meta = add("meta");
        nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, number_of(one.meta));
        nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, register_of(word));
        if (one.meta == NftMeta::Length) {
            byte_order(NFT_BYTEORDER_HTON, one.length, word);
        }
    }

    void mask(const NftBytes& mask, std::uint32_t word) {
        nftnl_expr* bitwise = add_bitwise(static_cast<std::uint32_t>(mask.size()), word);
        set_bytes(bitwise, NFTNL_EXPR_BITWISE_MASK, mask);
        set_bytes(bitwise, NFTNL_EXPR_BITWISE_XOR, NftBytes(mask.size()));
    }

    // The kernel shifts numbers in host order.
    void shift(const NftLoad& one, std::uint32_t word) {
        assert(one.length == 1 || one.length == 2 || one.length == 4);
        if (one.length > 1) {
            byte_order(NFT_BYTEORDER_NTOH, one.length, word);
        }
        nftnl_expr* bitwise = add_bitwise(one.length, word);
        nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_RSHIFT);
        const std::uint32_t bits = one.shift_right;
        (void)nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_DATA, &bits, sizeof bits);  // fails for lack of memory
        if (one.length > 1) {
            byte_order(NFT_BYTEORDER_HTON, one.length, word);
        }
    }

    nftnl_expr* add_bitwise(std::uint32_t length, std::uint32_t word) {
        nftnl_expr* bitwise = add("bitwise");
        nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_SREG, register_of(word));
        nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_DREG, register_of(word));
        nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_LEN, length);
        return bitwise;
    }

    void byte_order(std::uint32_t op, std::uint32_t length, std::uint32_t word) {
        nftnl_expr* order = add("byteorder");
        nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_SREG, register_of(word));
        nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_DREG, register_of(word));
        nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_OP, op);
        nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_LEN, length);
        nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_SIZE, length);
    }

    nftnl_rule* rule_;
};

}  // namespace

nftnl_expr* counter_expression() { return or_abort(nftnl_expr_alloc("counter")); }

void add_expressions(nftnl_rule* rule, const NftStatement& statement) {
    std::visit([writer = Writer(rule)](const auto& one) mutable { writer.put(one); }, statement);
}

}  // namespace portcullis
