// SPDX-License-Identifier: Apache-2.0
// What nf_tables remembers of a flow, as one number, and what a packet makes of it (docs/semantics.md 7.6): the elements of dynamic maps
// hold the number, two static maps that all ports share hold the transitions. RST changes nothing (docs/nftables.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/lower_nft/nft_builder.h"
#include "core/verdict.h"

namespace portcullis {

// What a packet's flow is told by (7.2).
enum class NftForm : std::uint8_t { Tcp, Udp, Icmp, Other };
inline constexpr NftForm kNftForms[] = {NftForm::Tcp, NftForm::Udp, NftForm::Icmp, NftForm::Other};

enum class NftPhase : std::uint8_t {
    SynSent = 1,
    PickedUp,
    SynReceived,
    Established,
    FinWait,
    CloseWait,
    LastAck,
    TimeWait,
    Udp,
    UdpStream,
    Icmp,
    IcmpAnswered,
    Other,
    OtherAnswered,
};

// One flow's number: phase, and who did what. A service flow is always begun outbound.
struct NftFlowWord {
    NftPhase phase = NftPhase::Other;
    bool is_begun_inbound = false;
    bool is_closed_inbound = false;  // whose FIN came first; FinWait, CloseWait and LastAck alone
    bool is_service = false;
    bool counts = false;  // the remote of the packet that began it counted as an interface's (7.8); says nothing of a service flow
    bool is_cut = false;  // the rules of today would not let it begin (7.8): a change says so, no packet

    [[nodiscard]] std::uint32_t number() const;
    [[nodiscard]] static std::optional<NftFlowWord> of(std::uint32_t number);  // none: no flow has that number
    bool operator==(const NftFlowWord&) const = default;
};

// Bits of the number, for masks.
inline constexpr std::uint32_t kNftPhaseBits = 0xff, kNftBegunInboundBit = 0x100, kNftServiceBit = 0x400, kNftCutBit = 0x1000;

// Not answered: the flow is in the map of half-open flows, else in that of answered ones.
[[nodiscard]] bool is_half_open(NftPhase phase);

// The time after which an idle flow is no longer there (7.7).
enum class NftIdle : std::uint8_t { Seconds30, Seconds60, Seconds120, Seconds600, Established, Udp, UdpStream };
[[nodiscard]] NftIdle idle_of(NftPhase phase);

// What is to be done in the dynamic maps for a packet of a flow, and how long the flow lives from then on.
struct NftFlowStep {
    enum class Kind : std::uint8_t {
        Nothing,       // RST
        Refresh,       // of an answered flow
        Change,        // an answered flow's number is another
        Touch,         // a half-open flow is refreshed by its opener
        TouchService,  // ... that is a service flow
        Answer,        // a half-open flow is answered and has another number
    };
    Kind kind = Kind::Nothing;
    NftIdle idle = NftIdle::Seconds30;
    [[nodiscard]] std::uint32_t number() const { return static_cast<std::uint32_t>(kind) << 8 | static_cast<std::uint32_t>(idle); }
    auto operator<=>(const NftFlowStep&) const = default;
};

// TCP flags that tell segments apart; 0 in the look-up of any other protocol's.
inline constexpr std::uint8_t kNftFlagsMask = 0x17, kNftSyn = 0x02, kNftSynAck = 0x12, kNftAck = 0x10, kNftFinAck = 0x11, kNftRst = 0x04,
                              kNftRstAck = 0x14;

// The number after a packet of that direction.
[[nodiscard]] NftFlowWord next_word(NftFlowWord word, std::uint8_t flags, Direction direction);
[[nodiscard]] NftFlowStep step_of(const NftFlowWord& word, std::uint8_t flags, Direction direction);

// All steps there are for packets of that direction, of half-open flows or of answered ones.
[[nodiscard]] std::vector<NftFlowStep> nft_all_steps(NftForm form, Direction direction, bool is_half_open);

// Names of the static maps {number of the flow, flags} -> next number, and -> number of the step.
[[nodiscard]] std::string nft_next_words(NftBuilder& bridge, Direction direction);
[[nodiscard]] std::string nft_flow_steps(NftBuilder& bridge, Direction direction);

}  // namespace portcullis
