// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_decode_rule.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "fallback/nft_numbers.h"
#include "fallback/nft_objects.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kNoRegister = ~0U;

// Registers are told in words of four bytes, or the older way in four of sixteen.
std::uint32_t word_of_register(std::uint32_t number) {
    if (number >= NFT_REG32_00) {
        return number - NFT_REG32_00;
    }
    return number >= NFT_REG_1 && number <= NFT_REG_4 ? (number - NFT_REG_1) * 4 : kNoRegister;
}

std::uint32_t number_at(const nftnl_expr& expression, std::uint16_t attribute) {
    return nftnl_expr_is_set(&expression, attribute) ? nftnl_expr_get_u32(&expression, attribute) : 0;
}

NftBytes bytes_at(const nftnl_expr& expression, std::uint16_t attribute) {
    std::uint32_t length = 0;
    const auto* data = static_cast<const std::uint8_t*>(nftnl_expr_get(&expression, attribute, &length));
    return data == nullptr ? NftBytes() : NftBytes(data, data + length);
}

std::string text_at(const nftnl_expr& expression, std::uint16_t attribute) {
    const char* text = nftnl_expr_is_set(&expression, attribute) ? nftnl_expr_get_str(&expression, attribute) : nullptr;
    return text == nullptr ? std::string() : std::string(text);
}

int count_expression(nftnl_expr* expression, void* counters) {
    if (std::string_view(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME)) == "counter") {
        ++*static_cast<int*>(counters);
    }
    return 0;
}

class Reader {
   public:
    explicit Reader(const NftDataBytes& data_bytes) : data_bytes_(data_bytes) {}

    // False: not of ours.
    bool read(nftnl_expr& one) {
        using Step = bool (Reader::*)(nftnl_expr&);
        static const std::unordered_map<std::string_view, Step> kSteps = {
            {"payload", &Reader::payload}, {"meta", &Reader::meta},   {"immediate", &Reader::immediate}, {"bitwise", &Reader::bitwise},
            {"cmp", &Reader::compare},     {"range", &Reader::range}, {"lookup", &Reader::lookup},       {"byteorder", &Reader::byte_order},
            {"dynset", &Reader::update},   {"limit", &Reader::limit}, {"counter", &Reader::counter},
        };
        const auto step = kSteps.find(nftnl_expr_get_str(&one, NFTNL_EXPR_NAME));
        return step != kSteps.end() && (this->*step->second)(one);
    }

    std::optional<std::vector<NftStatement>> take() && {
        return loads_.empty() && flipped_.empty() ? std::optional(std::move(statements_)) : std::nullopt;
    }

   private:
    struct Loaded {
        std::uint32_t word = 0;
        NftLoad load;
    };

    bool loaded(const nftnl_expr& one, std::uint16_t attribute, NftLoad load) {
        loads_.push_back({word_of_register(number_at(one, attribute)), std::move(load)});
        return loads_.back().word != kNoRegister;
    }

    // The field that a change of a register concerns: the last one.
    NftLoad* last(const nftnl_expr& one, std::uint16_t source, std::uint16_t destination) {
        const std::uint32_t word = word_of_register(number_at(one, source));
        const bool is_it = !loads_.empty() && loads_.back().word == word && word_of_register(number_at(one, destination)) == word;
        return is_it ? &loads_.back().load : nullptr;
    }

    // The last fields that were loaded, down to the one at the register, which are a key; they are used up. Empty: no such one.
    std::vector<NftLoad> key_from(std::uint32_t word) {
        std::vector<NftLoad> key;
        bool is_whole = false;
        while (!loads_.empty() && !is_whole) {
            is_whole = loads_.back().word == word;
            key.push_back(std::move(loads_.back().load));
            loads_.pop_back();
        }
        std::reverse(key.begin(), key.end());
        return is_whole ? std::move(key) : std::vector<NftLoad>();
    }

    // What a whole statement looks at.
    bool take_key(const nftnl_expr& one, std::uint16_t source, std::vector<NftLoad>& key) {
        if (word_of_register(number_at(one, source)) != 0) {
            return false;
        }
        key = key_from(0);
        return !key.empty();
    }

    bool take_single(const nftnl_expr& one, std::uint16_t source, NftLoad& load) {
        std::vector<NftLoad> key;
        if (!take_key(one, source, key) || key.size() != 1) {
            return false;
        }
        load = std::move(key.front());
        return true;
    }

    bool payload(nftnl_expr& one) {
        const auto header = header_of(number_at(one, NFTNL_EXPR_PAYLOAD_BASE));
        if (!header || !nftnl_expr_is_set(&one, NFTNL_EXPR_PAYLOAD_DREG)) {
            return false;
        }
        NftLoad load;
        load.header = *header;
        load.offset = static_cast<std::uint16_t>(number_at(one, NFTNL_EXPR_PAYLOAD_OFFSET));
        load.length = static_cast<std::uint8_t>(number_at(one, NFTNL_EXPR_PAYLOAD_LEN));
        return loaded(one, NFTNL_EXPR_PAYLOAD_DREG, std::move(load));
    }

    bool meta(nftnl_expr& one) {
        const auto meta = meta_of(number_at(one, NFTNL_EXPR_META_KEY));
        if (meta == NftMeta::Mark && nftnl_expr_is_set(&one, NFTNL_EXPR_META_SREG)) {
            return set_mark(one);
        }
        if (!meta || !nftnl_expr_is_set(&one, NFTNL_EXPR_META_DREG)) {
            return false;
        }
        NftLoad load;
        load.kind = NftLoad::Kind::Meta;
        load.meta = *meta;
        load.length = bytes_of(*meta);
        return loaded(one, NFTNL_EXPR_META_DREG, std::move(load));
    }

    // The mark itself, masked and flipped.
    bool set_mark(const nftnl_expr& one) {
        NftSetMark statement;
        NftLoad load;
        if (!take_single(one, NFTNL_EXPR_META_SREG, load) || load.meta != NftMeta::Mark || load.mask.size() != sizeof statement.keep) {
            return false;
        }
        std::memcpy(&statement.keep, load.mask.data(), sizeof statement.keep);
        if (flipped_.size() == sizeof statement.bits) {
            std::memcpy(&statement.bits, flipped_.data(), sizeof statement.bits);
        }
        flipped_.clear();
        statements_.emplace_back(statement);
        return true;
    }

    bool immediate(nftnl_expr& one) {
        if (number_at(one, NFTNL_EXPR_IMM_DREG) == NFT_REG_VERDICT) {
            const std::string chain = text_at(one, NFTNL_EXPR_IMM_CHAIN);
            statements_.emplace_back(verdict_of(number_at(one, NFTNL_EXPR_IMM_VERDICT), chain.empty() ? nullptr : chain.c_str()));
            return true;
        }
        NftLoad load;
        load.kind = NftLoad::Kind::Constant;
        load.constant = bytes_at(one, NFTNL_EXPR_IMM_DATA);
        load.length = static_cast<std::uint8_t>(load.constant.size());
        return loaded(one, NFTNL_EXPR_IMM_DREG, std::move(load));
    }

    bool bitwise(nftnl_expr& one) {
        NftLoad* load = last(one, NFTNL_EXPR_BITWISE_SREG, NFTNL_EXPR_BITWISE_DREG);
        if (load == nullptr) {
            return false;
        }
        const std::uint32_t op = number_at(one, NFTNL_EXPR_BITWISE_OP);
        if (op == NFT_BITWISE_RSHIFT) {
            std::uint32_t length = 0;
            const auto* bits = static_cast<const std::uint32_t*>(nftnl_expr_get(&one, NFTNL_EXPR_BITWISE_DATA, &length));
            load->shift_right = bits == nullptr ? std::uint8_t{0} : static_cast<std::uint8_t>(*bits);
            return bits != nullptr;
        }
        const NftBytes flipped = bytes_at(one, NFTNL_EXPR_BITWISE_XOR);
        load->mask = bytes_at(one, NFTNL_EXPR_BITWISE_MASK);
        if (std::any_of(flipped.begin(), flipped.end(), [](std::uint8_t byte) { return byte != 0; })) {
            flipped_ = flipped;
        }
        return op == NFT_BITWISE_BOOL;
    }

    // We write it around shifts and behind lengths, and always there.
    bool byte_order(nftnl_expr& one) { return last(one, NFTNL_EXPR_BYTEORDER_SREG, NFTNL_EXPR_BYTEORDER_DREG) != nullptr; }

    bool compare(nftnl_expr& one) {
        NftCompare statement;
        const auto op = compare_of(number_at(one, NFTNL_EXPR_CMP_OP));
        if (!op || !take_single(one, NFTNL_EXPR_CMP_SREG, statement.load)) {
            return false;
        }
        statement.op = *op;
        statement.value = bytes_at(one, NFTNL_EXPR_CMP_DATA);
        statements_.emplace_back(std::move(statement));
        return true;
    }

    bool range(nftnl_expr& one) {
        NftRange statement;
        if (!take_single(one, NFTNL_EXPR_RANGE_SREG, statement.load)) {
            return false;
        }
        statement.is_inverted = number_at(one, NFTNL_EXPR_RANGE_OP) == NFT_RANGE_NEQ;
        statement.from = bytes_at(one, NFTNL_EXPR_RANGE_FROM_DATA);
        statement.to = bytes_at(one, NFTNL_EXPR_RANGE_TO_DATA);
        statements_.emplace_back(std::move(statement));
        return true;
    }

    bool lookup(nftnl_expr& one) {
        std::string set = text_at(one, NFTNL_EXPR_LOOKUP_SET);
        const bool has_data = nftnl_expr_is_set(&one, NFTNL_EXPR_LOOKUP_DREG);
        if (has_data && number_at(one, NFTNL_EXPR_LOOKUP_DREG) != NFT_REG_VERDICT) {
            return lookup_data(one, std::move(set));
        }
        std::vector<NftLoad> key;
        if (!take_key(one, NFTNL_EXPR_LOOKUP_SREG, key)) {
            return false;
        }
        if (has_data) {
            statements_.emplace_back(NftVerdictLookup{std::move(key), std::move(set)});
        } else {
            const bool is_inverted = (number_at(one, NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0;
            statements_.emplace_back(NftLookup{std::move(key), std::move(set), is_inverted});
        }
        return true;
    }

    bool lookup_data(const nftnl_expr& one, std::string map) {
        const std::uint32_t word = word_of_register(number_at(one, NFTNL_EXPR_LOOKUP_SREG));
        const auto bytes = data_bytes_.find(map);
        if (word == kNoRegister || bytes == data_bytes_.end()) {
            return false;
        }
        NftLoad load;
        load.kind = NftLoad::Kind::Map;
        load.key = key_from(word);
        load.map = std::move(map);
        load.length = bytes->second;
        return !load.key.empty() && loaded(one, NFTNL_EXPR_LOOKUP_DREG, std::move(load));
    }

    bool update(nftnl_expr& one) {
        if (number_at(one, NFTNL_EXPR_DYNSET_OP) > NFT_DYNSET_OP_DELETE || number_at(one, NFTNL_EXPR_DYNSET_FLAGS) != 0) {
            return false;
        }
        if (nftnl_expr_is_set(&one, NFTNL_EXPR_DYNSET_SREG_DATA)) {
            return update_map(one);
        }
        NftUpdate statement;
        if (!take_key(one, NFTNL_EXPR_DYNSET_SREG_KEY, statement.key)) {
            return false;
        }
        switch (number_at(one, NFTNL_EXPR_DYNSET_OP)) {
            case NFT_DYNSET_OP_ADD:
                statement.op = NftUpdate::Op::Add;
                break;
            case NFT_DYNSET_OP_DELETE:
                statement.op = NftUpdate::Op::Delete;
                break;
            default:
                break;
        }
        statement.set = text_at(one, NFTNL_EXPR_DYNSET_SET_NAME);
        statement.timeout_ms = timeout_of(one);
        int counters = 0;
        (void)nftnl_expr_expr_foreach(&one, count_expression, &counters);  // its result is that of the function
        statement.counts = counters != 0;
        statements_.emplace_back(std::move(statement));
        return true;
    }

    static std::uint64_t timeout_of(const nftnl_expr& one) {
        return nftnl_expr_is_set(&one, NFTNL_EXPR_DYNSET_TIMEOUT) ? nftnl_expr_get_u64(&one, NFTNL_EXPR_DYNSET_TIMEOUT) : 0;
    }

    // A deletion that names data, which it has no use for, is the first half of a replacement.
    bool update_map(const nftnl_expr& one) {
        NftMapUpdate statement;
        statement.map = text_at(one, NFTNL_EXPR_DYNSET_SET_NAME);
        statement.timeout_ms = timeout_of(one);
        const std::uint32_t op = number_at(one, NFTNL_EXPR_DYNSET_OP);
        const std::uint32_t data_word = word_of_register(number_at(one, NFTNL_EXPR_DYNSET_SREG_DATA));
        if (op == NFT_DYNSET_OP_DELETE && data_word != 0) {
            replaced_ = statement.map;
            return true;
        }
        if (!take_key(one, NFTNL_EXPR_DYNSET_SREG_KEY, statement.key)) {
            return false;
        }
        if (op == NFT_DYNSET_OP_DELETE) {
            statement.op = NftMapUpdate::Op::Delete;
        } else if (std::vector<NftLoad> data = key_from(data_word); data.size() == 1) {
            statement.op = op == NFT_DYNSET_OP_ADD ? NftMapUpdate::Op::Add : NftMapUpdate::Op::Update;
            statement.data = std::move(data.front());
        } else {
            return false;
        }
        if (!replaced_.empty()) {
            if (statement.op != NftMapUpdate::Op::Update || replaced_ != statement.map) {
                return false;
            }
            statement.op = NftMapUpdate::Op::Replace;
            replaced_.clear();
        }
        statements_.emplace_back(std::move(statement));
        return true;
    }

    bool limit(nftnl_expr& one) {
        if (number_at(one, NFTNL_EXPR_LIMIT_TYPE) != NFT_LIMIT_PKTS || nftnl_expr_get_u64(&one, NFTNL_EXPR_LIMIT_UNIT) != 1) {
            return false;
        }
        statements_.emplace_back(NftLimit{.packets = nftnl_expr_get_u64(&one, NFTNL_EXPR_LIMIT_RATE),
                                          .burst = number_at(one, NFTNL_EXPR_LIMIT_BURST),
                                          .is_over = (number_at(one, NFTNL_EXPR_LIMIT_FLAGS) & NFT_LIMIT_F_INV) != 0});
        return true;
    }

    bool counter(nftnl_expr&) {
        statements_.emplace_back(NftCounter{});
        return true;
    }

    const NftDataBytes& data_bytes_;
    std::vector<Loaded> loads_;
    NftBytes flipped_;      // by the last bitwise expression; a mark that is set alone has some
    std::string replaced_;  // map of which an element was deleted to be put in anew
    std::vector<NftStatement> statements_;
};

struct Reading {
    Reader reader;
    bool is_ours = true;
};

int read_expression(nftnl_expr* expression, void* data) {
    auto& reading = *static_cast<Reading*>(data);
    reading.is_ours = reading.is_ours && reading.reader.read(*expression);
    return 0;
}

}  // namespace

std::optional<std::vector<NftStatement>> decode_expressions(nftnl_rule& rule, const NftDataBytes& data_bytes) {
    Reading reading{.reader = Reader(data_bytes)};
    (void)nftnl_expr_foreach(&rule, read_expression, &reading);  // its result is that of the function
    return reading.is_ours ? std::move(reading.reader).take() : std::nullopt;
}

}  // namespace portcullis
