// SPDX-License-Identifier: Apache-2.0
// Who is at the other end of a connection, and whether it may use the API: besides the permissions of the socket's file, which a capability
// may overcome.
#pragma once

#include <sys/types.h>

#include <optional>

#include "tools/daemon/http.h"

namespace portcullis {

inline constexpr const char* kApiGroup = "portcullis";

// The group whose members may use the API; none: this host has no such group.
[[nodiscard]] std::optional<gid_t> api_group();

// As the kernel recorded it when the connection was made; nobody where it cannot tell.
[[nodiscard]] Peer peer_of(int fd);

// Root, the daemon's own user, and whoever had `group` among its groups when it connected. False where the kernel cannot tell.
[[nodiscard]] bool may_use_api(int fd, std::optional<gid_t> group);

}  // namespace portcullis
