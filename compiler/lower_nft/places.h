// SPDX-License-Identifier: Apache-2.0
// Rules about where a frame came from and whom it is about: other VPCs (docs/semantics.md 2.5) and other instances (13.2).
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_image.h"
#include "compiler/lower_nft/nft_port.h"

namespace portcullis {

// 2.5: inbound, drops what entered by the port of an interface of another VPC. Empty where nothing can have.
[[nodiscard]] std::vector<NftRule> nft_vpc_rules(NftBuilder& bridge, const NftPort& port, NftEntrance entrance);

// 13.2: the set of addresses that any interface of the model has. Empty where instances are not isolated.
[[nodiscard]] std::string nft_instances(NftBuilder& bridge, const NftPort& port, Family family);

}  // namespace portcullis
