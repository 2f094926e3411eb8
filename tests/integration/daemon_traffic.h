// SPDX-License-Identifier: Apache-2.0
// A daemon that enforces two instances on a bridge, and datagrams between them: one port is open, the other closed.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/daemon_process.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/stacks.h"
#include "tests/support/test_host.h"

namespace portcullis::test {

inline constexpr std::uint16_t kOpen = 5353, kClosed = 5354;

// eni-1 and eni-2 on p1 and p2: out to anywhere, in by UDP kOpen from each other.
[[nodiscard]] nlohmann::json two_ports();

class DaemonTraffic : public testing::Test {
   protected:
    DaemonTraffic() { write_model(two_ports()); }
    // Before the sockets are bound to them.
    [[nodiscard]] Address address_of(std::size_t instance) const {
        const std::string address = "10.0.1.1" + std::to_string(instance + 1);
        host.instance(instance).ip("addr add " + address + "/24 dev eth0");
        return *Address::parse(address);
    }
    void write_model(const nlohmann::json& model) const { directory.write("model.json", model.dump()); }
    [[nodiscard]] std::vector<std::string> with(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments{"--model", directory.path("model.json")};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    [[nodiscard]] nlohmann::json status() const { return run_portcullis(directory, {"--json", "status"}).json(); }
    // Denied packets to p2.
    [[nodiscard]] std::uint64_t denied() const {
        const nlohmann::json answer = status();
        for (const nlohmann::json& port : answer["Ports"]) {
            for (const nlohmann::json& drop : port["Drops"]) {
                if (port["Device"] == "p2" && drop["Reason"] == "security_group" && drop["Direction"] == "inbound") {
                    return drop["Packets"];
                }
            }
        }
        return 0;
    }
    void ask(std::uint16_t port, std::string_view text) const { client.send(server_address, port, text); }
    // What comes last is legal and arrives; what was sent before and is forbidden did not.
    void expect_enforced(const std::string& text) const {
        ask(kClosed, text);
        ask(kOpen, text);
        std::optional<UdpSocket::Datagram> heard;
        EXPECT_TRUE(wait_until([&] { return (heard = open.receive()).has_value() && heard->text == text; })) << text;
        EXPECT_FALSE(closed.receive()) << text;
    }

    PrivateBpffs bpffs;
    TestHost host{{.ports = 2, .has_stacks = true, .instance_macs = {*Mac::parse("02:00:00:00:00:01"), *Mac::parse("02:00:00:00:00:02")}}};
    NetNamespace::Entered entered = host.host().enter();
    TemporaryDirectory directory;
    Address client_address = address_of(0), server_address = address_of(1);
    UdpSocket client{host.instance(0), client_address, 0};
    UdpSocket open{host.instance(1), server_address, kOpen}, closed{host.instance(1), server_address, kClosed};
};

}  // namespace portcullis::test
