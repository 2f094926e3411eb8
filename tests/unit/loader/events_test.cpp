// SPDX-License-Identifier: Apache-2.0
#include "loader/events.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace portcullis {
namespace {

constexpr std::uint32_t kPortId = 3U << PC_PORT_ID_SLOT_BITS | 1;

class EventOf : public ::testing::Test {
   protected:
    EventOf() {
        in_force_.ports.emplace(1, PortState{.ifindex = 7, .port_id = kPortId, .bridge = 2, .interface_id = "eni-1", .view = {}});
        rule_ = rules_.number_of("sg-1 ingress tcp 22").value_or(0);
    }
    [[nodiscard]] pc_event denial() const {
        return {.ifindex = 7,
                .port_id = kPortId,
                .bytes = 60,
                .rule = rule_,
                .reason = PC_REASON_security_group,
                .direction = PC_INBOUND,
                .family = PC_IPV4,
                .protocol = 6,
                .ethertype = htons(0x0800),
                .source_port = htons(1234),
                .destination_port = htons(22),
                .source = {192, 0, 2, 1},
                .destination = {192, 0, 2, 2}};
    }
    [[nodiscard]] Event event(const pc_event& record) const { return event_of(record, {.in_force = in_force_, .rules = rules_}); }

    HostImage in_force_;
    Numbering rules_{"rules", 4};
    std::uint32_t rule_ = 0;
};

TEST_F(EventOf, ADenialHasNamesAndAddresses) {
    const Event made = event(denial());
    EXPECT_EQ(made.interface_id, "eni-1");
    EXPECT_EQ(made.rule, "sg-1 ingress tcp 22");
    EXPECT_EQ(made.direction, Direction::Inbound);
    EXPECT_EQ(made.reason, PC_REASON_security_group);
    EXPECT_EQ(made.source, Address::ipv4(192, 0, 2, 1));
    EXPECT_EQ(made.destination_port, 22);
}

TEST_F(EventOf, APortThatIsGoneHasNoInterface) {
    pc_event record = denial();
    record.port_id += 1U << PC_PORT_ID_SLOT_BITS;
    EXPECT_EQ(event(record).interface_id, "");
}

TEST_F(EventOf, AFrameThatWasNotReadHasNoAddresses) {
    pc_event record = denial();
    record.family = PC_FAMILY_NONE;
    const Event made = event(record);
    EXPECT_FALSE(made.source);
    EXPECT_FALSE(made.destination);
    EXPECT_EQ(made.protocol, 0);
}

TEST_F(EventOf, WithoutARuleThereIsNoLabel) {
    pc_event record = denial();
    record.rule = 0;
    EXPECT_EQ(event(record).rule, "");
}

}  // namespace
}  // namespace portcullis
