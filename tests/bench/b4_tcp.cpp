// SPDX-License-Identifier: Apache-2.0
// B4: TCP between two instances: one stream in bulk (iperf3), and a ping-pong of one byte.
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/bench/live_path.h"
#include "tests/bench/machine.h"
#include "tests/bench/questions.h"
#include "tests/bench/sampling.h"
#include "tests/bench/tcp_socket.h"
#include "tests/support/command_output.h"

namespace portcullis::bench {
namespace {

using Kind = Peer::Kind;

struct Closed {
    void operator()(FILE* file) const { (void)::pclose(file); }  // waits for the program
};

// Gbit/s of one stream.
double bulk(const Peer& peer, const Effort& effort) {
    std::unique_ptr<FILE, Closed> server;
    {
        const test::NetNamespace::Entered there = peer.host().instance(1).enter();
        const std::string command = "iperf3 -s -1 --forceflush -p " + std::to_string(kAllowedPort);
        server.reset(::popen(command.c_str(), "re"));
    }
    char line[256];
    do {
        if (!server || std::fgets(line, sizeof line, server.get()) == nullptr) {
            test::end_test_run("start iperf3");
        }
    } while (std::strstr(line, "listening") == nullptr);
    const test::NetNamespace::Entered here = peer.host().instance(0).enter();
    const std::string report = test::output_of("iperf3 -J -c 198.51.100.1 -p " + std::to_string(kAllowedPort) + " -A 0," +
                                               std::to_string(last_cpu()) + " " + effort.bulk);
    const nlohmann::json read = nlohmann::json::parse(report, nullptr, false);
    if (read.is_discarded() || !read.contains("end") || !read["end"].contains("sum_received")) {
        errno = EIO;
        test::end_test_run("read iperf3's report: " + report);
    }
    return read["end"]["sum_received"]["bits_per_second"].get<double>() / 1e9;
}

void set_offloads(const test::NetNamespace& where, const std::string& device, bool are_on) {
    const test::NetNamespace::Entered here = where.enter();
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (const std::uint32_t command : {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO}) {
        ethtool_value value{.cmd = command, .data = are_on ? 1U : 0U};
        ifreq request{};
        device.copy(request.ifr_name, IFNAMSIZ - 1);
        request.ifr_data = reinterpret_cast<char*>(&value);
        if (::ioctl(socket.value(), SIOCETHTOOL, &request) != 0) {
            test::end_test_run("set the offloads of " + device);
        }
    }
}

// Microseconds of one round trip.
double ping_pong(const Peer& peer, const Effort& effort) {
    const UniqueFd listener = listen_tcp(peer.host().instance(1), kAllowedPort);
    std::thread answering([&] {
        stay_on_cpu(0);
        const UniqueFd accepted = accept_tcp(listener);
        for (char byte = 0; ::recv(accepted.value(), &byte, 1, 0) == 1;) {
            (void)::send(accepted.value(), &byte, 1, MSG_NOSIGNAL);  // the other side notices what does not come
        }
    });
    const UniqueFd socket = connect_tcp(peer.host().instance(0), kAllowedPort);
    bool is_complete = true;
    const double took = seconds([&] {
        for (std::uint32_t i = 0; i < effort.round_trips && is_complete; ++i) {
            char byte = 1;
            is_complete = ::send(socket.value(), &byte, 1, MSG_NOSIGNAL) == 1 && ::recv(socket.value(), &byte, 1, 0) == 1;
        }
    });
    if (!is_complete) {
        test::end_test_run("go to and fro");
    }
    (void)::shutdown(socket.value(), SHUT_WR);  // ends the thread
    answering.join();
    return took * 1e6 / effort.round_trips;
}

}  // namespace

Tables measure_tcp(const Effort& effort) {
    std::vector<std::unique_ptr<Peer>> peers;
    for (const Kind kind : {Kind::Bare, Kind::Ours, Kind::Conntrack}) {
        test::TestHostOptions options = bench_host();
        options.has_stacks = true;
        peers.push_back(std::make_unique<Peer>(kind, effort, options));
        add_addresses(peers.back()->host());
    }
    const auto rows_of = [&](double (*sample)(const Peer&, const Effort&), const Budget* budget) {
        std::vector<Contender> contenders;
        for (const auto& peer : peers) {
            contenders.push_back({.name = peer->name(), .sample = [&, sample] { return sample(*peer, effort); }});
        }
        contenders[1].budget = budget;
        return interleave(contenders, effort.turns);
    };
    Tables tables;
    tables.push_back(
        {.id = "B4", .title = "one TCP byte to and fro", .unit = "µs", .ratio = Ratio::OfCost, .rows = rows_of(ping_pong, nullptr)});
    for (const bool are_on : {true, false}) {
        for (const auto& peer : peers) {
            for (std::size_t port = 0; port < 2; ++port) {
                set_offloads(peer->host().host(), test::TestHost::port_device(port), are_on);
                set_offloads(peer->host().instance(port), peer->host().instance_device(port), are_on);
            }
        }
        tables.push_back({.id = "B4",
                          .title = std::string("one TCP stream, offloads ") + (are_on ? "on" : "off"),
                          .unit = "Gbit/s",
                          .ratio = Ratio::Of,
                          .rows = rows_of(bulk, are_on ? &budget::kBulk : &budget::kBulkPlain)});
    }
    return tables;
}

}  // namespace portcullis::bench
