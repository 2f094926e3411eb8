// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_guard.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/lower_nft/nft_words.h"
#include "fallback/nft_diff.h"
#include "fallback/nft_writer.h"

namespace portcullis {
namespace {

constexpr const char* kBridges = "bridges";
constexpr const char* kUplinks = "uplinks";
constexpr const char* kUplinkNames = "uplink-names";
constexpr const char* kPorts = "ports";
constexpr std::int32_t kPriority = -400;  // before translations: what is closed sets up no state

NftElement element(NftBytes key) { return {.from = std::move(key), .to = {}, .verdict = {}, .data = {}, .comment = {}}; }

NftSet set_of_names(const char* name, const std::set<std::string>& devices) {
    NftSet set{.name = name, .key = {NftType::DeviceName}};
    for (const std::string& device : devices) {
        set.elements.push_back(element(nft_device_name(device)));
    }
    return set;
}

NftSet set_of_uplinks(const NftGuardedNames& names) {
    NftSet set{.name = kUplinks, .key = {NftType::DeviceName, NftType::DeviceName}};
    for (const auto& [bridge, device] : names.uplinks) {
        set.elements.push_back(element(nft_key({nft_device_name(bridge), nft_device_name(device)})));
    }
    return set;
}

NftRule drop_of_ports(NftMeta name) { return nft_rule({nft_in({nft_meta(name)}, kPorts), NftVerdict{NftVerdict::Kind::Drop, {}}}); }

// Whatever the bridge's port is, but an uplink of that bridge. The rule ends where the device is no port of a bridge.
NftRule drop_of_bridges(NftMeta bridge, NftMeta name) {
    return nft_rule({nft_in({nft_meta(bridge)}, kBridges), nft_not_in({nft_meta(bridge), nft_meta(name)}, kUplinks),
                     NftVerdict{NftVerdict::Kind::Drop, {}}});
}

NftChain at_hook(const char* name, NftHook::Point point, std::vector<NftRule> rules) {
    return {.name = name, .hook = NftHook{.point = point, .priority = kPriority, .device = {}, .accepts = true}, .rules = std::move(rules)};
}

// Between an uplink and whatever else its bridge has.
NftChain uplinks_chain() {
    const auto one_sided = [](NftMeta uplink, NftMeta other) {
        return nft_rule({nft_in({nft_meta(uplink)}, kUplinkNames), nft_not_in({nft_meta(other)}, kUplinkNames),
                         NftVerdict{NftVerdict::Kind::Drop, {}}});
    };
    return at_hook("forwarded", NftHook::Point::Forward,
                   {one_sided(NftMeta::IifName, NftMeta::OifName), one_sided(NftMeta::OifName, NftMeta::IifName)});
}

// Both ends of every frame: where it enters (prerouting; link-local groups come by input alone) and where it leaves (postrouting; what
// the bridge itself sends, queries and BPDUs, by output alone).
NftTable bridge_table(const NftGuardedNames& names, NftGuarded extent) {
    std::vector<NftRule> in = {drop_of_ports(NftMeta::IifName)};
    std::vector<NftRule> out = {drop_of_ports(NftMeta::OifName)};
    NftTable table{.family = NftFamily::Bridge, .name = {}, .sets = {set_of_names(kPorts, names.ports)}, .chains = {}};
    if (extent == NftGuarded::Wholly) {
        in.push_back(drop_of_bridges(NftMeta::IifBridge, NftMeta::IifName));
        out.push_back(drop_of_bridges(NftMeta::OifBridge, NftMeta::OifName));
        table.sets.push_back(set_of_names(kBridges, names.bridges));
        table.sets.push_back(set_of_uplinks(names));
    } else {
        std::set<std::string> uplinks;
        for (const auto& [bridge, device] : names.uplinks) {
            uplinks.insert(device);
        }
        table.sets.push_back(set_of_names(kUplinkNames, uplinks));
        table.chains.push_back(uplinks_chain());
    }
    for (const auto& [name, point, rules] :
         {std::tuple("entering", NftHook::Point::Prerouting, &in), std::tuple("delivered", NftHook::Point::Input, &in),
          std::tuple("sent", NftHook::Point::Output, &out), std::tuple("leaving", NftHook::Point::Postrouting, &out)}) {
        table.chains.push_back(at_hook(name, point, *rules));
    }
    return table;
}

NftTable routed_table(const NftGuardedNames& names) {
    return {.family = NftFamily::Inet,
            .name = {},
            .sets = {set_of_names(kPorts, names.ports)},
            .chains = {at_hook("entering", NftHook::Point::Prerouting, {drop_of_ports(NftMeta::IifName)}),
                       at_hook("leaving", NftHook::Point::Postrouting, {drop_of_ports(NftMeta::OifName)})}};
}

Result<> write(const std::string& table, NftImage image) {
    Result<NftWriter> writer = NftWriter::open(table, false);
    if (!writer) {
        return fail(writer.error());
    }
    for (NftTable& one : image.tables) {
        one.name = table;
    }
    normalise(image);
    const Result<std::size_t> written = writer->write(std::make_shared<const NftImage>(std::move(image)));
    return written ? Result<>() : fail(written.error());
}

}  // namespace

std::string nft_guard_table(const std::string& state_directory) {
    std::error_code error;
    const std::filesystem::path path = std::filesystem::weakly_canonical(state_directory, error);
    return "portcullis-guard" + (error ? state_directory : path.string());
}

Result<NftGuarded> nft_guard(const std::string& table, const NftGuardedNames& names) {
    Result<> written;
    for (const NftGuarded extent : {NftGuarded::Wholly, NftGuarded::Partly}) {
        written = write(table, {.tables = {bridge_table(names, extent), routed_table(names)}});
        if (written) {
            return extent;
        }
    }
    return fail(written.error());
}

Result<bool> nft_guard_stands(const std::string& table) {
    Result<NftSocket> socket = NftSocket::open();
    if (!socket) {
        return fail(socket.error());
    }
    const auto tables = find_tables(*socket, table);
    return tables ? Result<bool>(!tables->empty()) : fail(tables.error());
}

Result<bool> nft_end_guard(const std::string& table) {
    const Result<bool> stands = nft_guard_stands(table);
    if (!stands || !*stands) {
        return stands;
    }
    const Result<> written = write(table, {});
    return written ? Result<bool>(true) : fail(written.error());
}

}  // namespace portcullis
