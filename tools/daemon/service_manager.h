// SPDX-License-Identifier: Apache-2.0
// What systemd is told of this process, by sd_notify's protocol. sd_notify itself waits while systemd reads nothing; nothing in the daemon
// waits for others.
#pragma once

#include <string_view>

namespace portcullis {

// "READY=1", "WATCHDOG=1", …. Whether it was taken, or there is nobody to tell (no NOTIFY_SOCKET); false: it is to be told again later.
[[nodiscard]] bool tell_service_manager(std::string_view state);

}  // namespace portcullis
