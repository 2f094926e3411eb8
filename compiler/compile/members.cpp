// SPDX-License-Identifier: Apache-2.0
// Whose an address of a zone is. Three things meet: the zone's own interfaces, of which the longest prefix decides (docs/semantics.md 6.7);
// the blocks of its subnets, for what is no interface's (8.1); and, outside the zone's own CIDR blocks, the interfaces of other VPCs whose
// groups rules in use there refer to, of each VPC by the longest prefix. A look-up takes the longest match alone, so every prefix gets all
// that the prefixes around it contribute: one pass over them, sorted, with a stack of the enclosing ones.
#include <map>
#include <span>
#include <string_view>
#include <tuple>

#include "compiler/compile/owners.h"
#include "compiler/compile/prefix_set.h"

namespace portcullis {
namespace {

// Rows for the interfaces that have an address: an interface's own, or a combined one that several prefixes and zones may share.
class MemberRows {
   public:
    explicit MemberRows(const std::vector<InterfaceGroups>& interfaces) : interfaces_(interfaces) {}

    // Pre: `members` is not empty, sorted, without duplicates.
    Result<Index> row_of(std::vector<Index> members) {
        if (members.size() == 1) {
            return members.front();
        }
        if (const auto found = rows_.find(members); found != rows_.end()) {
            return found->second;
        }
        InterfaceGroups entry = combine(members);
        if (entry.groups.size() > kGroupsPerInterface) {
            return fail("network interfaces " + entry.id + " share an address and carry " + std::to_string(entry.groups.size()) +
                        " security groups together; the limit is " + std::to_string(kGroupsPerInterface));
        }
        combined_.push_back(std::move(entry));
        const auto row = static_cast<Index>(interfaces_.size() + combined_.size() - 1);
        rows_.emplace(std::move(members), row);
        return row;
    }
    std::vector<InterfaceGroups> take_combined() { return std::move(combined_); }

   private:
    [[nodiscard]] InterfaceGroups combine(const std::vector<Index>& members) const {
        InterfaceGroups entry{.id = {}, .groups = {}, .stands_for = members};
        for (const Index index : members) {
            entry.id += (entry.id.empty() ? "" : "+") + interfaces_[index].id;
            std::ranges::copy_if(interfaces_[index].groups, std::back_inserter(entry.groups), [&](Index group) {
                return std::ranges::find(entry.groups, group) == entry.groups.end();  // of those before as well
            });
        }
        return entry;
    }

    const std::vector<InterfaceGroups>& interfaces_;
    std::vector<InterfaceGroups> combined_;
    std::map<std::vector<Index>, Index> rows_;
};

// What a prefix brings into a zone. A border is a prefix at which something that prefixes around it contribute ends.
enum class Kind : std::uint8_t { Own, Peer, Block, Border };
struct Piece {
    Prefix prefix;
    Kind kind = Kind::Border;
    Index index = 0;  // interface or subnet
    auto operator<=>(const Piece&) const = default;
};

// What is known of an address by the longest prefix that holds it, those around it included.
struct Holding {
    std::vector<Index> own;                                // interfaces of the zone
    std::map<std::string_view, std::vector<Index>> peers;  // interfaces of other VPCs, by VPC
    std::optional<Index> block;                            // the subnet of the longest block; none where several have it
};

bool is_inside(const Vpc& vpc, const Prefix& prefix) {
    return std::ranges::any_of(vpc.cidrs, [&](const Prefix& cidr) { return cidr.contains(prefix); });
}

class ZoneSweep {
   public:
    ZoneSweep(const Directory& directory, Index zone, MemberRows& rows) : directory_(directory), zone_(zone), rows_(rows) {}

    Result<> run(std::vector<Piece> pieces, std::vector<AddressOwner>& owners) {
        std::ranges::sort(pieces);
        for (std::size_t begin = 0; begin < pieces.size();) {
            const Prefix prefix = pieces[begin].prefix;
            std::size_t end = begin;
            while (end < pieces.size() && pieces[end].prefix == prefix) {
                ++end;
            }
            while (!around_.empty() && !around_.back().first.contains(prefix)) {
                around_.pop_back();
            }
            const Holding outside = around_.empty() ? Holding{} : around_.back().second;
            const std::span here(pieces.data() + begin, end - begin);
            Holding holding = hold(outside, prefix, here);
            const bool is_said_already = here.front().kind >= Kind::Block && outcome_is_same(holding, outside);
            if (const auto done = is_said_already ? Result<>() : add_owner(prefix, holding, owners); !done) {
                return fail(done.error());
            }
            around_.emplace_back(prefix, std::move(holding));
            begin = end;
        }
        return {};
    }

   private:
    Result<> add_owner(const Prefix& prefix, const Holding& holding, std::vector<AddressOwner>& owners) {
        auto owner = owner_of(prefix, holding);
        if (!owner) {
            return fail(owner.error());
        }
        owners.push_back(*owner);
        return {};
    }

    // Pieces are of one prefix, sorted by kind.
    [[nodiscard]] Holding hold(const Holding& outside, const Prefix& prefix, std::span<const Piece> pieces) const {
        Holding holding = kLinkLocal.contains(prefix) ? Holding{} : outside;
        std::vector<Index> own;
        std::map<std::string_view, std::vector<Index>> peers;
        std::vector<Index> blocks;
        for (const Piece& piece : pieces) {
            if (piece.kind == Kind::Own) {
                own.push_back(piece.index);
            } else if (piece.kind == Kind::Peer) {
                peers[directory_.interfaces[piece.index].vpc_id].push_back(piece.index);
            } else if (piece.kind == Kind::Block) {
                blocks.push_back(piece.index);
            }
        }
        if (!own.empty()) {
            holding.own = std::move(own);
        }
        peers.merge(holding.peers);  // what is there already stays
        holding.peers = std::move(peers);
        if (!blocks.empty()) {
            holding.block = blocks.size() == 1 ? std::optional(blocks.front()) : std::nullopt;
        }
        if (is_inside(directory_.zones[zone_], prefix)) {
            holding.peers.clear();
        }
        return holding;
    }
    // The block counts only where no interface of the zone has the address.
    static bool outcome_is_same(const Holding& a, const Holding& b) {
        return a.own == b.own && a.peers == b.peers && (!a.own.empty() || a.block == b.block);
    }
    [[nodiscard]] std::optional<Index> subnet_of(const Holding& holding) const {
        if (holding.own.empty()) {
            return holding.block;
        }
        const auto subnet = [&](Index interface) { return directory_.subnets.index_of(directory_.interfaces[interface].subnet_id); };
        const auto first = subnet(holding.own.front());
        return std::ranges::all_of(holding.own, [&](Index interface) { return subnet(interface) == first; }) ? first : std::nullopt;
    }
    [[nodiscard]] Result<AddressOwner> owner_of(const Prefix& prefix, const Holding& holding) {
        AddressOwner owner{.zone = zone_, .prefix = prefix, .interface = {}, .subnet = subnet_of(holding)};
        if (!holding.peers.empty() && !holding.own.empty()) {
            const auto own = rows_.row_of(holding.own);
            if (!own) {
                return fail(own.error());
            }
            owner.own = *own;
        }
        owner.has_peers = !holding.peers.empty();
        std::vector<Index> members = holding.own;
        for (const auto& [vpc_id, peers] : holding.peers) {
            std::ranges::copy(peers, std::back_inserter(members));
        }
        if (members.empty()) {
            return owner;
        }
        std::ranges::sort(members);
        const auto row = rows_.row_of(std::move(members));
        if (!row) {
            return fail(row.error());
        }
        owner.interface = *row;
        return owner;
    }

    const Directory& directory_;
    Index zone_;
    MemberRows& rows_;
    std::vector<std::pair<Prefix, Holding>> around_;  // each contains the next; at most one per prefix length
};

// Interfaces by what is asked of them, gathered once for all zones.
struct Population {
    Population(const Directory& directory, const std::vector<InterfaceGroups>& interfaces) : carriers(directory.groups.size()) {
        for (Index i = 0; i < interfaces.size(); ++i) {
            of_vpc[directory.interfaces[i].vpc_id].push_back(i);
            for (const Index group : interfaces[i].groups) {
                carriers[group].push_back(i);
            }
        }
    }
    std::map<std::string_view, std::vector<Index>> of_vpc;
    std::vector<std::vector<Index>> carriers;  // by group: interfaces of its VPC
};

void add_pieces(const Directory& directory, Index interface, Kind kind, std::vector<Piece>& pieces) {
    for (const Prefix& prefix : prefixes_of(directory, interface)) {
        if (!kLinkLocal.contains(prefix)) {
            pieces.push_back({.prefix = prefix, .kind = kind, .index = interface});
        }
    }
}

void add_borders(const Vpc& zone, std::vector<Piece>& pieces) {
    for (const Prefix& cidr : zone.cidrs) {
        pieces.push_back({.prefix = cidr, .kind = Kind::Border, .index = 0});
    }
}

// The carriers of referenced groups of one other VPC, and whoever has what lies within their prefixes: that is not the carriers', or not
// theirs alone.
void add_peers(const Directory& directory, const std::set<Index>& carriers, std::span<const Index> everybody, std::vector<Piece>& pieces) {
    PrefixSet of_carriers;
    for (const Index carrier : carriers) {
        for (const Prefix& prefix : prefixes_of(directory, carrier)) {
            of_carriers.add(prefix);
        }
    }
    for (const Index interface : everybody) {
        std::vector<Piece> its;
        add_pieces(directory, interface, Kind::Peer, its);
        std::ranges::copy_if(its, std::back_inserter(pieces), [&](const Piece& piece) { return of_carriers.covers(piece.prefix); });
    }
}

std::vector<Piece> pieces_in(const Directory& directory, Index index, const Population& population, const std::set<Index>& referenced) {
    const Vpc& zone = directory.zones[index];
    std::map<std::string_view, std::set<Index>> carriers;
    for (const Index group : referenced) {
        const std::string_view vpc_id = directory.groups[group].vpc_id;
        if (vpc_id != zone.id && !population.carriers[group].empty()) {
            carriers[vpc_id].insert(population.carriers[group].begin(), population.carriers[group].end());
        }
    }
    std::vector<Piece> pieces;
    for (const auto& [vpc_id, of_vpc] : carriers) {
        add_peers(directory, of_vpc, population.of_vpc.at(vpc_id), pieces);
    }
    std::erase_if(pieces, [&](const Piece& piece) { return is_inside(zone, piece.prefix); });
    if (!pieces.empty()) {
        add_borders(zone, pieces);
    }
    if (const auto own = population.of_vpc.find(zone.id); own != population.of_vpc.end()) {
        for (const Index interface : own->second) {
            add_pieces(directory, interface, Kind::Own, pieces);
        }
    }
    const bool has_link_local = std::ranges::any_of(pieces, [](const Piece& piece) { return piece.prefix.contains(kLinkLocal); });
    if (has_link_local) {
        pieces.push_back({.prefix = kLinkLocal, .kind = Kind::Border, .index = 0});
    }
    return pieces;
}

void add_blocks(const Directory& directory, Index subnet, std::vector<Piece>& pieces) {
    for (const Prefix& cidr : directory.subnets[subnet].cidrs) {
        if (!cidr.overlaps(kLinkLocal)) {
            pieces.push_back({.prefix = cidr, .kind = Kind::Block, .index = subnet});
        }
    }
}

}  // namespace

Result<MemberOwners> member_owners(const Directory& directory, const std::vector<InterfaceGroups>& interfaces,
                                   const std::vector<std::set<Index>>& referenced_groups) {
    const Population population(directory, interfaces);
    std::vector<std::vector<Piece>> blocks(directory.zones.size());
    for (Index subnet = 0; subnet < directory.subnets.size(); ++subnet) {
        if (const auto zone = directory.zones.index_of(directory.subnets[subnet].vpc_id)) {
            add_blocks(directory, subnet, blocks[*zone]);
        }
    }
    MemberOwners members;
    MemberRows rows(interfaces);
    for (Index zone = 0; zone < directory.zones.size(); ++zone) {
        std::vector<Piece> pieces = pieces_in(directory, zone, population, referenced_groups[zone]);
        std::ranges::copy(blocks[zone], std::back_inserter(pieces));
        if (const auto done = ZoneSweep(directory, zone, rows).run(std::move(pieces), members.owners); !done) {
            return fail(done.error());
        }
    }
    members.combined = rows.take_combined();
    return members;
}

}  // namespace portcullis
