// SPDX-License-Identifier: Apache-2.0
// Random packets for a model, one after the other: new connections aimed at the edges of its rules, answers to earlier packets and bent
// ones, ARP and neighbour discovery, and frames that are malformed, forged or of the closed kinds.
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
    // A conversation between a port and a remote address, whoever began it.
    struct Talk {
        std::size_t port = 0;  // in Model::ports
        Address local, remote;
        std::uint8_t protocol = 6;
        std::uint16_t local_port = 0, remote_port = 0;
        std::uint8_t icmp_type = 8, icmp_code = 0;
        Direction asker = Direction::Outbound;
        Entrance entrance;
    };

    [[nodiscard]] const NetworkInterface& interface_at(std::size_t port) const;
    [[nodiscard]] const NetworkInterface* owner_of(const std::string& vpc_id, const Address& address) const;
    [[nodiscard]] Talk new_talk();
    [[nodiscard]] Talk seen_from_the_other_end(const Talk& talk) const;
    void bend(Talk& talk);
    [[nodiscard]] Step packet_of(const Talk& talk, Direction direction, bool is_first);
    [[nodiscard]] Packet headers_of(const Talk& talk, Direction direction);
    [[nodiscard]] Layer transport_of(const Talk& talk, Direction direction, bool is_first);
    [[nodiscard]] Step neighbour_step();
    [[nodiscard]] Packet arp_packet(const NetworkInterface& own, Direction direction);
    [[nodiscard]] Packet nd_packet(const NetworkInterface& own, Direction direction);
    [[nodiscard]] Address own_or_other(const NetworkInterface& own, Family family, unsigned percent_own);
    [[nodiscard]] Entrance random_entrance();
    void spoil(Step& step, Packet packet);

    const Model* model_;
    RandomSource& random_;
    std::vector<Talk> talks_;  // the latest ones
};

}  // namespace portcullis::test
