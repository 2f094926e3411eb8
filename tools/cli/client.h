// SPDX-License-Identifier: Apache-2.0
// One request to the daemon's API over its unix socket.
#pragma once

#include <chrono>
#include <string>

#include "core/result.h"

namespace portcullis {

struct ApiRequest {
    std::string socket;
    std::string method = "GET";
    std::string target;
    std::string body;
    std::chrono::seconds deadline{60};  // for all of it
};

struct ApiAnswer {
    unsigned status = 0;
    std::string body;
    std::string not_enforced;  // why the daemon enforces nothing; empty where it does
};

// Fails when no daemon answers in time.
[[nodiscard]] Result<ApiAnswer> call_api(const ApiRequest& request);
// Whether something listens on the socket.
[[nodiscard]] bool is_daemon_listening(const std::string& socket);

}  // namespace portcullis
