// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>

#include "core/unique_fd.h"

namespace portcullis {

bool tell_service_manager(std::string_view state) {
    const char* const variable = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): nothing sets it
    const std::string_view path = variable == nullptr ? "" : variable;
    sockaddr_un address{};
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return true;
    }
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), path.size());
    const bool is_abstract = path.front() == '@';
    if (is_abstract) {
        address.sun_path[0] = '\0';
    }
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const void* generic = &address;
    return ::sendto(socket.value(), state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL, static_cast<const sockaddr*>(generic),
                    length) >= 0;
}

}  // namespace portcullis
