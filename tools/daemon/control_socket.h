// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on a unix socket: accepts, limits, and hands whole requests to one handler, all on the event loop's thread.
//
// Limits: kMaxConnections at once, headers and bodies by size, and a deadline for every step, so that a slow or stuck client is dropped and
// holds up nobody: nothing here ever waits for a client. At the most connections the one that has been idle longest gives way to a new one.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "tools/daemon/http.h"

namespace portcullis {

class ControlSocket {
   public:
    using Handler = std::function<HttpResponse(HttpRequest)>;

    // Binds `path` with mode 0660 and the group "portcullis", if there is one, making its directory if need be. Peers that are neither root
    // nor of that group get 403, however they came to connect (peer_access.h). The socket of a dead
    // daemon is replaced; one that answers is an error.
    [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> open(boost::asio::io_context& loop, const std::string& path,
                                                                     Handler handler);
    // Stops accepting and removes the socket.
    ~ControlSocket();
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket(ControlSocket&&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;
    ControlSocket& operator=(ControlSocket&&) = delete;

   private:
    using Protocol = boost::asio::local::stream_protocol;
    ControlSocket(Protocol::acceptor acceptor, std::string path, std::optional<gid_t> group, Handler handler);
    class Session;
    using Sessions = std::list<Session*>;  // those that are open; the one that has waited longest for a request before the others

    void accept_next();
    void accepted(std::optional<Protocol::socket> socket);
    void make_room();

    Protocol::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    std::string path_;
    std::optional<gid_t> group_;  // whose members may use the API, as it was when the socket was made
    std::shared_ptr<const Handler> handler_;
    std::shared_ptr<Sessions> sessions_;  // shared with them
};

}  // namespace portcullis
