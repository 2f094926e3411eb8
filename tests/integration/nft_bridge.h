// SPDX-License-Identifier: Apache-2.0
// A bridge on which nftables enforces documents that a test writes field by field, and frames from one place to another with what has to
// become of them. For tests of what a ruleset is like, not of one attack: changes that fail, other tools' tables, documents that are
// refused.
//
// Instances 0 … of subnet-1 have a port each; the outside is behind the uplink, in no subnet. Every instance has a group of its own,
// without rules.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/ruleset.h"
#include "fallback/nft_dataplane.h"
#include "tests/support/delivery_fence.h"
#include "tests/support/packet.h"
#include "tests/support/raw_socket.h"
#include "tests/support/test_host.h"

namespace portcullis::test {

// An instance's number, or kOutside.
using Spot = std::size_t;
inline constexpr Spot kOutside = 99;

[[nodiscard]] Mac mac_at(Spot spot);
[[nodiscard]] Address address_at(Spot spot, Family family);
[[nodiscard]] std::string group_of(Spot spot);

// Documents ------------------------------------------------------------------------------------------------------------------------
[[nodiscard]] nlohmann::json bare_model(std::size_t instances);
inline constexpr int kNoPorts = -2;
// One element of IpPermissions: sources are CIDRs of both families, groups ("sg-…") and prefix lists ("pl-…").
struct Permission {
    std::string protocol = "tcp";
    int from = kNoPorts;  // none are written; ICMP: type
    int to = kNoPorts;    // ICMP: code
    std::vector<std::string> sources = {};
};
void permit(nlohmann::json& model, const std::string& group, Direction direction, const Permission& permission);
// One entry of the list of the network ACL, of which subnet-1 has one from then on.
struct AclEntry {
    int number = 100;
    bool allow = true;
    Direction direction = Direction::Inbound;
    std::string cidr = "0.0.0.0/0";
    std::string protocol = "-1";
    int from = 0, to = 65535;
};
void list(nlohmann::json& model, const std::vector<AclEntry>& entries);
// Texts of the errors for which documents are refused; none: they are not.
[[nodiscard]] std::vector<std::string> refusals_of(const nlohmann::json& model);

// Packets --------------------------------------------------------------------------------------------------------------------------
[[nodiscard]] Ethernet link_between(Spot from, Spot to);
// Ethernet and IP headers.
[[nodiscard]] Packet headers(Spot from, Spot to, Family family = Family::Ipv4);
[[nodiscard]] Tcp segment(std::uint16_t source_port, std::uint16_t destination_port, std::uint8_t flags = kSyn);
[[nodiscard]] Udp datagram(std::uint16_t source_port, std::uint16_t destination_port);

// The bridge -----------------------------------------------------------------------------------------------------------------------
struct NftBridgeOptions {
    std::size_t instances = 3;
    bool calls_netfilter = false;
};

class NftBridge {
   public:
    explicit NftBridge(const NftBridgeOptions& options = {});

    // Documents that are refused, or not enforced, end the process. Returns what the kernel had to be told.
    std::uint64_t apply(const nlohmann::json& model);
    [[nodiscard]] Result<ApplyReport> try_apply(const nlohmann::json& model);
    // Nothing is managed any more.
    void release();
    // A look; one that fails ends the process.
    [[nodiscard]] Healing heal();

    // Sender's and receiver's port pass it, and it arrives as it was sent.
    void expect_pass(Spot from, Spot to, const Packet& packet);
    // The port of `from` (outbound) or of `to` (inbound) drops it for the reason; it does not arrive.
    void expect_drop_out(Spot from, Spot to, const Packet& packet, Reason reason);
    void expect_drop_in(Spot from, Spot to, const Packet& packet, Reason reason);
    // Whether it arrives, whoever decides that.
    [[nodiscard]] bool arrives(Spot from, Spot to, const Bytes& frame);

    [[nodiscard]] const TestHost& host() const { return host_; }
    [[nodiscard]] const RawSocket& cable(Spot spot) const { return spot == kOutside ? cables_.back() : cables_.at(spot); }
    [[nodiscard]] std::uint64_t count(Spot port, Direction direction, Reason reason) const;
    // What the shell command says on the host.
    [[nodiscard]] std::string run(const std::string& command) const;
    // The ruleset and bindings of documents, for tests that lower them themselves. Documents that are refused end the process.
    [[nodiscard]] static Ruleset ruleset_of(const nlohmann::json& model);
    [[nodiscard]] std::vector<DeviceBinding> bindings(const Ruleset& ruleset) const;

   private:
    struct Judge {
        Spot port;
        Direction direction;
        Reason reason;
    };
    void expect_drop(Spot from, Spot to, const Packet& packet, const Judge& judge);
    [[nodiscard]] std::uint64_t count(const Judge& judge) const { return count(judge.port, judge.direction, judge.reason); }

    TestHost host_;
    std::vector<RawSocket> cables_;  // of the instances, then of the outside
    DeliveryFence fence_;
    std::unique_ptr<NftDataplane> dataplane_;
};

}  // namespace portcullis::test
