// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_readback.h"

#include <cerrno>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "fallback/nft_decode.h"
#include "fallback/nft_diff.h"
#include "fallback/nft_objects.h"

namespace portcullis {
namespace {

// Others who never pause for as long as it takes to read our tables would keep us from ever having read them.
constexpr int kMostAttempts = 100;

std::optional<NftFamily> family_of(std::uint32_t number) {
    switch (number) {
        case NFPROTO_BRIDGE:
            return NftFamily::Bridge;
        case NFPROTO_NETDEV:
            return NftFamily::Netdev;
        case NFPROTO_INET:
            return NftFamily::Inet;
        default:
            return std::nullopt;
    }
}

Result<> read_sets(NftSocket& socket, NftTable& table) {
    nlmsghdr* request = socket.request(NFT_MSG_GETSET, NLM_F_DUMP, protocol_family(table.family));
    mnl_attr_put_strz(request, NFTA_SET_TABLE, table.name.c_str());
    return socket.ask([&](const nlmsghdr* answer) {
        const NftnlOwner<nftnl_set> object(or_abort(nftnl_set_alloc()));
        if (nftnl_set_nlmsg_parse(answer, object.get()) == 0 && nftnl_set_get_str(object.get(), NFTNL_SET_TABLE) == table.name) {
            table.sets.push_back(decode_set(*object));
        }
    });
}

Result<> read_elements(NftSocket& socket, NftTable& table) {
    const NftTableName name{.family = table.family, .name = table.name};
    for (NftSet& set : table.sets) {
        if (set.is_dynamic || set.key.empty()) {
            continue;
        }
        auto elements = read_elements(socket, name, set);
        if (!elements) {
            return fail(elements.error());
        }
        set.elements = std::move(*elements);
    }
    return {};
}

Result<> read_rules(NftSocket& socket, NftTable& table) {
    NftDataBytes data_bytes;
    for (const NftSet& set : table.sets) {
        if (set.kind == NftSet::Kind::DataMap) {
            data_bytes.emplace(set.name, bytes_of(set.data));
        }
    }
    std::unordered_map<std::string_view, NftChain*> chains;
    for (NftChain& chain : table.chains) {
        chains.emplace(chain.name, &chain);
    }
    return for_each_rule(socket, {.family = table.family, .name = table.name}, [&](nftnl_rule& rule) {
        const auto chain = chains.find(nftnl_rule_get_str(&rule, NFTNL_RULE_CHAIN));
        if (chain != chains.end()) {
            chain->second->rules.push_back(decode_rule(rule, data_bytes));
        }
    });
}

Result<> read_table(NftSocket& socket, NftTable& table) {
    if (auto read = read_sets(socket, table); !read) {
        return fail(read.error().with_context("cannot read sets"));
    }
    if (auto read = read_elements(socket, table); !read) {
        return fail(read.error().with_context("cannot read elements"));
    }
    auto chains = read_chains(socket, {.family = table.family, .name = table.name});
    if (!chains) {
        return fail(chains.error().with_context("cannot read chains"));
    }
    table.chains = std::move(*chains);
    if (auto read = read_rules(socket, table); !read) {
        return fail(read.error().with_context("cannot read rules"));
    }
    return {};
}

Result<NftStanding> read_once(NftSocket& socket, std::string_view name) {
    NftStanding standing;
    auto before = socket.generation();
    if (!before) {
        return fail(before.error());
    }
    standing.generation = *before;
    auto tables = find_tables(socket, name);
    if (!tables) {
        return fail(tables.error());
    }
    standing.flags = std::move(*tables);
    for (const auto& [family, flags] : standing.flags) {
        standing.image.tables.push_back({.family = family, .name = std::string(name), .sets = {}, .chains = {}});
    }
    for (NftTable& table : standing.image.tables) {
        if (auto read = read_table(socket, table); !read) {
            return fail(read.error());
        }
    }
    const auto after = socket.generation();
    if (!after) {
        return fail(after.error());
    }
    if (*after != standing.generation) {
        return fail("nf_tables was changed while it was read", EINTR);
    }
    return standing;
}

int each_element(nftnl_set_elem* element, void* data) {
    (*static_cast<const std::function<void(nftnl_set_elem&)>*>(data))(*element);
    return 0;
}

}  // namespace

Result<std::vector<NftElement>> read_elements(NftSocket& socket, const NftTableName& table, const NftSet& set) {
    NftElementDecoder decoder(set);
    auto read = for_each_element(socket, table, set.name, [&](nftnl_set_elem& element) { decoder.add(element); });
    if (!read) {
        return fail(read.error());
    }
    return std::move(decoder).take();
}

Result<NftStanding> read_back(NftSocket& socket, std::string_view table) {
    Result<NftStanding> standing;
    for (int i = 0; i < kMostAttempts; ++i) {
        standing = read_once(socket, table);
        // A table or set that somebody deletes meanwhile is asked for in vain.
        if (standing || (standing.error().code != EINTR && standing.error().code != ENOENT)) {
            break;
        }
    }
    if (!standing) {
        return fail(standing.error().with_context("cannot read back the nftables tables " + std::string(table)));
    }
    normalise(standing->image);
    return standing;
}

Result<std::map<NftFamily, std::uint32_t>> find_tables(NftSocket& socket, std::string_view name) {
    std::map<NftFamily, std::uint32_t> tables;
    (void)socket.request(NFT_MSG_GETTABLE, NLM_F_DUMP, NFPROTO_UNSPEC);
    auto asked = socket.ask([&](const nlmsghdr* answer) {
        const NftnlOwner<nftnl_table> object(or_abort(nftnl_table_alloc()));
        if (nftnl_table_nlmsg_parse(answer, object.get()) != 0 || nftnl_table_get_str(object.get(), NFTNL_TABLE_NAME) != name) {
            return;
        }
        if (const auto family = family_of(nftnl_table_get_u32(object.get(), NFTNL_TABLE_FAMILY))) {
            tables[*family] = nftnl_table_get_u32(object.get(), NFTNL_TABLE_FLAGS);
        }
    });
    if (!asked) {
        return fail(asked.error());
    }
    return tables;
}

Result<std::vector<NftChain>> read_chains(NftSocket& socket, const NftTableName& table) {
    std::vector<NftChain> chains;
    (void)socket.request(NFT_MSG_GETCHAIN, NLM_F_DUMP, protocol_family(table.family));
    auto asked = socket.ask([&](const nlmsghdr* answer) {
        const NftnlOwner<nftnl_chain> object(or_abort(nftnl_chain_alloc()));
        if (nftnl_chain_nlmsg_parse(answer, object.get()) == 0 && nftnl_chain_get_str(object.get(), NFTNL_CHAIN_TABLE) == table.name) {
            chains.push_back(decode_chain(*object, table.family));
        }
    });
    if (!asked) {
        return fail(asked.error());
    }
    return chains;
}

Result<> for_each_element(NftSocket& socket, const NftTableName& table, std::string_view set,
                          const std::function<void(nftnl_set_elem&)>& each) {
    nlmsghdr* request = socket.request(NFT_MSG_GETSETELEM, NLM_F_DUMP, protocol_family(table.family));
    mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_TABLE, std::string(table.name).c_str());
    mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_SET, std::string(set).c_str());
    return socket.ask([&](const nlmsghdr* answer) {
        const NftnlOwner<nftnl_set> object(or_abort(nftnl_set_alloc()));
        if (nftnl_set_elems_nlmsg_parse(answer, object.get()) == 0) {
            (void)nftnl_set_elem_foreach(object.get(), each_element, const_cast<void*>(static_cast<const void*>(&each)));
        }
    });
}

Result<> for_each_rule(NftSocket& socket, const NftTableName& table, const std::function<void(nftnl_rule&)>& each) {
    nlmsghdr* request = socket.request(NFT_MSG_GETRULE, NLM_F_DUMP, protocol_family(table.family));
    mnl_attr_put_strz(request, NFTA_RULE_TABLE, std::string(table.name).c_str());
    return socket.ask([&](const nlmsghdr* answer) {
        const NftnlOwner<nftnl_rule> object(or_abort(nftnl_rule_alloc()));
        if (nftnl_rule_nlmsg_parse(answer, object.get()) == 0 && nftnl_rule_get_str(object.get(), NFTNL_RULE_TABLE) == table.name) {
            each(*object);
        }
    });
}

}  // namespace portcullis
