// SPDX-License-Identifier: Apache-2.0
// A table as a picture (SVG 1.1): a curve over a logarithmic axis where its rows have a place on one, else a bar for each row; each with
// its median and its spread. Pure.
#pragma once

#include <string>

#include "tests/bench/table.h"

namespace portcullis::bench {

// Pre: the table has rows, all of the table's unit. Rows without samples or, on a curve, without a place are left out.
[[nodiscard]] std::string to_svg(const Table& table);

}  // namespace portcullis::bench
