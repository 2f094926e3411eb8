// SPDX-License-Identifier: Apache-2.0
// The one file of the command line that includes Boost.Beast, which is dear to compile.
#include "tools/cli/client.h"

#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "tools/daemon/http.h"

namespace portcullis {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;

constexpr std::uint64_t kMaxAnswerBytes = 2ULL << 30U;

// The three steps of one exchange; the first error ends it.
class Exchange {
   public:
    explicit Exchange(const ApiRequest& request) : stream_(loop_) {
        request_.version(11);
        request_.method_string(request.method);
        request_.target(request.target);
        request_.set(http::field::host, "localhost");
        if (!request.body.empty()) {
            request_.set(http::field::content_type, "application/json");
        }
        request_.keep_alive(false);
        request_.body() = request.body;
        request_.prepare_payload();
        parser_.body_limit(kMaxAnswerBytes);
    }

    beast::error_code run(const std::string& socket, std::chrono::seconds deadline) {
        stream_.expires_after(deadline);
        stream_.async_connect(Protocol::endpoint(socket), [this](beast::error_code error) {
            error_ = error;
            if (!error) {
                write();
            }
        });
        loop_.run();
        return error_;
    }

    ApiAnswer take_answer() {
        auto message = parser_.release();
        std::string not_enforced(message[kNotEnforcedHeader]);
        return {.status = message.result_int(), .body = std::move(message.body()), .not_enforced = std::move(not_enforced)};
    }

   private:
    void write() {
        http::async_write(stream_, request_, [this](beast::error_code error, std::size_t) {
            error_ = error;
            if (!error) {
                read();
            }
        });
    }
    void read() {
        http::async_read(stream_, buffer_, parser_, [this](beast::error_code error, std::size_t) { error_ = error; });
    }

    asio::io_context loop_;
    beast::basic_stream<Protocol> stream_;
    beast::flat_buffer buffer_;
    http::request<http::string_body> request_;
    http::response_parser<http::string_body> parser_;
    beast::error_code error_;
};

bool is_too_long(const std::string& socket) { return socket.size() >= sizeof(sockaddr_un::sun_path); }

}  // namespace

Result<ApiAnswer> call_api(const ApiRequest& request) {
    if (is_too_long(request.socket)) {
        return fail("cannot reach the daemon at " + request.socket + ": the path is longer than a unix socket's may be");
    }
    Exchange exchange(request);
    if (const beast::error_code error = exchange.run(request.socket, request.deadline)) {
        return fail("cannot reach the daemon at " + request.socket + ": " + error.message());
    }
    return exchange.take_answer();
}

bool is_daemon_listening(const std::string& socket) {
    if (is_too_long(socket)) {
        return false;
    }
    asio::io_context loop;
    Protocol::socket probe(loop);
    boost::system::error_code error;
    (void)probe.connect(Protocol::endpoint(socket), error);
    return !error;
}

}  // namespace portcullis
