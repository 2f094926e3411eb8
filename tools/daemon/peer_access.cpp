// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/peer_access.h"

#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace portcullis {
namespace {

std::optional<ucred> credentials_of(int fd) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    const bool is_known = ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0;
    return is_known ? std::optional(credentials) : std::nullopt;
}

std::vector<gid_t> supplementary_groups_of(int fd) {
    socklen_t size = 0;
    (void)::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, nullptr, &size);  // ERANGE, and how much there is
    std::vector<gid_t> groups(size / sizeof(gid_t));
    const bool is_known = !groups.empty() && ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0;
    return is_known ? groups : std::vector<gid_t>{};
}

}  // namespace

std::optional<gid_t> api_group() {
    group entry{};
    group* found = nullptr;
    std::array<char, 16384> members{};
    const bool exists = ::getgrnam_r(kApiGroup, &entry, members.data(), members.size(), &found) == 0 && found != nullptr;
    return exists ? std::optional(entry.gr_gid) : std::nullopt;
}

Peer peer_of(int fd) {
    const std::optional<ucred> credentials = credentials_of(fd);
    return credentials ? Peer{.uid = credentials->uid, .pid = credentials->pid}
                       : Peer{.uid = static_cast<uid_t>(-1), .pid = -1};  // the log must not name root by default
}

bool may_use_api(int fd, std::optional<gid_t> group) {
    const std::optional<ucred> credentials = credentials_of(fd);
    if (!credentials) {
        return false;
    }
    if (credentials->uid == 0 || credentials->uid == ::geteuid()) {
        return true;
    }
    return group && (credentials->gid == *group || std::ranges::count(supplementary_groups_of(fd), *group) != 0);
}

}  // namespace portcullis
