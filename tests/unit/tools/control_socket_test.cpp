// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/control_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <thread>
#include <vector>

#include "tests/support/netns.h"
#include "tests/support/raw_client.h"
#include "tests/support/temporary_directory.h"
#include "tools/cli/client.h"

namespace portcullis {
namespace {

using test::RawClient;
using testing::HasSubstr;
using testing::StartsWith;

// The loop runs on a thread of its own, so that clients may block.
class ControlSocketTest : public testing::Test {
   protected:
    ControlSocketTest() {
        auto opened = ControlSocket::open(loop, path, [this](HttpRequest request) {
            last = std::move(request);
            ++requests;
            return HttpResponse{.status = 200, .body = last.target == "/large" ? std::string(kLarge, ' ') : "{}", .etag = 7};
        });
        if (!opened) {
            std::abort();
        }
        socket = std::move(*opened);
        thread = std::thread([this] { loop.run(); });
    }
    ~ControlSocketTest() override {
        loop.stop();
        thread.join();
    }

    static constexpr int kLimit = 64;                 // connections at once
    static constexpr std::size_t kLarge = 8U << 20U;  // more than a socket takes at once
    test::TemporaryDirectory directory;
    std::string path = directory.path("run/socket");
    boost::asio::io_context loop;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{loop.get_executor()};
    std::atomic<int> requests{0};  // that were handed over
    HttpRequest last;              // written by the loop's thread before it answers, read after the answer
    std::unique_ptr<ControlSocket> socket;
    std::thread thread;
};

TEST_F(ControlSocketTest, HandsOverTheRequestAndWhoMadeIt) {
    const auto answer = call_api({.socket = path, .method = "PUT", .target = "/v1/model", .body = "[]"});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200U);
    EXPECT_EQ(answer->body, "{}");
    EXPECT_EQ(last.method, "PUT");
    EXPECT_EQ(last.target, "/v1/model");
    EXPECT_EQ(last.body, "[]");
    EXPECT_EQ(last.peer.uid, ::getuid());
    EXPECT_EQ(last.peer.pid, ::getpid());
}

TEST_F(ControlSocketTest, HeadersOfConditionsPass) {
    const RawClient client(path);
    client.send("GET / HTTP/1.1\r\nHost: x\r\nIf-Match: \"3\"\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.receive(), HasSubstr("ETag: \"7\"\r\n"));
    EXPECT_EQ(last.if_match, "\"3\"");
}

TEST_F(ControlSocketTest, StuckClientHoldsUpNobody) {
    const RawClient half_header(path);
    half_header.send("PUT /v1/model HT");
    const RawClient half_body(path);
    half_body.send("PUT /v1/model HTTP/1.1\r\nContent-Length: 100\r\n\r\n{");
    EXPECT_TRUE(call_api({.socket = path, .target = "/v1/status"}));
}

TEST_F(ControlSocketTest, BodyThatIsCutShortIsNeverHandedOver) {
    {
        const RawClient dying(path);
        dying.send("PUT /v1/model HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}");
    }
    {
        const RawClient dying(path);
        dying.send("PUT /v1/model HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n");
    }
    const RawClient whole(path);
    whole.send("PUT /v1/model HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
    EXPECT_THAT(whole.receive(), StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(requests, 1);
    EXPECT_EQ(last.body, "{}");
}

TEST_F(ControlSocketTest, ClientThatDoesNotReadItsAnswerHoldsUpNobody) {
    const RawClient deaf(path);
    deaf.send("GET /large HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(call_api({.socket = path, .target = "/v1/status"}));
    EXPECT_EQ(requests, 2);
    EXPECT_GT(deaf.receive().size(), kLarge);
}

TEST_F(ControlSocketTest, ClientThatLeavesDuringItsAnswerHurtsNobody) {
    for (int i = 0; i < 100; ++i) {  // more than there may be connections at once: each is given up
        const RawClient leaving(path);
        leaving.send("GET /large HTTP/1.1\r\n\r\n");
    }
    EXPECT_TRUE(test::wait_until([this] { return call_api({.socket = path, .target = "/"}).has_value(); }));
}

TEST_F(ControlSocketTest, WhatIsNotHttpIsDisconnected) {
    const RawClient client(path);
    client.send("\x01\x02 what\r\n\r\n");
    EXPECT_EQ(client.receive(), "");
}

TEST_F(ControlSocketTest, HeaderWithoutEndIsDisconnected) {
    const RawClient client(path);
    client.send("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x'));
    EXPECT_EQ(client.receive(), "");
}

TEST_F(ControlSocketTest, BodyAboveTheLimitIsRefusedBeforeItIsRead) {
    const RawClient client(path);
    client.send("PUT /v1/model HTTP/1.1\r\nContent-Length: 2000000000\r\n\r\n");
    EXPECT_THAT(client.receive(), StartsWith("HTTP/1.1 413 "));
    EXPECT_EQ(last.method, "");
}

TEST_F(ControlSocketTest, AtTheLimitTheConnectionThatWasIdleLongestGivesWay) {
    std::vector<std::unique_ptr<RawClient>> idle;
    for (int i = 0; i < kLimit; ++i) {
        idle.push_back(std::make_unique<RawClient>(path));
        idle.back()->send("PUT / HT");
    }
    EXPECT_TRUE(call_api({.socket = path, .target = "/"}));
    EXPECT_EQ(idle.front()->receive(), "");
    for (int i = 1; i < kLimit; ++i) {
        idle[static_cast<std::size_t>(i)]->send("TP/1.1\r\nConnection: close\r\n\r\n");
        EXPECT_THAT(idle[static_cast<std::size_t>(i)]->receive(), StartsWith("HTTP/1.1 200 ")) << i;
    }
}

TEST_F(ControlSocketTest, BodyOnItsWayGivesWayAfterAllIdleOnes) {
    const RawClient uploading(path);
    uploading.send("PUT / HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{");
    EXPECT_TRUE(call_api({.socket = path, .target = "/"}));  // after it: its header has been read
    std::vector<std::unique_ptr<RawClient>> idle;
    for (int i = 0; i < kLimit; ++i) {
        idle.push_back(std::make_unique<RawClient>(path));
    }
    EXPECT_EQ(idle.front()->receive(), "");
    uploading.send("}");
    EXPECT_THAT(uploading.receive(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ControlSocketTest, ConnectionsAboveTheLimitAreClosedAtOnceWhereAllAreBeingAnswered) {
    std::vector<std::unique_ptr<RawClient>> deaf;
    for (int i = 0; i < kLimit; ++i) {
        deaf.push_back(std::make_unique<RawClient>(path));
        deaf.back()->send("GET /large HTTP/1.1\r\nConnection: close\r\n\r\n");
    }
    EXPECT_TRUE(test::wait_until([this] { return requests == kLimit; }));
    EXPECT_EQ(RawClient(path).receive(), "");
    EXPECT_GT(deaf.back()->receive().size(), kLarge);  // its answer, whole, and the end: it made room
    EXPECT_TRUE(call_api({.socket = path, .target = "/"}));
}

TEST_F(ControlSocketTest, SocketThatAnswersIsNotTakenOver) {
    boost::asio::io_context other;
    const auto second = ControlSocket::open(other, path, [](const HttpRequest&) { return HttpResponse{}; });
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("another process does"));
    EXPECT_TRUE(call_api({.socket = path, .target = "/"}));
}

TEST_F(ControlSocketTest, SomethingElseAtThePathIsLeftAlone) {
    directory.write("file", "precious");
    boost::asio::io_context other;
    EXPECT_FALSE(ControlSocket::open(other, directory.path("file"), [](const HttpRequest&) { return HttpResponse{}; }));
    EXPECT_TRUE(std::filesystem::is_regular_file(directory.path("file")));
}

TEST_F(ControlSocketTest, PathThatASocketCannotHaveIsAnError) {
    boost::asio::io_context other;
    EXPECT_FALSE(ControlSocket::open(other, directory.path(std::string(200, 'x')), [](const HttpRequest&) { return HttpResponse{}; }));
}

}  // namespace
}  // namespace portcullis
