// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/explain_json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "tools/daemon/strict_json.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

Json stages_json(const std::vector<StageAnswer>& stages) {
    Json array = Json::array();
    for (const StageAnswer& stage : stages) {
        array.push_back({{"NetworkInterfaceId", stage.interface_id},
                         {"Direction", to_string(stage.direction)},
                         {"Stage", stage.stage},
                         {"Allows", stage.allows},
                         {"Reason", name_of(stage.reason)},
                         {"ReasonText", text_of(stage.reason)},
                         {"ReasonCode", stage.reason_code},
                         {"Deciding", stage.deciding},
                         {"Nearest", stage.nearest ? Json(*stage.nearest) : Json()},
                         {"Note", stage.note}});
    }
    return array;
}

// A question out of an object: each key once, and no others.
class QuestionReader {
   public:
    explicit QuestionReader(const nlohmann::json& object) : object_(object) {}
    void text(const char* key, std::string& value) {
        if (const auto* const found = take(key)) {
            value = found->is_string() ? found->get<std::string>() : refuse(key, "a text");
        }
    }
    void text(const char* key, std::optional<std::string>& value) {
        std::string text;
        this->text(key, text);
        value = text.empty() ? std::nullopt : std::optional(text);
    }
    void address(const char* key, std::optional<Address>& value) {
        std::string text;
        this->text(key, text);
        value = Address::parse(text);
        if (!text.empty() && !value) {
            refuse(key, "an address");
        }
    }
    // True: the key is there.
    template <class Number>
    bool number(const char* key, Number& value, std::uint64_t most = std::numeric_limits<Number>::max()) {
        const auto* const found = take(key);
        if (found == nullptr) {
            return false;
        }
        if (!found->is_number_unsigned() || found->get<std::uint64_t>() > most) {
            refuse(key, "a number from 0 to " + std::to_string(most));
            return true;
        }
        value = static_cast<Number>(found->get<std::uint64_t>());
        return true;
    }
    void need(bool is_there, const std::string& sentence) {
        if (!is_there && failure_.empty()) {
            failure_ = sentence;
        }
    }
    Result<> finish() {
        for (const auto& [key, value] : object_.items()) {
            need(std::ranges::find(known_, key) != known_.end(), "there is no " + key + " to say here");
        }
        return failure_.empty() ? Result<>() : fail(failure_);
    }

   private:
    const nlohmann::json* take(const char* key) {
        known_.emplace_back(key);
        const auto found = object_.find(key);
        return found == object_.end() || found->is_null() ? nullptr : &*found;
    }
    std::string refuse(const char* key, const std::string& wanted) {
        need(false, std::string(key) + " is " + wanted);
        return {};
    }
    const nlohmann::json& object_;
    std::vector<std::string> known_;
    std::string failure_;
};

}  // namespace

std::string print_question(const Question& question) {
    const bool has_ports = question.protocol == 6 || question.protocol == 17;
    const bool is_icmp = question.protocol == 1 || question.protocol == 58;
    Json body{{"From", question.from}, {"To", question.to}, {"Protocol", question.protocol}};
    if (has_ports) {
        body["SourcePort"] = question.source_port;
        body["DestinationPort"] = question.destination_port;
    }
    if (is_icmp) {
        body["IcmpType"] = question.icmp_type;
        body["IcmpCode"] = question.icmp_code;
    }
    if (question.vpc_id) {
        body["VpcId"] = *question.vpc_id;
    }
    if (question.source_address) {
        body["SourceAddress"] = question.source_address->to_string();
    }
    if (question.destination_address) {
        body["DestinationAddress"] = question.destination_address->to_string();
    }
    return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Question> parse_question(std::string_view body) {
    const auto object = parse_strict_json(body);
    if (!object) {
        return fail(object.error());
    }
    if (!object->is_object()) {
        return fail("the question is an object");
    }
    Question question;
    QuestionReader reader(*object);
    reader.text("From", question.from);
    reader.text("To", question.to);
    reader.text("VpcId", question.vpc_id);
    reader.need(!question.from.empty() && !question.to.empty(), "From and To are needed");
    reader.need(reader.number("Protocol", question.protocol, 255), "Protocol is needed: a number from 0 to 255");
    const bool has_ports = question.protocol == 6 || question.protocol == 17;
    const bool is_icmp = question.protocol == 1 || question.protocol == 58;
    question.icmp_type = question.protocol == 58 ? 128 : 8;
    const bool has_source = reader.number("SourcePort", question.source_port);
    const bool has_destination = reader.number("DestinationPort", question.destination_port);
    const bool has_type = reader.number("IcmpType", question.icmp_type);
    const bool has_code = reader.number("IcmpCode", question.icmp_code);
    reader.need(has_destination || !has_ports, "DestinationPort is needed with this protocol");
    reader.need(has_ports || !(has_source || has_destination), "this protocol has no ports");
    reader.need(is_icmp || !(has_type || has_code), "this protocol is not ICMP");
    reader.address("SourceAddress", question.source_address);
    reader.address("DestinationAddress", question.destination_address);
    if (auto finished = reader.finish(); !finished) {
        return fail(std::move(finished.error()));
    }
    return question;
}

Json explain_json(const Answer& answer) {
    return {{"Allowed", answer.allowed},
            {"ResponseAllowed", answer.response_allowed},
            {"Forward", stages_json(answer.forward)},
            {"Response", stages_json(answer.response)}};
}

}  // namespace portcullis
