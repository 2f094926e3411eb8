// SPDX-License-Identifier: Apache-2.0
// B5: new TCP connections per second, opened and closed between two instances; and what one costs in the flow table alone.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <map>
#include <thread>

#include "tests/bench/live_path.h"
#include "tests/bench/machine.h"
#include "tests/bench/program_bench.h"
#include "tests/bench/questions.h"
#include "tests/bench/tcp_socket.h"

namespace portcullis::bench {
namespace {

using Kind = Peer::Kind;

constexpr std::size_t kInFlight = 64;
constexpr int kPatience_ms = 10'000;

UniqueFd make_epoll() {
    UniqueFd fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!fd.is_open()) {
        test::end_test_run("make an epoll instance");
    }
    return fd;
}

void watch(const UniqueFd& epoll, int fd, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    if (::epoll_ctl(epoll.value(), EPOLL_CTL_ADD, fd, &event) != 0) {
        test::end_test_run("watch a socket");
    }
}

// Calls `ready` with descriptors that are, until it says that it is over.
template <class Ready>
void wait_on(const UniqueFd& epoll, const Ready& ready) {
    std::array<epoll_event, kInFlight> events{};
    for (bool goes_on = true; goes_on;) {
        const int count = ::epoll_wait(epoll.value(), events.data(), static_cast<int>(events.size()), kPatience_ms);
        errno = count == 0 ? ETIMEDOUT : errno;
        if (count <= 0) {
            test::end_test_run("wait for connections");
        }
        for (int i = 0; i < count && goes_on; ++i) {
            goes_on = ready(events[static_cast<std::size_t>(i)].data.fd);
        }
    }
}

// Accepts and closes so many connections.
void serve(const std::vector<UniqueFd>& listeners, std::uint32_t connections) {
    stay_on_cpu(last_cpu());
    const UniqueFd epoll = make_epoll();
    for (const UniqueFd& listener : listeners) {
        watch(epoll, listener.value(), EPOLLIN);
    }
    std::uint32_t accepted = 0;
    wait_on(epoll, [&](int listener) {
        const UniqueFd one(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
        accepted += one.is_open() ? 1 : 0;
        return accepted < connections;
    });
}

// Connects and closes when the other side has, always several at once.
void demand(const test::NetNamespace& where, std::uint32_t connections) {
    const test::NetNamespace::Entered here = where.enter();
    const UniqueFd epoll = make_epoll();
    std::map<int, UniqueFd> sockets;
    std::uint32_t begun = 0, over = 0;
    const auto begin = [&] {
        UniqueFd socket = begin_to_connect(static_cast<std::uint16_t>(kAllowedPort + begun++ % kAllowedPorts));
        watch(epoll, socket.value(), EPOLLIN | EPOLLRDHUP);
        const int fd = socket.value();
        sockets.emplace(fd, std::move(socket));
    };
    while (begun < connections && begun < kInFlight) {
        begin();
    }
    wait_on(epoll, [&](int fd) {
        char byte = 0;
        if (::recv(fd, &byte, 1, 0) != 0) {
            test::end_test_run("have a connection closed");
        }
        sockets.erase(fd);
        if (begun < connections) {
            begin();
        }
        return ++over < connections;
    });
}

double connections_per_second(Peer& peer, const Effort& effort) {
    peer.forget_flows();
    std::vector<UniqueFd> listeners;
    for (std::uint16_t i = 0; i < kAllowedPorts; ++i) {
        listeners.push_back(listen_tcp(peer.host().instance(1), static_cast<std::uint16_t>(kAllowedPort + i)));
    }
    std::thread server([&] { serve(listeners, effort.connections); });
    const double took = seconds([&] {
        demand(peer.host().instance(0), effort.connections);
        server.join();
    });
    return effort.connections / took;
}

Table live(const Effort& effort) {
    std::vector<std::unique_ptr<Peer>> peers;
    std::vector<Contender> contenders;
    for (const Kind kind : {Kind::Bare, Kind::Ours, Kind::Conntrack}) {
        test::TestHostOptions options = bench_host();
        options.has_stacks = true;
        peers.push_back(std::make_unique<Peer>(kind, effort, options));
        Peer& peer = *peers.back();
        add_addresses(peer.host());
        for (std::size_t instance = 0; instance < 2; ++instance) {
            peer.host().instance(instance).set_sysctl("net/ipv4/ip_local_port_range", "1024 65535");
        }
        contenders.push_back({.name = peer.name(),
                              .sample = [&peer, &effort] { return connections_per_second(peer, effort); },
                              .budget = kind == Kind::Ours ? &budget::kConnections : nullptr});
    }
    stay_on_cpu(0);
    std::vector<Row> rows = interleave(contenders, effort.turns);
    stay_on_cpu(last_cpu());
    return {.id = "B5",
            .title = "TCP connections opened and closed between two instances",
            .unit = "per second",
            .ratio = Ratio::Of,
            .rows = std::move(rows)};
}

// SYN, SYN+ACK and ACK of every connection, through one port's two programs.
Table in_the_table(const Effort& effort) {
    ProgramBench bench(effort, 2 * std::uint64_t{effort.new_flows});
    bench.apply({.prefixes = effort.prefixes});
    ProgramRun out = bench.outbound(), in = bench.answers(), insertion = bench.peer(bench.programs().insert(Family::Ipv4));
    out.repeat = in.repeat = insertion.repeat = effort.new_flows;
    const Rotation there{.flows = effort.new_flows};
    const Rotation back{.flows = effort.new_flows, .ends = Rotation::Ends::Answer};
    const test::Bytes syn = tcp_frame(kAllowedPort, test::kSyn);
    const test::Bytes answer = answer_to(tcp_frame(kAllowedPort, test::kSyn | test::kAck));
    const test::Bytes ack = tcp_frame(kAllowedPort, test::kAck);
    const auto handshake = [&] {
        bench.forget_flows();
        return bench.programs().time_rotating(out, syn, there) + bench.programs().time_rotating(in, answer, back) +
               bench.programs().time_rotating(out, ack, there);
    };
    const auto insert = [&] {
        bench.programs().clear_flows();
        return bench.programs().time_rotating(insertion, syn, there);
    };
    return {.id = "B5",
            .title = "one TCP handshake in the flow table alone (the varying is in every row)",
            .unit = "ns",
            .ratio = Ratio::OfCost,
            .rows = interleave({{.name = "bare insertion into the same kind of table", .sample = insert},
                                {.name = "SYN, SYN+ACK and ACK through one port's programs", .sample = handshake}},
                               effort.turns)};
}

}  // namespace

Tables measure_connections(const Effort& effort) {
    Tables tables;
    tables.push_back(live(effort));
    tables.push_back(in_the_table(effort));
    return tables;
}

}  // namespace portcullis::bench
