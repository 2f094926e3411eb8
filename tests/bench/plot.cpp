// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace portcullis::bench {
namespace {

constexpr double kWidth = 900, kTop = 40, kMargin = 20, kBar = 18, kStep = 26, kLabels = 420, kCurveHeight = 260;

std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        safe += c == '&' ? std::string("&amp;") : c == '<' ? std::string("&lt;") : std::string(1, c);
    }
    return safe;
}

std::string number(double value) {
    char text[32];
    (void)std::snprintf(text, sizeof text, value < 10 ? "%.2f" : "%.0f", value);  // cut at worst
    return text;
}

std::string text_at(double x, double y, const std::string& text) {
    return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\">" + escaped(text) + "</text>\n";
}

std::string line_between(double x1, double y1, double x2, double y2) {
    return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
           "\" stroke=\"#222\"/>\n";
}

std::string head(const Table& table, double height) {
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(kWidth) + "\" height=\"" + number(height) +
           "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" +
           text_at(kMargin, kMargin, table.id + ": " + table.title + ", " + table.unit);
}

double most_of(const std::vector<const Row*>& rows) {
    double most = 0;
    for (const Row* row : rows) {
        most = std::max(most, highest(row->samples));
    }
    return most > 0 ? most : 1;
}

std::string bars(const Table& table, const std::vector<const Row*>& rows) {
    const double scale = (kWidth - kLabels - 4 * kMargin) / most_of(rows);
    std::string svg = head(table, kTop + kStep * static_cast<double>(rows.size()) + kMargin);
    double y = kTop;
    for (const Row* row : rows) {
        const double middle = std::max(median(row->samples), 0.0);  // a difference may be below zero
        svg += text_at(kMargin, y + kBar - 5, row->name);
        svg += "<rect x=\"" + number(kLabels) + "\" y=\"" + number(y) + "\" width=\"" + number(middle * scale) + "\" height=\"" +
               number(kBar) + "\" fill=\"#6b93b8\"/>\n";
        svg += line_between(kLabels + std::max(lowest(row->samples), 0.0) * scale, y + kBar / 2,
                            kLabels + std::max(highest(row->samples), 0.0) * scale, y + kBar / 2);
        svg += text_at(kLabels + std::max(highest(row->samples), 0.0) * scale + 6, y + kBar - 5, number(median(row->samples)));
        y += kStep;
    }
    return svg + "</svg>\n";
}

std::string curve(const Table& table, const std::vector<const Row*>& rows) {
    const auto place = [](const Row& row) { return std::log10(std::max(*row.x, 1.0)); };
    const auto [first, last] =
        std::minmax_element(rows.begin(), rows.end(), [&](const Row* one, const Row* other) { return place(*one) < place(*other); });
    const double from = place(**first);
    const double width = std::max(place(**last) - from, 1e-9);
    const double bottom = kTop + kCurveHeight;
    const double most = most_of(rows);
    const auto at_x = [&](const Row& row) { return 3 * kMargin + (place(row) - from) / width * (kWidth - 8 * kMargin); };
    const auto at_y = [&](double value) { return bottom - std::max(value, 0.0) / most * kCurveHeight; };
    std::string svg = head(table, bottom + 2 * kMargin);
    svg += line_between(3 * kMargin, bottom, kWidth - 3 * kMargin, bottom) + line_between(3 * kMargin, kTop, 3 * kMargin, bottom);
    svg += text_at(kMargin / 2, kTop + 5, number(most)) + text_at(kMargin, bottom, "0");
    std::string points;
    for (const Row* row : rows) {
        const double x = at_x(*row);
        const double y = at_y(median(row->samples));
        points += number(x) + "," + number(y) + " ";
        svg += line_between(x, at_y(lowest(row->samples)), x, at_y(highest(row->samples)));
        svg += text_at(x - 10, bottom + 16, number(*row->x)) + text_at(x + 5, y - 5, number(median(row->samples)));
    }
    return svg + "<polyline points=\"" + points + "\" fill=\"none\" stroke=\"#6b93b8\" stroke-width=\"2\"/>\n</svg>\n";
}

}  // namespace

std::string to_svg(const Table& table) {
    const bool is_curve = std::any_of(table.rows.begin(), table.rows.end(), [](const Row& row) { return row.x.has_value(); });
    std::vector<const Row*> rows;
    for (const Row& row : table.rows) {
        if (!row.samples.empty() && (!is_curve || row.x)) {
            rows.push_back(&row);
        }
    }
    return is_curve ? curve(table, rows) : bars(table, rows);
}

}  // namespace portcullis::bench
