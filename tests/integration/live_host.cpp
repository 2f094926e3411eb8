// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/live_host.h"

#include <csignal>
#include <filesystem>

#include "tests/integration/ports_model.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

json three_ports() {
    json model = model_of_ports({"p1", "p2", "p3"});
    json tcp = udp_from_members(5353, 5353);
    tcp["IpProtocol"] = "tcp";
    model["SecurityGroups"][0]["IpPermissions"] = json::array({udp_from_members(5353, 5353), tcp});
    model["Portcullis"].erase("Bridges");
    return model;
}

TestHostOptions three_instances() {
    TestHostOptions options{.ports = 3, .has_stacks = true};
    for (const char* const mac : {"02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"}) {
        options.instance_macs.push_back(*Mac::parse(mac));
    }
    return options;
}

}  // namespace

LiveHost::LiveHost() : model(three_ports()), host(three_instances()) {
    for (std::size_t i = 0; i < 3; ++i) {
        const std::string address = "10.0.1.1" + std::to_string(i + 1);
        host.instance(i).ip("addr add " + address + "/24 dev eth0");
        addresses[i] = *Address::parse(address);
    }
    write_model(model);
    restart();
}

void LiveHost::restart() {
    if (daemon) {
        daemon->signal(SIGTERM);
        EXPECT_EQ(daemon->wait(), 0);
    }
    std::vector<std::string> flags{"--model", directory.path("model.json"), "--backend", GetParam()};
    flags.insert(flags.end(), more_flags.begin(), more_flags.end());
    daemon = std::make_unique<DaemonProcess>(directory, flags);
    EXPECT_TRUE(daemon->wait_until_ready()) << daemon->log();
}

void LiveHost::write_model(const json& wanted) const {
    directory.write("model.new", wanted.dump());
    std::filesystem::rename(directory.path("model.new"), directory.path("model.json"));
}

json LiveHost::answer(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "--json");
    return portcullis(arguments).json();
}

std::string LiveHost::state_of(const std::string& device) const {
    const json status = answer({"status"});
    for (const json& port : status["Ports"]) {
        if (port["Device"] == device) {
            return port["State"];
        }
    }
    return "none";
}

void LiveHost::converse(const UdpSocket& from, const UdpSocket& to, const Address& destination, const std::string& text) const {
    from.send(destination, kOpen, text);
    std::optional<UdpSocket::Datagram> heard;
    ASSERT_TRUE(wait_until([&] { return (heard = to.receive()).has_value(); })) << text;
    EXPECT_EQ(heard->text, text);
    to.send(heard->sender, heard->port, "answer to " + text);
    ASSERT_TRUE(wait_until([&] { return (heard = from.receive()).has_value(); })) << text;
    EXPECT_EQ(heard->text, "answer to " + text);
}

bool LiveHost::arrives(const UdpSocket& to, const std::string& text) const {
    std::optional<UdpSocket::Datagram> heard;
    if (!wait_until([&] { return (heard = to.receive()).has_value(); }) || heard->text == text) {
        return heard.has_value();
    }
    ADD_FAILURE() << "what arrives is \"" << heard->text << "\"";
    return false;
}

std::string back_end_name(const testing::TestParamInfo<std::string>& parameter) { return parameter.param == "bpf" ? "Bpf" : "Nftables"; }

}  // namespace portcullis::test
