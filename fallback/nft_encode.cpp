// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_encode.h"

#include "fallback/nft_expressions.h"
#include "fallback/nft_objects.h"
#include "fallback/nft_types.h"
#include "fallback/nft_userdata.h"

namespace portcullis {
namespace {

NftSubject subject(const char* verb, const NftTableName& table, std::string_view name, std::size_t position = 0) {
    return {.verb = verb, .family = word_of(table.family), .table = table.name, .name = name, .position = position};
}

std::uint32_t hook_number(const NftHook& hook) {
    switch (hook.point) {
        case NftHook::Point::Ingress:
        case NftHook::Point::Prerouting:
            return 0;
        case NftHook::Point::Egress:
        case NftHook::Point::Input:
            return 1;
        case NftHook::Point::Forward:
            return 2;
        case NftHook::Point::Output:
            return 3;
        case NftHook::Point::Postrouting:
            break;
    }
    return 4;
}

void set_hook(nftnl_chain* object, const NftHook& hook) {
    nftnl_chain_set_u32(object, NFTNL_CHAIN_HOOKNUM, hook_number(hook));
    nftnl_chain_set_s32(object, NFTNL_CHAIN_PRIO, hook.priority);
    nftnl_chain_set_u32(object, NFTNL_CHAIN_POLICY, hook.accepts ? NF_ACCEPT : NF_DROP);
    (void)nftnl_chain_set_str(object, NFTNL_CHAIN_TYPE, "filter");  // fails for lack of memory
    if (!hook.device.empty()) {
        (void)nftnl_chain_set_str(object, NFTNL_CHAIN_DEV, hook.device.c_str());  // as above
    }
}

NftnlOwner<nftnl_chain> named_chain(const NftTableName& table, const NftChain& chain) {
    NftnlOwner<nftnl_chain> object(or_abort(nftnl_chain_alloc()));
    (void)nftnl_chain_set_str(object.get(), NFTNL_CHAIN_TABLE, std::string(table.name).c_str());  // fails for lack of memory
    (void)nftnl_chain_set_str(object.get(), NFTNL_CHAIN_NAME, chain.name.c_str());                // as above
    return object;
}

NftnlOwner<nftnl_table> named_table(const NftTableName& table) {
    NftnlOwner<nftnl_table> object(or_abort(nftnl_table_alloc()));
    (void)nftnl_table_set_str(object.get(), NFTNL_TABLE_NAME, std::string(table.name).c_str());  // fails for lack of memory
    return object;
}

NftnlOwner<nftnl_rule> rule_of(const NftTableName& table, const NftChain& chain) {
    NftnlOwner<nftnl_rule> object(or_abort(nftnl_rule_alloc()));
    (void)nftnl_rule_set_str(object.get(), NFTNL_RULE_TABLE, std::string(table.name).c_str());  // fails for lack of memory
    (void)nftnl_rule_set_str(object.get(), NFTNL_RULE_CHAIN, chain.name.c_str());               // as above
    return object;
}

}  // namespace

void encode_table(NftBatch& batch, const NftTableName& table, std::uint32_t flags) {
    nlmsghdr* message = batch.add(NFT_MSG_NEWTABLE, NLM_F_CREATE, protocol_family(table.family), subject("add table", table, {}));
    const auto object = named_table(table);
    nftnl_table_set_u32(object.get(), NFTNL_TABLE_FLAGS, flags);
    nftnl_table_nlmsg_build_payload(message, object.get());
    batch.close(message);
}

void encode_table_end(NftBatch& batch, const NftTableName& table) {
    nlmsghdr* message = batch.add(NFT_MSG_DELTABLE, 0, protocol_family(table.family), subject("delete table", table, {}));
    nftnl_table_nlmsg_build_payload(message, named_table(table).get());
    batch.close(message);
}

void encode_chain(NftBatch& batch, const NftTableName& table, const NftChain& chain) {
    NftSubject about = subject("add chain", table, chain.name);
    about.is_of_device = chain.hook && !chain.hook->device.empty();
    nlmsghdr* message = batch.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE, protocol_family(table.family), about);
    const auto object = named_chain(table, chain);
    if (chain.hook) {
        set_hook(object.get(), *chain.hook);
    }
    nftnl_chain_nlmsg_build_payload(message, object.get());
    batch.close(message);
}

void encode_chain_end(NftBatch& batch, const NftTableName& table, const NftChain& chain) {
    nlmsghdr* message = batch.add(NFT_MSG_DELCHAIN, 0, protocol_family(table.family), subject("delete chain", table, chain.name));
    nftnl_chain_nlmsg_build_payload(message, named_chain(table, chain).get());
    batch.close(message);
}

void encode_rules(NftBatch& batch, const NftTableName& table, const NftChain& chain) {
    std::size_t position = 0;
    for (const NftRule& rule : chain.rules) {
        nlmsghdr* message = batch.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, protocol_family(table.family),
                                      subject("add rule", table, chain.name, ++position));
        const auto object = rule_of(table, chain);
        for (const NftStatement& statement : rule.statements) {
            add_expressions(object.get(), statement);
        }
        if (!rule.comment.empty()) {
            const auto userdata = comment_userdata(rule.comment);
            (void)nftnl_rule_set_data(object.get(), NFTNL_RULE_USERDATA, userdata.data(),
                                      static_cast<std::uint32_t>(userdata.size()));  // fails for lack of memory
        }
        nftnl_rule_nlmsg_build_payload(message, object.get());
        batch.close(message);
    }
}

void encode_rules_end(NftBatch& batch, const NftTableName& table, const NftChain& chain) {
    nlmsghdr* message = batch.add(NFT_MSG_DELRULE, 0, protocol_family(table.family), subject("delete the rules of", table, chain.name));
    nftnl_rule_nlmsg_build_payload(message, rule_of(table, chain).get());
    batch.close(message);
}

}  // namespace portcullis
