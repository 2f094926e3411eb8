// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/metrics_server.h"

#include <boost/asio/ip/address.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <utility>

#include "tools/daemon/http.h"

namespace portcullis {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

constexpr int kMostConnections = 16;
constexpr std::uint32_t kMaxHeaderBytes = 8192;
constexpr std::chrono::seconds kDeadline{5};
constexpr std::chrono::seconds kAcceptPause{1};
constexpr std::chrono::seconds kKept{1};  // reading counters takes the time of the loop that enforces

}  // namespace

struct MetricsServer::Served {
    Text make;
    std::string text{};
    std::chrono::steady_clock::time_point made{};
    int connections = 0;

    [[nodiscard]] const std::string& now() {
        if (const auto time = std::chrono::steady_clock::now(); text.empty() || time - made >= kKept) {
            text = make();
            made = time;
        }
        return text;
    }
};

namespace {

// One connection. Keeps itself alive through the handler it has pending; ends when none is.
class Scrape : public std::enable_shared_from_this<Scrape> {
   public:
    Scrape(Tcp::socket socket, std::shared_ptr<MetricsServer::Served> served) : stream_(std::move(socket)), served_(std::move(served)) {
        ++served_->connections;
        parser_.header_limit(kMaxHeaderBytes);
    }
    Scrape(const Scrape&) = delete;
    Scrape(Scrape&&) = delete;
    Scrape& operator=(const Scrape&) = delete;
    Scrape& operator=(Scrape&&) = delete;
    ~Scrape() { --served_->connections; }

    void read() {
        stream_.expires_after(kDeadline);
        http::async_read_header(stream_, buffer_, parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
            if (!error) {
                self->answer();
            }
        });
    }

   private:
    void answer() {
        const std::string_view target(parser_.get().target().data(), parser_.get().target().size());
        const bool is_known = target.substr(0, target.find('?')) == "/metrics";
        const bool is_get = parser_.get().method() == http::verb::get;
        answer_.version(11);
        answer_.result(!is_known ? 404 : is_get ? 200 : 405);
        answer_.set(http::field::content_type, kMetricsContentType);
        answer_.keep_alive(false);
        answer_.body() = is_known && is_get ? served_->now() : std::string();
        answer_.prepare_payload();
        http::async_write(stream_, answer_, [self = shared_from_this()](beast::error_code, std::size_t) {
            beast::error_code ignored;  // the other side may have gone
            (void)self->stream_.socket().shutdown(Tcp::socket::shutdown_both, ignored);
        });
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_{kMaxHeaderBytes};
    http::request_parser<http::empty_body> parser_;
    http::response<http::string_body> answer_;
    std::shared_ptr<MetricsServer::Served> served_;
};

}  // namespace

Result<std::unique_ptr<MetricsServer>> MetricsServer::open(asio::io_context& loop, const MetricsAddress& where, Text text) {
    Acceptor acceptor(loop);
    boost::system::error_code error;
    const Tcp::endpoint endpoint(asio::ip::make_address(where.address.to_string(), error), where.port);
    if (!error) {
        (void)acceptor.open(endpoint.protocol(), error);
    }
    if (!error) {
        (void)acceptor.set_option(Acceptor::reuse_address(true), error);  // a daemon begun again does not wait for TIME_WAIT
    }
    if (!error) {
        (void)acceptor.bind(endpoint, error);
    }
    if (!error) {
        (void)acceptor.listen(kMostConnections, error);
    }
    if (error) {
        return fail(Error::from_errno("cannot serve metrics at " + where.address.to_string() + " port " + std::to_string(where.port),
                                      error.value()));
    }
    return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(acceptor), std::move(text)));
}

MetricsServer::MetricsServer(Acceptor acceptor, Text text)
    : acceptor_(std::move(acceptor)), pause_(acceptor_.get_executor()), served_(std::make_shared<Served>(Served{.make = std::move(text)})) {
    accept_next();
}

void MetricsServer::accept_next() {
    acceptor_.async_accept([this](boost::system::error_code error, Tcp::socket socket) {
        if (error == asio::error::operation_aborted) {
            return;
        }
        if (!error && served_->connections < kMostConnections) {
            std::make_shared<Scrape>(std::move(socket), served_)->read();
        }
        if (!error) {
            accept_next();
            return;
        }
        pause_.expires_after(kAcceptPause);  // no descriptor or memory was left: trying again at once would only spin
        pause_.async_wait([this](boost::system::error_code stopped) {
            if (!stopped) {
                accept_next();
            }
        });
    });
}

}  // namespace portcullis
