// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/strict_json.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

namespace portcullis {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 66;  // a document of the depth that the documents' reader accepts, in its envelope

// Watches a parse for what the resulting tree no longer shows.
class Strictness {
   public:
    bool operator()(int depth, json::parse_event_t event, const json& parsed) {
        if (static_cast<std::size_t>(depth) > kDeepest) {
            problem_ = "the body nests too deep";
        } else if (event == json::parse_event_t::object_start) {
            keys_.emplace_back();
        } else if (event == json::parse_event_t::object_end) {
            keys_.pop_back();
        } else if (event == json::parse_event_t::key && !keys_.back().insert(parsed.get<std::string>()).second) {
            problem_ = "a key occurs twice in one object";
        }
        return true;
    }
    [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

   private:
    std::vector<std::set<std::string>> keys_;
    std::optional<std::string> problem_;
};

}  // namespace

Result<json> parse_strict_json(std::string_view text) {
    Strictness strictness;
    // By reference: the parser copies its callback.
    json value = json::parse(text, std::ref(strictness), false);
    if (value.is_discarded() || strictness.problem()) {
        return fail(strictness.problem().value_or("the body is not JSON"));
    }
    return value;
}

}  // namespace portcullis
