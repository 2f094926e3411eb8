// SPDX-License-Identifier: Apache-2.0
#include "core/result.h"

#include <system_error>

namespace portcullis {

Error Error::with_context(std::string_view doing) const { return Error{.message = std::string(doing) + ": " + message, .code = code}; }

Error Error::from_errno(std::string_view doing, int code) {
    return Error{.message = std::string(doing) + ": " + std::generic_category().message(code), .code = code};
}

}  // namespace portcullis
