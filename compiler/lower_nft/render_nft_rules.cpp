// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/render_nft_rules.h"

#include <algorithm>
#include <array>

#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

// nft keeps the type of a key in 32 bits, six for each field, and ends by SIGSEGV over some rules with more (1.0.6).
constexpr std::size_t kMostFields = 5;

// value << shift; none: a bit would be lost.
bool shift_left(NftBytes& value, unsigned shift) {
    for (unsigned i = 0; i < shift; ++i) {
        if (value.empty() || (value.front() & 0x80) != 0) {
            return false;
        }
        for (std::size_t byte = 0; byte < value.size(); ++byte) {
            const unsigned carry = byte + 1 < value.size() ? value[byte + 1] >> 7 : 0;
            value[byte] = static_cast<std::uint8_t>(static_cast<unsigned>(value[byte]) << 1U | carry);
        }
    }
    return true;
}

// The mask of a load that is shifted: without the bits that the shift drops.
NftBytes mask_of(const NftLoad& load) {
    NftBytes mask = load.mask;
    if (load.shift_right == 0) {
        return mask;
    }
    mask.resize(load.length, mask.empty() ? 0xff : 0);
    for (unsigned bit = 0; bit < load.shift_right && bit / 8 < mask.size(); ++bit) {
        std::uint8_t& byte = mask[mask.size() - 1 - bit / 8];
        byte = static_cast<std::uint8_t>(byte & ~(1U << (bit % 8)));
    }
    return mask;
}

const char* sign_of(NftCompare::Op op) {
    constexpr std::array kSigns{" == ", " != ", " < ", " <= ", " > ", " >= "};
    return kSigns.at(static_cast<std::size_t>(op));
}

class RuleText {
   public:
    RuleText(NftContext context, const NftTypes& types) : context_(context), types_(types) {}

    void say(const NftCompare& compare) { say_relation(compare.load, sign_of(compare.op), {compare.value}); }
    void say(const NftRange& range) { say_relation(range.load, range.is_inverted ? " != " : " == ", {range.from, range.to}); }
    void say(const NftLookup& lookup) { word(key(lookup.key, lookup.set) + (lookup.is_inverted ? " != @" : " @") + lookup.set); }
    void say(const NftVerdictLookup& lookup) { word(key(lookup.key, lookup.map) + " vmap @" + lookup.map); }
    void say(const NftUpdate& update) {
        constexpr std::array kOps{"add", "update", "delete"};
        note_update(!has_map_update_);
        std::string text = kOps.at(static_cast<std::size_t>(update.op));
        text += " @" + update.set + " { " + key(update.key, update.set);
        text += update.timeout_ms == 0 ? "" : " timeout " + nft_time(update.timeout_ms);
        word(text + (update.counts ? " counter }" : " }"));
    }
    void say(const NftMapUpdate& update) {
        if (update.op == NftMapUpdate::Op::Replace) {
            say_map_update("delete", update);
            return say_map_update("update", update);
        }
        constexpr std::array kOps{"add", "update", "delete"};
        say_map_update(kOps.at(static_cast<std::size_t>(update.op)), update);
    }
    void say(const NftSetMark& set) { word("meta mark set meta mark & " + std::to_string(set.keep) + " ^ " + std::to_string(set.bits)); }
    void say(const NftLimit& limit) {
        // Without a burst nft and the kernel take one of five packets.
        word(std::string("limit rate ") + (limit.is_over ? "over " : "") + std::to_string(limit.packets) + "/second" +
             (limit.burst == 0 ? "" : " burst " + std::to_string(limit.burst) + " packets"));
    }
    void say(const NftCounter&) { word("counter"); }
    void say(const NftVerdict& verdict) { word(render_verdict(verdict)); }

    void word(const std::string& text) { text_ += (text_.empty() ? "" : " ") + text; }

    [[nodiscard]] std::string line() const {
        if (!is_sayable_) {
            return "# no words for: " + text_;
        }
        const bool lacks_check = names_protocol_ && !context_.is_checked;
        return (lacks_check ? "meta protocol " + std::string(nft_protocol_word(context_.protocol)) + " " : "") + text_;
    }

   private:
    void take(const NftPhrase& phrase) {
        is_sayable_ = is_sayable_ && phrase.is_sayable;
        names_protocol_ = names_protocol_ || phrase.names_protocol;
    }

    // A shifted value is compared where it stands, the bounds moved instead.
    void say_relation(const NftLoad& load, const char* sign, std::vector<NftBytes> bounds) {
        const NftPhrase field = nft_field(load, context_);
        take(field);
        std::string text = field.text;
        if (const NftBytes mask = mask_of(load); !mask.empty()) {
            text += " & " + nft_value(field.type, mask);
        }
        for (NftBytes& bound : bounds) {
            is_sayable_ = shift_left(bound, load.shift_right) && is_sayable_;
        }
        text += sign + nft_value(field.type, bounds.front());
        word(text + (bounds.size() == 1 ? "" : "-" + nft_value(field.type, bounds.back())));
    }

    // Behind an update of a map or set, one of a map makes nft 1.0.6 run out of registers and abort.
    void note_update(bool is_sayable) {
        is_sayable_ = is_sayable_ && is_sayable;
        ++updates_;
    }

    // nft wants data of whatever is deleted as well; the kernel does not look at it.
    void say_map_update(const std::string& op, const NftMapUpdate& update) {
        note_update(updates_ == 0);
        has_map_update_ = true;
        const auto types = types_.find(update.map);
        NftLoad data = update.data;
        if (op == "delete" && types != types_.end()) {
            data = nft_constant(NftBytes(types->second.data_bytes));
        }
        const std::string text = op + " @" + update.map + " { " + key(update.key, update.map) +
                                 (op == "delete" || update.timeout_ms == 0 ? "" : " timeout " + nft_time(update.timeout_ms));
        word(text + " : " + value(data, types == types_.end() ? NftDatatype::Integer : types->second.data) + " }");
    }

    // A load with its mask and shift, as a value of the type.
    std::string value(const NftLoad& load, NftDatatype type) {
        const NftPhrase field = nft_field_of_type(load, context_, type);
        take(field);
        const NftBytes mask = mask_of(load);
        const std::string text = mask.empty() ? field.text : field.text + " & " + nft_value(field.type, mask);
        return load.shift_right == 0 ? text : "(" + text + ") >> " + std::to_string(load.shift_right);
    }

    std::string key(const std::vector<NftLoad>& loads, const std::string& set) {
        const auto types = types_.find(set);
        const bool fits = types != types_.end() && types->second.key.size() == loads.size();
        is_sayable_ = is_sayable_ && fits && loads.size() <= kMostFields;
        std::string text;
        for (std::size_t i = 0; i < loads.size(); ++i) {
            text += (i == 0 ? "" : " . ") + value(loads[i], fits ? types->second.key[i] : NftDatatype::Integer);
        }
        return text;
    }

    NftContext context_;
    const NftTypes& types_;
    std::string text_;
    bool is_sayable_ = true;
    bool names_protocol_ = false;
    unsigned updates_ = 0;
    bool has_map_update_ = false;
};

}  // namespace

std::string render_verdict(const NftVerdict& verdict) {
    constexpr std::array kWords{"accept", "drop", "continue", "return", "jump ", "goto "};
    return kWords.at(static_cast<std::size_t>(verdict.kind)) + verdict.chain;
}

std::string render_rule(const NftRule& rule, NftContext context, const NftTypes& types) {
    RuleText text(context, types);
    for (const NftStatement& statement : rule.statements) {
        std::visit([&](const auto& one) { text.say(one); }, statement);
    }
    if (!rule.comment.empty()) {
        text.word("comment " + nft_quoted(rule.comment));
    }
    return text.line();
}

}  // namespace portcullis
