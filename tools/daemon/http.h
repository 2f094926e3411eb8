// SPDX-License-Identifier: Apache-2.0
// A request and its answer, as the API sees them: free of the library that carries them (control_socket.cpp).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace portcullis {

// Who connected, by SO_PEERCRED: as the kernel recorded it when the connection was made.
struct Peer {
    uid_t uid = 0;
    pid_t pid = 0;
};

struct HttpRequest {
    std::string method;
    std::string target;
    std::string if_match;  // value of the header; empty without it
    std::string body;
    Peer peer;
};

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

inline constexpr const char* kNotEnforcedHeader = "Portcullis-Not-Enforced";

struct HttpResponse {
    unsigned status = 200;
    std::string body;                   // JSON, unless content_type says otherwise
    std::optional<std::uint64_t> etag;  // generation
    const char* content_type = "application/json";
    std::string not_enforced{};  // why nothing is enforced on this host, where that is so: the header kNotEnforcedHeader
};

}  // namespace portcullis
