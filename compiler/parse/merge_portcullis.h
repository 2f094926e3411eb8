// SPDX-License-Identifier: Apache-2.0
// The key `Portcullis` of several documents: ports, bridges and routers merge by what they are called, lists join, and a scalar that is
// given twice with different values is an error.
#pragma once

#include "compiler/parse/declarations.h"

namespace portcullis {

// Leaves ports, bridges, services, host policies and quotas in the model of the declarations as the back ends are to see them.
void merge_portcullis(Declarations& declared, Findings& findings);

}  // namespace portcullis
