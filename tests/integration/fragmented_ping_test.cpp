// SPDX-License-Identifier: Apache-2.0
// Echo requests larger than a link takes: stacks cut them and their answers into fragments, of which only the first says what they are.
// The group that admits the request admits all of it, in either direction; one that does not, nothing of it, not a single fragment.
#include <gtest/gtest.h>

#include "tests/integration/bridge_network.h"
#include "tests/support/raw_socket.h"
#include "tests/support/stacks.h"

namespace portcullis::test {
namespace {

constexpr std::size_t kDataBytes = 4000;
constexpr std::uint64_t kFragments = 3;  // of 1500 bytes
constexpr std::size_t kControlBytes = 200;

// The server may ping the client as the client may ping it; far, of a group of its own, is open to neither.
Model pinging_model() {
    Model model = bridge_network_model();
    SecurityGroup closed{.id = "sg-closed", .name = "closed", .vpc_id = "vpc-1", .rules = {}, .position = {}};
    model.security_groups.push_back(closed);
    model.network_interfaces.at(kFar).group_ids = {"sg-closed"};
    for (SecurityGroup& group : model.security_groups) {
        if (group.id == "sg-closed") {
            continue;
        }
        const Direction direction = group.id == "sg-server" ? Direction::Outbound : Direction::Inbound;
        const std::string peer = group.id == "sg-server" ? "sg-client" : "sg-server";
        auto& rules = group.rules[static_cast<std::size_t>(direction)];
        rules.push_back(
            {.id = {}, .traffic = {.protocol = 1, .icmp_type = 8, .icmp_code = 0}, .source = GroupReference{peer}, .position = {}});
        rules.push_back(
            {.id = {}, .traffic = {.protocol = 58, .icmp_type = 128, .icmp_code = 0}, .source = GroupReference{peer}, .position = {}});
    }
    return model;
}

class FragmentedPing : public testing::TestWithParam<StackSetting> {
   protected:
    FragmentedPing() { network_.host().apply(pinging_model()); }

    [[nodiscard]] static Address address(std::size_t instance) { return address_of(instance, GetParam().family); }
    // Told from each other by the identifier.
    static constexpr std::uint16_t kAdmitted = 21, kForbidden = 22;
    [[nodiscard]] PingSocket socket_of(std::size_t instance, std::uint16_t identifier) const {
        return {network_.instance(instance), address(instance), identifier};
    }

    // Answered in full, and by fragments: the port of whoever is asked passed all of them both ways.
    void expect_answered(std::size_t from, std::size_t to) {
        const PingSocket socket = socket_of(from, kAdmitted);
        const std::uint64_t asked = network_.count(to, Direction::Inbound, PC_REASON_passed);
        const std::uint64_t answered = network_.count(to, Direction::Outbound, PC_REASON_passed);
        socket.send(address(to), 5, kDataBytes);
        std::optional<std::uint16_t> sequence;
        EXPECT_TRUE(wait_until([&] { return (sequence = socket.receive()).has_value(); }));
        EXPECT_EQ(sequence, 5);
        EXPECT_GE(network_.count(to, Direction::Inbound, PC_REASON_passed), asked + kFragments);
        EXPECT_GE(network_.count(to, Direction::Outbound, PC_REASON_passed), answered + kFragments);
    }
    // Whether anything the size of a fragment has arrived.
    [[nodiscard]] static bool has_fragment(const RawSocket& wire) {
        while (const std::optional<Bytes> frame = wire.receive()) {
            if (frame->size() > kControlBytes) {
                return true;
            }
        }
        return false;
    }

    BridgeNetwork network_{GetParam().network};
};

TEST_P(FragmentedPing, IsAnsweredBothWays) {
    expect_answered(kClient, kServer);
    expect_answered(kServer, kClient);
}

TEST_P(FragmentedPing, LeavesNoFragmentWithAPeerWhoseGroupsAdmitNone) {
    const RawSocket far_wire(network_.instance(kFar), "eth0");
    const RawSocket server_wire(network_.instance(kServer), "eth0");
    const PingSocket socket = socket_of(kClient, kForbidden);
    const std::uint64_t before = network_.count(kFar, Direction::Inbound, PC_REASON_security_group);
    socket.send(address(kFar), 1, kDataBytes);
    EXPECT_TRUE(wait_until([&] { return network_.count(kFar, Direction::Inbound, PC_REASON_security_group) == before + kFragments; }));
    expect_answered(kClient, kServer);
    EXPECT_TRUE(has_fragment(server_wire)) << "what is watched for does not show";
    EXPECT_FALSE(has_fragment(far_wire));
    EXPECT_FALSE(socket.receive().has_value());
}

TEST_P(FragmentedPing, LeavesNoFragmentOfAnInstanceWhoseGroupsLetNothingOut) {
    const RawSocket client_wire(network_.instance(kClient), "eth0");
    const PingSocket socket = socket_of(kFar, kForbidden);
    const std::uint64_t before = network_.count(kFar, Direction::Outbound, PC_REASON_security_group);
    socket.send(address(kClient), 1, kDataBytes);
    EXPECT_TRUE(wait_until([&] { return network_.count(kFar, Direction::Outbound, PC_REASON_security_group) == before + kFragments; }));
    EXPECT_FALSE(has_fragment(client_wire));
    expect_answered(kServer, kClient);
    EXPECT_TRUE(has_fragment(client_wire)) << "what is watched for does not show";
    EXPECT_FALSE(socket.receive().has_value());
}

const auto kName = [](const auto& info) { return name_of(info.param); };

INSTANTIATE_TEST_SUITE_P(All, FragmentedPing, testing::ValuesIn(in_both_families(usual_networks())), kName);
INSTANTIATE_TEST_SUITE_P(Long, FragmentedPing, testing::ValuesIn(in_both_families(all_networks())), kName);

}  // namespace
}  // namespace portcullis::test
