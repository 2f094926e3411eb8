// SPDX-License-Identifier: Apache-2.0
// Random packets for a model, one after the other: new connections aimed at the edges of its rules, answers to earlier packets and bent
// ones, errors about them, their fragments in any order, the messages of the link protocols, and frames that are malformed or forged.
#pragma once

#include <vector>

#include "core/model.h"
#include "tests/conformance/case_file.h"
#include "tests/conformance/random_source.h"
#include "tests/support/packet.h"

namespace portcullis::test {

class PacketStream {
   public:
    // Both outlive the stream. The model may be replaced by one with the same interfaces.
    PacketStream(const Model& model, RandomSource& random) : model_(&model), random_(random) {}
    void set_model(const Model& model) { model_ = &model; }

    // Frame, port, direction, entrance and the seconds to wait before; the rest of the step is unset.
    [[nodiscard]] Step next();

   private:
    // What one end of a TCP connection has sent last.
    struct End {
        std::uint32_t next = 0;          // sequence number
        std::uint32_t acknowledged = 0;  // of the other end
        std::uint32_t window = 1;        // scaled
        std::uint8_t shift = 0;
    };
    // A conversation between a port and a remote address, whoever began it.
    struct Talk {
        std::size_t port = 0;  // in Model::ports
        Address local, remote;
        std::uint8_t protocol = 6;
        std::uint16_t local_port = 0, remote_port = 0;
        std::uint8_t icmp_type = 8, icmp_code = 0;
        Direction asker = Direction::Outbound;
        Entrance entrance;
        End ends[2];  // by Direction of what it sends
    };

    [[nodiscard]] const NetworkInterface& interface_at(std::size_t port) const;
    [[nodiscard]] const PortClaim& claim_of(const NetworkInterface& interface) const;
    [[nodiscard]] Address random_claim();
    void aim_at_a_service(Talk& talk);
    [[nodiscard]] const NetworkInterface* owner_of(const std::string& vpc_id, const Address& address) const;
    [[nodiscard]] Talk new_talk();
    [[nodiscard]] Talk seen_from_the_other_end(const Talk& talk) const;
    void bend(Talk& talk);
    [[nodiscard]] Step talk_step();
    [[nodiscard]] Step packet_of(Talk& talk, Direction direction, bool is_first);
    [[nodiscard]] Packet headers_of(const Talk& talk, Direction direction);
    [[nodiscard]] Packet transport_of(Talk& talk, Direction direction, bool is_first);
    [[nodiscard]] Packet segment_of(Talk& talk, Direction direction, std::uint8_t flags);
    [[nodiscard]] std::uint32_t reset_number(const End& sender, const End& receiver);
    [[nodiscard]] Mac mac_of_other(const Talk& talk);
    void add_extension_headers(Packet& packet);
    void cut_into_fragments(Step& step, const Packet& packet);
    // Of what was sent lately.
    [[nodiscard]] Step error_step();
    [[nodiscard]] Step message_step();
    [[nodiscard]] Packet dhcp_packet(const NetworkInterface& own, Direction direction);
    [[nodiscard]] Packet dhcpv6_packet(const NetworkInterface& own, Direction direction);
    [[nodiscard]] Packet listener_packet(const NetworkInterface& own, Direction direction);
    [[nodiscard]] Packet igmp_packet(const NetworkInterface& own, Direction direction);
    [[nodiscard]] Packet advertisement_packet(Direction direction);
    [[nodiscard]] Packet listed_group_packet(const NetworkInterface& own, Direction direction);
    [[nodiscard]] Ethernet link_to(const NetworkInterface& own, Direction direction, const Address& destination);
    [[nodiscard]] Step neighbour_step();
    [[nodiscard]] Packet arp_packet(const NetworkInterface& own, Direction direction);
    [[nodiscard]] Packet nd_packet(const NetworkInterface& own, Direction direction);
    [[nodiscard]] Address own_or_other(const NetworkInterface& own, Family family, unsigned percent_own);
    [[nodiscard]] Entrance random_entrance();
    void spoil(Step& step, Packet packet);

    const Model* model_;
    RandomSource& random_;
    std::vector<Talk> talks_;     // the latest ones
    std::vector<Step> sent_;      // the latest frames of conversations
    std::vector<Step> leftover_;  // fragments still to be sent
};

}  // namespace portcullis::test
