// SPDX-License-Identifier: Apache-2.0
// With metrics_server.cpp the one file of the daemon that includes Boost.Beast, which is dear to compile.
#include "tools/daemon/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "tools/daemon/peer_access.h"
#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;

constexpr std::size_t kMaxConnections = 64;
constexpr std::uint64_t kMaxBodyBytes = 1ULL << 30U;
constexpr std::uint32_t kMaxHeaderBytes = 16384;
constexpr std::chrono::seconds kHeaderDeadline{30};  // also how long an idle connection is kept
constexpr std::chrono::seconds kBodyDeadline{120};
constexpr std::chrono::seconds kAnswerDeadline{30};
constexpr std::chrono::seconds kAcceptPause{1};

}  // namespace

// One connection. Keeps itself alive through the handlers it has pending; ends when none is.
class ControlSocket::Session : public std::enable_shared_from_this<Session> {
   public:
    Session(Protocol::socket socket, std::optional<gid_t> group, std::shared_ptr<const Handler> handler, std::shared_ptr<Sessions> sessions)
        : peer_(peer_of(socket.native_handle())),
          is_allowed_(may_use_api(socket.native_handle(), group)),
          stream_(std::move(socket)),
          handler_(std::move(handler)),
          sessions_(std::move(sessions)),
          place_(sessions_->insert(sessions_->end(), this)) {}
    Session(const Session&) = delete;
    Session(Session&&) = delete;
    Session& operator=(const Session&) = delete;
    Session& operator=(Session&&) = delete;
    ~Session() { leave(); }

    enum class Phase : std::uint8_t { Idle, Body, Answer };  // nothing or not all of a header has come; of a body; there is an answer
    [[nodiscard]] Phase phase() const { return phase_; }
    // Its pending handler then finds the connection closed, and lets go of it.
    void give_way() {
        leave();
        stream_.close();
    }

    void read_header() {
        phase_ = Phase::Idle;
        sessions_->splice(sessions_->end(), *sessions_, *place_);
        parser_.emplace();
        parser_->body_limit(kMaxBodyBytes);
        parser_->header_limit(kMaxHeaderBytes);
        stream_.expires_after(kHeaderDeadline);
        http::async_read_header(stream_, buffer_, *parser_,
                                [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_header(error); });
    }

   private:
    void leave() {
        if (place_) {
            sessions_->erase(*place_);
            place_.reset();
        }
    }

    void on_header(beast::error_code error) {
        if (error == http::error::body_limit) {  // announced by Content-Length
            return answer({.status = 413, .body = R"({"Errors":[{"Message":"the body is larger than 1 GiB"}]})"}, false);
        }
        if (error) {
            return;  // gone, too slow, or not HTTP: nothing to answer
        }
        if (!is_allowed_) {
            return answer({.status = 403, .body = R"({"Errors":[{"Message":"only root and the group portcullis may use this socket"}]})"},
                          false);
        }
        phase_ = Phase::Body;
        stream_.expires_after(kBodyDeadline);
        http::async_read(stream_, buffer_, *parser_,
                         [self = shared_from_this()](beast::error_code failure, std::size_t) { self->on_body(failure); });
    }

    void on_body(beast::error_code error) {
        if (error == http::error::body_limit) {
            return answer({.status = 413, .body = R"({"Errors":[{"Message":"the body is larger than 1 GiB"}]})"}, false);
        }
        if (error) {
            return;
        }
        auto message = parser_->release();
        const bool keep_alive = message.keep_alive();
        answer((*handler_)({.method = std::string(message.method_string()),
                            .target = std::string(message.target()),
                            .if_match = std::string(message[http::field::if_match]),
                            .body = std::move(message.body()),
                            .peer = peer_}),
               keep_alive);
    }

    void answer(HttpResponse response, bool keep_alive) {
        phase_ = Phase::Answer;
        answer_ = {};
        answer_.version(11);
        answer_.result(response.status);
        answer_.set(http::field::content_type, response.content_type);
        if (!response.not_enforced.empty()) {
            answer_.set(kNotEnforcedHeader, printable(response.not_enforced));
        }
        if (response.etag) {
            answer_.set(http::field::etag, '"' + std::to_string(*response.etag) + '"');
        }
        answer_.keep_alive(keep_alive);
        answer_.body() = std::move(response.body);
        answer_.prepare_payload();
        stream_.expires_after(kAnswerDeadline);
        http::async_write(stream_, answer_, [self = shared_from_this(), keep_alive](beast::error_code error, std::size_t) {
            if (!error && keep_alive) {
                self->read_header();
            }
        });
    }

    Peer peer_;
    bool is_allowed_;
    beast::basic_stream<Protocol> stream_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> answer_;
    std::shared_ptr<const Handler> handler_;
    std::shared_ptr<Sessions> sessions_;
    std::optional<Sessions::iterator> place_;  // none: it gave way
    Phase phase_ = Phase::Idle;
};

namespace {

// A socket that nobody listens on is left over from a daemon that died.
Result<> remove_stale(asio::io_context& loop, const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        return errno == ENOENT ? Result<>{} : fail(Error::from_errno("cannot look at " + path, errno));
    }
    if (!S_ISSOCK(info.st_mode)) {
        return fail("cannot listen on " + path + ": something that is not a socket is there");
    }
    Protocol::socket probe(loop);
    boost::system::error_code error;
    (void)probe.connect(path, error);
    if (error != asio::error::connection_refused) {
        return fail("cannot listen on " + path + ": another process does");
    }
    return ::unlink(path.c_str()) == 0 ? Result<>{} : fail(Error::from_errno("cannot remove the stale socket " + path, errno));
}

Result<> make_directory(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
    return error ? fail(Error::from_errno("cannot make the directory of " + path, error.value())) : Result<>{};
}

void give_to_group(const std::string& path, std::optional<gid_t> group) {
    if (group) {
        (void)::chown(path.c_str(), static_cast<uid_t>(-1), *group);  // refused without the right: then root alone may connect
    }
}

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(asio::io_context& loop, const std::string& path, Handler handler) {
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        return fail("cannot listen on " + path + ": the path is longer than a unix socket's may be (107 bytes)");
    }
    Result<> ready = make_directory(path);
    if (ready) {
        ready = remove_stale(loop, path);
    }
    if (!ready) {
        return fail(ready.error());
    }
    Protocol::acceptor acceptor(loop);
    boost::system::error_code error;
    (void)acceptor.open(Protocol(), error);
    const mode_t mask = ::umask(0117);  // the socket is never open to others, not even between bind and chmod
    if (!error) {
        (void)acceptor.bind(Protocol::endpoint(path), error);
    }
    (void)::umask(mask);
    if (error) {
        return fail(Error::from_errno("cannot listen on " + path, error.value()));
    }
    const std::optional<gid_t> group = api_group();
    give_to_group(path, group);
    (void)acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        return fail(Error::from_errno("cannot listen on " + path, error.value()));
    }
    return std::unique_ptr<ControlSocket>(new ControlSocket(std::move(acceptor), path, group, std::move(handler)));
}

ControlSocket::ControlSocket(Protocol::acceptor acceptor, std::string path, std::optional<gid_t> group, Handler handler)
    : acceptor_(std::move(acceptor)),
      pause_(acceptor_.get_executor()),
      path_(std::move(path)),
      group_(group),
      handler_(std::make_shared<const Handler>(std::move(handler))),
      sessions_(std::make_shared<Sessions>()) {
    accept_next();
}

ControlSocket::~ControlSocket() { (void)::unlink(path_.c_str()); }

void ControlSocket::accept_next() {
    acceptor_.async_accept([this](boost::system::error_code error, Protocol::socket socket) {
        if (error != asio::error::operation_aborted) {
            accepted(error.failed() ? std::nullopt : std::optional(std::move(socket)));
        }
    });
}

// At the limit a connection gives way whose request is not all there, so that who only holds connections open keeps nobody out: one that is
// idle rather than one whose body is on its way, and the one that has waited longest.
void ControlSocket::make_room() {
    for (const Session::Phase phase : {Session::Phase::Idle, Session::Phase::Body}) {
        const auto found = std::ranges::find(*sessions_, phase, &Session::phase);
        if (sessions_->size() >= kMaxConnections && found != sessions_->end()) {
            (*found)->give_way();
        }
    }
}

// Where all have answers under way, the new one is closed at once rather than queued: whoever waits learns it. None: no descriptor or
// memory was left; trying again at once would only spin.
void ControlSocket::accepted(std::optional<Protocol::socket> socket) {
    if (socket) {
        make_room();
    }
    if (socket && sessions_->size() < kMaxConnections) {
        std::make_shared<Session>(std::move(*socket), group_, handler_, sessions_)->read_header();
    }
    if (socket) {
        accept_next();
        return;
    }
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](boost::system::error_code stopped) {
        if (!stopped) {
            accept_next();
        }
    });
}

}  // namespace portcullis
