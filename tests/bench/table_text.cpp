// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/table_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace portcullis::bench {
namespace {

// Where it stands among the budgets; behind them: none.
std::size_t number_of(const Budget* budget) {
    return static_cast<std::size_t>(std::find(kBudgets.begin(), kBudgets.end(), budget) - kBudgets.begin());
}

nlohmann::json row_json(const Row& row) {
    nlohmann::json json{{"Name", row.name}, {"Samples", row.samples}, {"Unit", row.unit}, {"Budget", number_of(row.budget)}};
    if (row.x) {
        json["X"] = *row.x;
    }
    return json;
}

Row row_of(const nlohmann::json& json) {
    const auto number = json.at("Budget").get<std::size_t>();
    return {.name = json.at("Name").get<std::string>(),
            .samples = json.at("Samples").get<std::vector<double>>(),
            .unit = json.at("Unit").get<std::string>(),
            .budget = number < kBudgets.size() ? kBudgets[number] : nullptr,
            .x = json.contains("X") ? std::optional(json.at("X").get<double>()) : std::nullopt};
}

}  // namespace

std::string to_text(const Tables& tables) {
    nlohmann::json all = nlohmann::json::array();
    for (const Table& table : tables) {
        nlohmann::json rows = nlohmann::json::array();
        for (const Row& row : table.rows) {
            rows.push_back(row_json(row));
        }
        all.push_back({{"Id", table.id}, {"Title", table.title}, {"Unit", table.unit}, {"Ratio", table.ratio}, {"Rows", rows}});
    }
    return all.dump();
}

Tables tables_of(const std::string& text) {
    Tables tables;
    for (const nlohmann::json& one : nlohmann::json::parse(text)) {
        Table table{.id = one.at("Id").get<std::string>(),
                    .title = one.at("Title").get<std::string>(),
                    .unit = one.at("Unit").get<std::string>(),
                    .ratio = one.at("Ratio").get<Ratio>(),
                    .rows = {}};
        for (const nlohmann::json& row : one.at("Rows")) {
            table.rows.push_back(row_of(row));
        }
        tables.push_back(std::move(table));
    }
    return tables;
}

}  // namespace portcullis::bench
