// SPDX-License-Identifier: Apache-2.0
// portcullisd --metrics: what a scraper reads of real packets.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "tests/integration/live_host.h"
#include "tests/support/exposition.h"

namespace portcullis::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::uint16_t kMetrics = 9'100;

class Metrics : public LiveHost {
   protected:
    Metrics() {
        host.host().ip("link set lo up");
        more_flags = {"--metrics", std::to_string(kMetrics)};
        restart();
    }
    // The whole answer to a request at 127.0.0.1.
    [[nodiscard]] static std::string ask(const std::string& request) {
        const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(kMetrics);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const void* const generic = &address;
        EXPECT_EQ(::connect(fd.value(), static_cast<const sockaddr*>(generic), sizeof address), 0);
        EXPECT_EQ(::send(fd.value(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
        std::string answer;
        std::array<char, 4096> part{};
        for (ssize_t size = 0; (size = ::recv(fd.value(), part.data(), part.size(), 0)) > 0;) {
            answer.append(part.data(), static_cast<std::size_t>(size));
        }
        return answer;
    }
    [[nodiscard]] static Exposition scrape() {
        const std::string answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
        EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
        return read_exposition(std::string_view(answer).substr(answer.find("\r\n\r\n") + 4));
    }
};

TEST_P(Metrics, TellPacketsOfEachPortByReasonInTheExpositionFormat) {
    const UdpSocket client(host.instance(0), addresses[0], 0);
    const UdpSocket server(host.instance(1), addresses[1], kOpen);
    client.send(addresses[1], kClosed, "denied");
    converse(client, server, addresses[1], "allowed");
    // What is served is kept for a while: the event to wait for is the newer text.
    const std::string denied =
        "portcullis_port_packets_total{device=\"p2\",interface=\"eni-2\",direction=\"inbound\",reason=\"security_group\"}";
    ASSERT_TRUE(wait_until([&] { return scrape().samples.contains(denied); }));
    const Exposition read = scrape();
    EXPECT_THAT(read.faults, IsEmpty());
    EXPECT_GE(read.samples.at(denied), 1);
    EXPECT_GE(read.samples.at("portcullis_port_packets_total{device=\"p1\",interface=\"eni-1\",direction=\"outbound\",reason=\"passed\"}"),
              1);
    EXPECT_EQ(read.samples.at("portcullis_ports{state=\"enforced\"}"), 3);
    EXPECT_EQ(read.samples.at("portcullis_healthy"), 1);
    EXPECT_GT(read.samples.at("portcullis_last_apply_duration_seconds"), 0);
    EXPECT_GE(read.samples.at("portcullis_port_flows{device=\"p1\",interface=\"eni-1\"}"), 1);
}

TEST_P(Metrics, NothingElseIsToBeHadThere) {
    EXPECT_THAT(ask("GET /v1/status HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(ask("PUT /metrics HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"), StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(ask("PUT /v1/model HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(scrape().faults, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(BackEnds, Metrics, testing::Values("bpf", "nftables"), back_end_name);

}  // namespace
}  // namespace portcullis::test
