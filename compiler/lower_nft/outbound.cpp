// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/errors.h"
#include "compiler/lower_nft/flows.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/stages.h"

namespace portcullis {
namespace {

class Outbound {
   public:
    Outbound(NftBuilder& bridge, const NftPort& port, Family family)
        : bridge_(bridge), port_(port), lane_{.bridge = &bridge, .port = &port, .direction = Direction::Outbound, .family = family} {}

    [[nodiscard]] std::string chain() const {
        return nft_stages(lane_, NftEntrance::Host, later_fragment(), [this](NftForm form) {
            return NftFormChains{.begun_outbound = live_flow(form, NftFlowKind::BegunOutbound),
                                 .begun_inbound = live_flow(form, NftFlowKind::BegunInbound),
                                 .service = service_flow(form),
                                 .cut_outbound = cut_flow(form, NftFlowKind::BegunOutbound),
                                 .cut_inbound = cut_flow(form, NftFlowKind::BegunInbound),
                                 .without_flow = without_flow(form)};
        });
    }

   private:
    [[nodiscard]] std::string policies(NftFlowKind kind, NftPorts ports = NftPorts::Known) const {
        return nft_host_policies(bridge_, port_, Direction::Outbound, lane_.family, kind, NftEntrance::Host, ports);
    }
    [[nodiscard]] std::string groups(NftPorts ports = NftPorts::Known) const {
        return nft_groups(bridge_, port_, Direction::Outbound, lane_.family, NftCounted::Yes, ports);
    }
    [[nodiscard]] std::string acl(NftPorts ports = NftPorts::Known) const {
        return nft_acl(bridge_, port_, Direction::Outbound, lane_.family, NftEntrance::Host, NftCounted::Yes, ports);
    }

    [[nodiscard]] std::string later_fragment() const {
        const NftPorts unknown = NftPorts::Unknown;
        return nft_later_fragment(lane_, {policies(NftFlowKind::New, unknown), groups(unknown), acl(unknown)});
    }

    // 7.3, 7.6
    [[nodiscard]] std::string live_flow(NftForm form, NftFlowKind kind) const {
        std::vector<NftRule> rules;
        if (form == NftForm::Tcp) {
            const std::string exempt = acl().empty() ? nft_go_on(bridge_) : acl();
            const std::string again =
                nft_checks(lane_, "again", {policies(NftFlowKind::New), groups(), acl()}, nft_note_syn(lane_, {.counts = true}));
            rules = nft_if_bare_syn(lane_, exempt, again);
        }
        append_check(rules, acl());
        return nft_checks(lane_, "live", {policies(kind)}, std::move(rules));
    }

    [[nodiscard]] std::string cut_flow(NftForm form, NftFlowKind kind) const {
        return nft_cut_flow(lane_, form, {policies(kind)}, policies(NftFlowKind::New), {});
    }

    [[nodiscard]] bool has_services(NftForm form) const {
        if (form == NftForm::Other) {
            return false;
        }
        return !(form == NftForm::Icmp ? nft_echo_routers(bridge_, port_, lane_.family) : nft_services(bridge_, port_, lane_.family))
                    .empty();
    }

    [[nodiscard]] std::string service_flow(NftForm form) const {
        if (form == NftForm::Other) {
            return {};
        }
        std::vector<NftRule> rules = nft_count_service_flow(lane_, form);
        if (form == NftForm::Tcp) {
            const std::string syn = nft_checks(lane_, "service-syn", {}, nft_note_syn(lane_, {.is_service = true}));
            append_rules(rules, nft_if_bare_syn(lane_, nft_go_on(bridge_), syn));
        }
        return nft_checks(lane_, "service-flow", {policies(NftFlowKind::Service)}, std::move(rules));
    }

    // 5.3
    [[nodiscard]] std::string service_packet(NftForm form) const {
        std::vector<NftRule> rules;
        append_check(rules, policies(NftFlowKind::Service));
        append_rules(rules, nft_if_flow_is_needed(lane_, form));
        rules.push_back(nft_rule({nft_goto(nft_open(lane_, form, {.is_service = true}))}));
        return bridge_.chain(lane_.stem("service"), std::move(rules));
    }

    [[nodiscard]] std::vector<NftRule> if_service_packet(NftForm form) const {
        if (!has_services(form)) {
            return {};
        }
        const NftLoad destination = nft_destination(lane_.family);
        const NftVerdict service = nft_goto(service_packet(form));
        if (form == NftForm::Icmp) {
            const std::uint16_t echo = lane_.family == Family::Ipv4 ? 0x0800 : 0x8000;
            return {nft_rule({nft_is(nft_icmp_type_code(), nft_u16(echo)),
                              nft_in({destination}, nft_echo_routers(bridge_, port_, lane_.family)), service})};
        }
        return {nft_rule(
            {nft_in({destination, nft_l4_protocol(), nft_destination_port()}, nft_services(bridge_, port_, lane_.family)), service})};
    }

    // 7.9
    [[nodiscard]] std::string related(NftFlowKind kind) const {
        return nft_checks(lane_, "related", {policies(kind), acl()}, {nft_rule({nft_goto(nft_admit(lane_))})});
    }

    [[nodiscard]] std::string without_flow(NftForm form) const {
        std::vector<NftRule> rules = if_service_packet(form);
        if (form == NftForm::Icmp && port_.port->relates_icmp_errors) {
            const NftErrorChains chains{
                .begun_outbound = related(NftFlowKind::Related), .begun_inbound = related(NftFlowKind::RelatedInbound), .untracked = {}};
            rules.push_back(nft_rule({nft_is_error(bridge_, lane_.family), nft_jump(nft_related_errors(lane_, chains))}));
        }
        append_check(rules, policies(NftFlowKind::New));
        if (form == NftForm::Tcp || form == NftForm::Udp) {
            const std::string untracked = nft_checks(lane_, "untracked", {acl()}, {nft_rule({nft_goto(nft_admit(lane_))})});
            append_check(rules, nft_untracked(bridge_, port_, Direction::Outbound, lane_.family, untracked));
        }
        append_rules(rules, nft_if_flow_is_needed(lane_, form));
        append_check(rules, groups());
        append_check(rules, acl());
        rules.push_back(nft_rule({nft_goto(nft_open(lane_, form, {.counts = true}))}));
        return bridge_.chain(lane_.stem("new"), std::move(rules));
    }

    NftBuilder& bridge_;
    const NftPort& port_;
    NftLane lane_;
};

}  // namespace

std::string nft_outbound(NftBuilder& bridge, const NftPort& port, Family family) { return Outbound(bridge, port, family).chain(); }

}  // namespace portcullis
