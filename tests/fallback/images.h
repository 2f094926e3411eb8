// SPDX-License-Identifier: Apache-2.0
// Images made by hand, with each kind of object, statement and load in them.
#pragma once

#include <memory>
#include <string>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis::test {

inline constexpr const char* kTable = "portcullis-test";

// A set {address} of one field without ranges: "members", with 192.0.2.1 to 192.0.2.COUNT, and a rule that drops them.
[[nodiscard]] NftImage members_image(unsigned count);

// Everything once. `device` is in the namespace; empty: without base chains at devices.
[[nodiscard]] NftImage whole_image(const std::string& device);

// Normal, as the writer wants it.
[[nodiscard]] std::shared_ptr<const NftImage> shared(NftImage image);

}  // namespace portcullis::test
