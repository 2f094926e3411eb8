// SPDX-License-Identifier: Apache-2.0
// `GET /metrics` by HTTP/1.1 over TCP, for --metrics: one request to a connection, no authentication, nothing that changes anything.
//
// Limits: kMostConnections at once, further ones are closed; each has a few seconds, whatever it does.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "tools/daemon/metrics_address.h"

namespace portcullis {

class MetricsServer {
   public:
    using Text = std::function<std::string()>;  // what is served; asked for at most once a second, whoever asks how often

    [[nodiscard]] static Result<std::unique_ptr<MetricsServer>> open(boost::asio::io_context& loop, const MetricsAddress& where, Text text);

    // What the connections share.
    struct Served;

   private:
    using Acceptor = boost::asio::ip::tcp::acceptor;
    MetricsServer(Acceptor acceptor, Text text);
    void accept_next();

    Acceptor acceptor_;
    boost::asio::steady_timer pause_;
    std::shared_ptr<Served> served_;
};

}  // namespace portcullis
