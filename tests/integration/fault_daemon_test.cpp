// SPDX-License-Identifier: Apache-2.0
// F20, F23, F24, F27: a daemon that stands still, whose clients keep it busy, that is exchanged for another, and whose back end is, while
// the probes run.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>
#include <deque>

#include "fallback/nft_standing.h"
#include "tests/integration/fault_host.h"
#include "tests/support/build_stamp.h"

namespace portcullis::test {
namespace {

class FaultDaemon : public FaultHost {
   protected:
    void terminate() {
        daemon->signal(SIGTERM);
        EXPECT_EQ(daemon->wait(), 0) << daemon->log();
    }
    // Of one that speaks or not as it likes.
    [[nodiscard]] UniqueFd connect_to_api() const {
        UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = directory.path("socket");
        path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
        const void* generic = &address;
        if (::connect(fd.value(), static_cast<const sockaddr*>(generic), sizeof address) != 0) {
            end_test_run("connect to the API");
        }
        return fd;
    }
    static void say(const UniqueFd& client, std::string_view text) { (void)::send(client.value(), text.data(), text.size(), MSG_NOSIGNAL); }
};

// Three times as many flows begin as a port may have that are not answered: the data path alone makes the room. Where those that were
// answered stand before the oldest one that was not, it looks at eight of them for one packet (bpf/room.h), which may be refused: a
// datagram here and there.
TEST_F(FaultDaemon, ThatStandsStillKeepsNobodyFromConnectingThoughFlowsComeAndGo) {
    constexpr int kQuota = 128;
    ASSERT_NO_FATAL_FAILURE(begin());
    nlohmann::json model = fault_model(0);
    model["Portcullis"]["Quotas"] = {{"HalfOpenPerPort", kQuota}};
    apply(model);
    daemon->signal(SIGSTOP);
    const UdpSocket server(host.instance(1), probe_address(1, Family::Ipv6), kOpenProbe);
    const int quotas = count(3);
    int arrived = 0;
    for (int sent = 0; sent < quotas * kQuota; ++sent) {
        const UdpSocket client(host.instance(0), probe_address(0, Family::Ipv6), 0);
        client.send(probe_address(1, Family::Ipv6), kOpenProbe, "hello");
        while (server.receive()) {
            ++arrived;
        }
    }
    ASSERT_TRUE(wait_until([&] { return (arrived += server.receive() ? 1 : 0) > (quotas - 1) * kQuota; })) << arrived;
    daemon->signal(SIGCONT);
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultDaemon, WhoseClientsHangFloodAndLeaveServesOthersAndGoesOnEnforcing) {
    ASSERT_NO_FATAL_FAILURE(begin());
    std::deque<UniqueFd> clients;
    for (int done = 0; done < count(200); ++done) {
        clients.push_back(connect_to_api());
        switch (done % 4) {
            case 0:  // says nothing
                break;
            case 1:  // a part of a body
                say(clients.back(), "PUT /v1/model HTTP/1.1\r\nContent-Length: 100\r\n\r\n{");
                break;
            case 2:  // asks, and leaves
                say(clients.back(), "GET /v1/model HTTP/1.1\r\n\r\n");
                clients.pop_back();
                break;
            default:  // asks, and does not read
                say(clients.back(), "GET /v1/model HTTP/1.1\r\n\r\n");
        }
        if (done % 20 == 0) {
            apply(fault_model(static_cast<unsigned>(done) / 20 % 7));
        }
    }
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 0);
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultDaemon, ThatIsExchangedForAnotherLetsNothingThroughAndLosesNothing) {
    ASSERT_NO_FATAL_FAILURE(begin());
    for (int done = 0; done < count(3) && !HasFailure(); ++done) {
        terminate();
        if (done % 2 == 0) {
            pretend_another_build(PrivateBpffs::directory());  // so that programs are replaced, else gone on with
        }
        ASSERT_NO_FATAL_FAILURE(start());
        expect_kernel_equals_model();
    }
    end_probes();
    expect_kernel_equals_model();
}

// TCP that goes on is picked up in mid-stream by the other back end.
TEST_F(FaultDaemon, WhoseBackEndIsExchangedLetsNothingThroughAndLosesNothing) {
    ASSERT_NO_FATAL_FAILURE(begin({"--backend", "bpf"}));
    for (int done = 0; done < count(1) && !HasFailure(); ++done) {
        for (const std::string name : {"nftables", "bpf"}) {
            terminate();
            ASSERT_NO_FATAL_FAILURE(start({"--backend", name}));
            EXPECT_TRUE(wait_until([&] { return nft_stands().value_or(false) == (name == "nftables"); })) << name;
            expect_kernel_equals_model();
        }
    }
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
