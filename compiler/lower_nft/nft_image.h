// SPDX-License-Identifier: Apache-2.0
// What the kernel's nf_tables is to hold, as plain data: tables, base chains, chains, sets, maps and rules. Made by
// compiler/lower_nft/lower_nft.h, printed by compiler/lower_nft/render_nft.h, put into the kernel and read back by fallback/. Statements
// are those of the kernel's expressions, a few to each, without the dependencies that nft's own language adds silently: what a rule needs
// to know of a packet it checks itself.
//
// All bytes are in network order but interface numbers, which are in host order as nf_tables itself has them: see is_host_order().
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace portcullis {

using NftBytes = std::vector<std::uint8_t>;

enum class NftFamily : std::uint8_t { Bridge, Netdev, Inet };

// NFT_PAYLOAD_*: where offsets count from. A transport header is there only in packets whose IP header the kernel found whole, and in no
// later fragment; reading one elsewhere ends the rule (NFT_BREAK), as does reading beyond the packet.
enum class NftHeader : std::uint8_t { Link, Network, Transport };

// NFT_META_*.
enum class NftMeta : std::uint8_t {
    Length,      // skb->len: 4 bytes, given in network order (a byteorder expression follows), so that comparing bytes compares numbers
    Protocol,    // ethertype behind a VLAN tag in metadata, 2 bytes, network order
    L4Protocol,  // 1 byte; breaks where the kernel found no transport header
    Iif,         // ifindex, 4 bytes, host order; 0 where there is none
    Oif,         // likewise
    PacketType,  // 1 byte, PACKET_HOST and so on
    Mark,        // 4 bytes, host order
    IifName,     // the device's name, 16 bytes, padded with zeros; empty where there is none
    OifName,     // likewise
    IifBridge,   // name of the bridge that the device is a port of; breaks where it is none; needs CONFIG_NFT_BRIDGE_META
    OifBridge,   // likewise
};

// A value read from a packet, from a map, or a constant: one field of a key, or the left side of a comparison.
struct NftLoad {
    enum class Kind : std::uint8_t { Payload, Meta, Constant, Map };
    Kind kind = Kind::Payload;
    NftHeader header = NftHeader::Network;  // Payload
    std::uint16_t offset = 0;               // Payload: bytes
    std::uint8_t length = 0;                // bytes of the value; in a register it is padded with zeros to a multiple of four
    NftMeta meta = NftMeta::Length;         // Meta
    NftBytes constant;                      // Constant: `length` bytes
    std::string map;                        // Map: name of a data map; without an element the rule ends
    std::vector<NftLoad> key;               // Map: what is looked up in it
    NftBytes mask;                          // empty, or `length` bytes that are and-ed to the value
    std::uint8_t shift_right = 0;           // bits, after the mask; of values of at most 4 bytes
    bool operator==(const NftLoad&) const = default;
};

struct NftCompare {
    enum class Op : std::uint8_t { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };
    NftLoad load;
    Op op = Op::Equal;
    NftBytes value;  // load.length bytes; compared as bytes
    bool operator==(const NftCompare&) const = default;
};

struct NftRange {
    NftLoad load;
    NftBytes from, to;  // inclusive
    bool is_inverted = false;
    bool operator==(const NftRange&) const = default;
};

// The rule goes on if the set holds the key (is_inverted: does not).
struct NftLookup {
    std::vector<NftLoad> key;
    std::string set;
    bool is_inverted = false;
    bool operator==(const NftLookup&) const = default;
};

struct NftVerdict {
    enum class Kind : std::uint8_t { Accept, Drop, Continue, Return, Jump, Goto };
    Kind kind = Kind::Continue;
    std::string chain;  // Jump and Goto
    auto operator<=>(const NftVerdict&) const = default;
};

// The verdict that the map holds for the key; without one the rule ends.
struct NftVerdictLookup {
    std::vector<NftLoad> key;
    std::string map;
    bool operator==(const NftVerdictLookup&) const = default;
};

// Changes a dynamic set. Add: an element that is there already stays as it is. Update: its time starts anew. A full set ends the rule.
struct NftUpdate {
    enum class Op : std::uint8_t { Add, Update, Delete };
    Op op = Op::Update;
    std::vector<NftLoad> key;
    std::string set;
    std::uint64_t timeout_ms = 0;  // 0: that of the set
    bool counts = false;           // the element has a counter of packets and bytes
    bool operator==(const NftUpdate&) const = default;
};

// Changes a dynamic data map. Add and Update: one that is there already keeps the data it has. Replace: Delete, then Update; the data is
// loaded before both, and the key once. Delete: `data` says nothing (the kernel wants some nevertheless). `data` is loaded before the key,
// so that registers are free for the key of a look-up in it; one that finds nothing ends the rule, and so does a full map.
struct NftMapUpdate {
    enum class Op : std::uint8_t { Add, Update, Delete, Replace };
    Op op = Op::Update;
    std::vector<NftLoad> key;
    std::string map;
    NftLoad data;
    std::uint64_t timeout_ms = 0;  // 0: that of the map
    bool operator==(const NftMapUpdate&) const = default;
};

// Sets bits of the packet's mark: (mark & keep) ^ bits.
struct NftSetMark {
    std::uint32_t keep = 0;
    std::uint32_t bits = 0;
    bool operator==(const NftSetMark&) const = default;
};

// The rule goes on as long as the rate is kept (is_over: once it is exceeded).
struct NftLimit {
    std::uint64_t packets = 0;  // in a second
    std::uint32_t burst = 0;
    bool is_over = false;
    bool operator==(const NftLimit&) const = default;
};

struct NftCounter {
    bool operator==(const NftCounter&) const = default;
};

using NftStatement =
    std::variant<NftCompare, NftRange, NftLookup, NftVerdictLookup, NftUpdate, NftMapUpdate, NftSetMark, NftLimit, NftCounter, NftVerdict>;

struct NftRule {
    std::vector<NftStatement> statements;
    std::string comment;  // ids of what the rule stands for; at most 127 bytes
    bool operator==(const NftRule&) const = default;
};

struct NftHook {
    enum class Point : std::uint8_t { Ingress, Egress, Prerouting, Input, Forward, Output, Postrouting };
    Point point = Point::Prerouting;
    std::int32_t priority = 0;
    std::string device;   // Ingress and Egress of netdev tables: its name
    bool accepts = true;  // policy
    bool operator==(const NftHook&) const = default;
};

struct NftChain {
    std::string name;
    std::optional<NftHook> hook;  // base chains alone
    std::vector<NftRule> rules;
    bool operator==(const NftChain&) const = default;
};

// One field of a key. The word is nft's name of the type; numbers are ours where nft has none.
enum class NftType : std::uint8_t {
    Ipv4Address,
    Ipv6Address,
    EtherAddress,
    EtherType,
    Protocol,
    Port,
    Interface,
    Byte,
    Half,
    Word,
    Bytes64,
    DeviceName,  // 16 bytes, padded with zeros
};
[[nodiscard]] std::uint8_t bytes_of(NftType type);
[[nodiscard]] std::uint8_t bytes_of(NftMeta meta);
[[nodiscard]] constexpr bool is_host_order(NftType type) { return type == NftType::Interface; }

// What a dynamic set has room for that is made without a size: NFT_SET_EVAL without NFTA_SET_DESC_SIZE. Its buckets come with its elements.
inline constexpr std::uint32_t kNftRoomOnDemand = 65'535;

// Keys and bounds are the fields one behind the other, each padded with zeros to a multiple of four bytes, as registers hold them.
struct NftElement {
    NftBytes from;
    NftBytes to;                        // interval sets: inclusive, field by field; empty: `from` alone
    std::optional<NftVerdict> verdict;  // verdict maps
    NftBytes data;                      // data maps
    std::string comment;
    std::uint64_t timeout_ms = 0;  // of dynamic sets: its own, and how much of it is left; not in what is lowered
    std::uint64_t expires_ms = 0;
    bool operator==(const NftElement&) const = default;
};

struct NftSet {
    enum class Kind : std::uint8_t { Set, VerdictMap, DataMap };
    std::string name;
    Kind kind = Kind::Set;
    std::vector<NftType> key;
    NftType data = NftType::Word;      // data maps
    bool is_interval = false;          // elements may be ranges; no two overlap
    bool is_dynamic = false;           // rules change it: elements are the packets', and none of `elements`
    std::uint64_t timeout_ms = 0;      // dynamic sets: of an element for which a rule says nothing else
    bool has_timeout = false;          // dynamic sets
    std::uint32_t size = 0;            // most elements; 0: no bound
    bool counts = false;               // elements have counters
    std::vector<NftElement> elements;  // sorted by `from`, disjoint
    bool operator==(const NftSet&) const = default;
};

struct NftTable {
    NftFamily family = NftFamily::Bridge;
    std::string name;
    std::vector<NftSet> sets;      // sorted by name
    std::vector<NftChain> chains;  // sorted by name
    bool operator==(const NftTable&) const = default;
};

struct NftImage {
    std::vector<NftTable> tables;
    bool operator==(const NftImage&) const = default;
};

// None: null. Of images and tables in their order.
[[nodiscard]] const NftTable* find_table(const NftImage& image, NftFamily family);
[[nodiscard]] const NftSet* find_set(const NftTable& table, std::string_view name);

}  // namespace portcullis
