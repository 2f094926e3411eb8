// SPDX-License-Identifier: Apache-2.0
// Services, DHCP servers and routers beside the interfaces of the model: nobody is both, and a router's address has one MAC. By the places
// of the documents, since a model does not know where each of its services stands.
#pragma once

#include <span>

#include "compiler/parse/declarations.h"

namespace portcullis {

void validate_services(const Model& model, std::span<const ServicePlace> places, Findings& findings);

}  // namespace portcullis
