// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/fault_host.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace portcullis::test {
namespace {

using nlohmann::json;

unsigned number_of(const char* variable, unsigned usual) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? usual : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

}  // namespace

FaultHost::FaultHost()
    : host({.ports = 2, .has_stacks = true, .instance_macs = {probe_mac(0), probe_mac(1)}}),
      random_(number_of("PORTCULLIS_FAULT_SEED", 7001)) {
    std::printf("PORTCULLIS_FAULT_SEED=%u\n", number_of("PORTCULLIS_FAULT_SEED", 7001));
    for (std::size_t i = 0; i < host.port_count(); ++i) {
        host.instance(i).ip("addr add " + probe_address(i, Family::Ipv4).to_string() + "/24 dev eth0\naddr add " +
                            probe_address(i, Family::Ipv6).to_string() + "/64 dev eth0 nodad");
    }
    flood_ = std::make_unique<ForbiddenFlood>(host);
    flood_->wait_until_delivered();
}

void FaultHost::start(const std::vector<std::string>& more) {
    std::vector<std::string> flags{"--log-level", "debug"};
    flags.insert(flags.end(), more.begin(), more.end());
    daemon = std::make_unique<DaemonProcess>(directory, flags);
    ASSERT_TRUE(daemon->wait_until_ready()) << daemon->log();
}

void FaultHost::kill() {
    daemon->signal(SIGKILL);
    EXPECT_EQ(daemon->wait(), 128 + SIGKILL) << daemon->log();
}

Result<ApiAnswer> FaultHost::put_model(const json& model) const {
    return call_api({.socket = directory.path("socket"), .method = "PUT", .target = "/v1/model", .body = model.dump()});
}

void FaultHost::apply(const json& model) const {
    const Result<ApiAnswer> answer = put_model(model);
    ASSERT_TRUE(answer) << (answer ? "" : answer.error().message);
    ASSERT_EQ(answer->status, 200U) << answer->body;
}

json FaultHost::status() const {
    const Result<ApiAnswer> answer = call_api({.socket = directory.path("socket"), .target = "/v1/status"});
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    return answer ? json::parse(answer->body) : json::object();
}

std::string FaultHost::state_of(const std::string& device) const {
    const json answer = status();
    for (const json& port : answer.value("Ports", json::array())) {
        if (port["Device"] == device) {
            return port["State"];
        }
    }
    return "none";
}

// Of all reasons: packets to the second instance, and those that the first one may not send.
std::uint64_t FaultHost::dropped() const {
    std::uint64_t packets = 0;
    const json answer = status();
    for (const json& port : answer.value("Ports", json::array())) {
        for (const json& drop : port["Drops"]) {
            packets += drop["Packets"].get<std::uint64_t>();
        }
    }
    return packets;
}

void FaultHost::begin(const std::vector<std::string>& more) {
    start(more);
    apply(fault_model(0));
    if (HasFatalFailure()) {
        return;
    }
    flood_->begin_counting();
    const std::uint64_t so_far = dropped();
    ASSERT_TRUE(wait_until([&] { return dropped() > so_far; })) << "the flood does not come to the ports";
    conversations_ = std::make_unique<AllowedConversations>(host);
}

void FaultHost::wait_for_connections() const {
    const std::uint64_t so_far = conversations_->connections();
    EXPECT_TRUE(wait_until([&] { return conversations_->connections() > so_far + 2; })) << "no connection comes about any more";
}

void FaultHost::end_probes() {
    const std::uint64_t so_far = dropped();
    EXPECT_TRUE(wait_until([&] { return dropped() > so_far; })) << "the flood does not come to the ports any more";
    // What was lost is sent again after seconds.
    const std::uint64_t connections = conversations_->connections();
    EXPECT_TRUE(wait_until([&] { return conversations_->connections() > connections; })) << "no connection comes about any more";
    flood_->stop();
    conversations_->stop();
    std::printf(
        "forbidden packets sent %llu, delivered %llu; streams: bytes %llu, back %llu, broken %llu; connections %llu, refused %llu\n",
        static_cast<unsigned long long>(flood_->sent()), static_cast<unsigned long long>(flood_->delivered()),
        static_cast<unsigned long long>(conversations_->sent()), static_cast<unsigned long long>(conversations_->returned()),
        static_cast<unsigned long long>(conversations_->broken()), static_cast<unsigned long long>(conversations_->connections()),
        static_cast<unsigned long long>(conversations_->refused()));
    EXPECT_GT(flood_->sent(), 0U);
    EXPECT_EQ(flood_->delivered(), 0U);
    EXPECT_GT(conversations_->sent(), 0U);
    EXPECT_EQ(conversations_->returned(), conversations_->sent());
    EXPECT_EQ(conversations_->broken(), 0U);
    EXPECT_GT(conversations_->connections(), 0U);
    EXPECT_EQ(conversations_->refused(), 0U);
}

void FaultHost::expect_kernel_equals_model() const {
    const ProgramOutcome verified = run_portcullis(directory, {"verify"});
    EXPECT_EQ(verified.status, 0) << verified.output;
    expect_same_model_writes_nothing();
}

void FaultHost::expect_same_model_writes_nothing() const {
    const Result<ApiAnswer> model = call_api({.socket = directory.path("socket"), .target = "/v1/model"});
    ASSERT_TRUE(model);
    apply(json::parse(model->body));
    const std::string log = daemon->log();
    const std::size_t last = log.rfind("kernel writes: ");
    ASSERT_NE(last, std::string::npos) << log;
    EXPECT_EQ(log.substr(last, log.find('\n', last) - last), "kernel writes: 0");
}

int FaultHost::count(int usual) { return static_cast<int>(number_of("PORTCULLIS_FAULT_COUNT", static_cast<unsigned>(usual))); }

void FaultHost::say_progress(int done, int of) {
    if (done % 100 == 0) {
        std::printf("%d of %d\n", done, of);
        (void)std::fflush(stdout);
    }
}

}  // namespace portcullis::test
