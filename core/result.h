// SPDX-License-Identifier: Apache-2.0
// How everything of ours reports failure: a value or an Error. Nothing of ours throws. Which expected type stands behind it is nobody's
// business but this file's.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace portcullis {

struct Error {
    std::string message;  // a whole sentence for a person: what, where, why
    int code = 0;         // errno where the kernel gave one, else 0

    // The same error with what was being done put in front: "cannot attach to br0p3: No such device".
    [[nodiscard]] Error with_context(std::string_view doing) const;
    // "DOING: strerror(code)".
    [[nodiscard]] static Error from_errno(std::string_view doing, int code);
};

template <class T = void>
using Result = tl::expected<T, Error>;

// `return fail("…");` in a function that returns a Result.
[[nodiscard]] inline tl::unexpected<Error> fail(std::string message, int code = 0) {
    return tl::unexpected<Error>(Error{.message = std::move(message), .code = code});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace portcullis
