// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/errors.h"
#include "compiler/lower_nft/flows.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/stages.h"

namespace portcullis {
namespace {

class Inbound {
   public:
    Inbound(NftBuilder& bridge, const NftPort& port, Family family, NftEntrance entrance)
        : bridge_(bridge),
          port_(port),
          entrance_(entrance),
          lane_{.bridge = &bridge, .port = &port, .direction = Direction::Inbound, .family = family} {}

    [[nodiscard]] std::string chain() const {
        return nft_stages(lane_, entrance_, later_fragment(), [this](NftForm form) {
            return NftFormChains{.begun_outbound = live_flow(form, NftFlowKind::BegunOutbound),
                                 .begun_inbound = live_flow(form, NftFlowKind::BegunInbound),
                                 .service = service_flow(form),
                                 .cut_outbound = cut_flow(form, NftFlowKind::BegunOutbound),
                                 .cut_inbound = cut_flow(form, NftFlowKind::BegunInbound),
                                 .without_flow = without_flow(form)};
        });
    }

   private:
    // 5.4
    [[nodiscard]] bool is_believed() const { return entrance_ != NftEntrance::Port && entrance_ != NftEntrance::Elsewhere; }

    [[nodiscard]] std::string policies(NftFlowKind kind, NftPorts ports = NftPorts::Known) const {
        return nft_host_policies(bridge_, port_, Direction::Inbound, lane_.family, kind, entrance_, ports);
    }
    [[nodiscard]] std::string groups(NftCounted counted, NftPorts ports = NftPorts::Known) const {
        return nft_groups(bridge_, port_, Direction::Inbound, lane_.family, counted, ports);
    }
    [[nodiscard]] std::string acl(NftCounted counted, NftPorts ports = NftPorts::Known) const {
        return nft_acl(bridge_, port_, Direction::Inbound, lane_.family, entrance_, counted, ports);
    }
    // Whether the flow is to tell the answer of 6.6: only where a change of the rules judges it again (7.8).
    [[nodiscard]] bool is_told(NftCounted counted) const { return counted == NftCounted::Yes && port_.port->on_revoke == OnRevoke::Cut; }
    // Goes to one of the chains that `make` gives for both answers of 6.6; to it at once where they are the same.
    template <class Make>
    [[nodiscard]] std::string by_counted(const Make& make) const {
        const std::string yes = make(NftCounted::Yes);
        const std::string no = make(NftCounted::No);
        return yes == no ? yes : nft_counted(bridge_, port_, lane_.family, entrance_, yes, no);
    }

    [[nodiscard]] std::string later_fragment() const {
        const NftPorts unknown = NftPorts::Unknown;
        const std::string judged = by_counted([&](NftCounted counted) {
            return nft_checks(lane_, "fragment", {acl(counted, unknown), groups(counted, unknown)},
                              {nft_rule({nft_goto(nft_admit(lane_))})});
        });
        return nft_later_fragment(lane_, {policies(NftFlowKind::New, unknown)}, judged);
    }

    // Stage 8 of a live flow, where there is something to ask.
    [[nodiscard]] std::string live_acl() const {
        const std::string check = by_counted([&](NftCounted counted) { return nft_checks(lane_, "live-acl", {acl(counted)}); });
        return check == nft_go_on(bridge_) ? std::string() : check;
    }

    [[nodiscard]] std::string live_flow(NftForm form, NftFlowKind kind) const {
        const std::string goes_on = live_acl();
        std::vector<NftRule> rules;
        if (form == NftForm::Tcp) {
            const std::string judged = by_counted([&](NftCounted counted) {
                return nft_checks(lane_, "again", {acl(counted), groups(counted)}, nft_note_syn(lane_, {.counts = is_told(counted)}));
            });
            rules = nft_if_bare_syn(lane_, goes_on.empty() ? nft_go_on(bridge_) : goes_on,
                                    nft_checks(lane_, "again", {policies(NftFlowKind::New)}, {nft_rule({nft_goto(judged)})}));
        }
        append_check(rules, goes_on);
        return nft_checks(lane_, "live", {policies(kind)}, std::move(rules));
    }

    [[nodiscard]] std::string cut_flow(NftForm form, NftFlowKind kind) const {
        return nft_cut_flow(lane_, form, {policies(kind)}, policies(NftFlowKind::New), live_acl());
    }

    // 5.4, 7.6
    [[nodiscard]] std::string service_flow(NftForm form) const {
        if (form == NftForm::Other) {
            return {};
        }
        const NftVerdict drop = bridge_.drop(Direction::Inbound, PC_REASON_service_origin);
        if (!is_believed()) {
            return bridge_.chain(lane_.stem("service-flow"), {nft_rule({drop})});
        }
        const std::string goes_on =
            nft_checks(lane_, "service-flow", {policies(NftFlowKind::Service)}, nft_count_service_flow(lane_, form));
        if (form != NftForm::Tcp) {
            return goes_on;
        }
        std::vector<NftRule> rules = nft_if_bare_syn(lane_, goes_on, bridge_.chain(lane_.stem("service-syn"), {nft_rule({drop})}));
        rules.push_back(nft_rule({nft_goto(goes_on)}));
        return bridge_.chain(lane_.stem("service-flow"), std::move(rules));
    }

    // 5.4: what comes from a service without a flow.
    [[nodiscard]] std::vector<NftRule> if_from_service(NftForm form) const {
        if (is_believed() || form == NftForm::Other) {
            return {};
        }
        const NftVerdict drop = bridge_.drop(Direction::Inbound, PC_REASON_service_origin);
        const NftLoad source = nft_source(lane_.family);
        const bool is_icmp = form == NftForm::Icmp;
        const std::string set = is_icmp ? nft_echo_routers(bridge_, port_, lane_.family) : nft_services(bridge_, port_, lane_.family);
        if (set.empty()) {
            return {};
        }
        if (is_icmp) {
            const std::uint16_t echo_reply = lane_.family == Family::Ipv4 ? 0x0000 : 0x8100;
            return {nft_rule({nft_is(nft_icmp_type_code(), nft_u16(echo_reply)), nft_in({source}, set), drop})};
        }
        return {nft_rule({nft_in({source, nft_l4_protocol(), nft_source_port()}, set), drop})};
    }

    // 7.9
    [[nodiscard]] std::string related(NftFlowKind kind, const std::string& end) const {
        return by_counted([&](NftCounted counted) {
            return nft_checks(lane_, "related", {policies(kind), acl(counted)}, {nft_rule({nft_goto(end)})});
        });
    }

    [[nodiscard]] std::string without_flow(NftForm form) const {
        std::vector<NftRule> rules = if_from_service(form);
        if (form == NftForm::Icmp && port_.port->relates_icmp_errors) {
            const std::string admit = nft_admit(lane_);
            const NftErrorChains chains{.begun_outbound = related(NftFlowKind::Related, admit),
                                        .begun_inbound = related(NftFlowKind::RelatedInbound, admit),
                                        .untracked = related(NftFlowKind::New, nft_limit_errors(lane_, admit))};
            rules.push_back(nft_rule({nft_is_error(bridge_, lane_.family), nft_jump(nft_related_errors(lane_, chains))}));
        }
        append_check(rules, policies(NftFlowKind::New));
        rules.push_back(nft_rule({nft_goto(by_counted([&](NftCounted counted) { return judged(form, counted); }))}));
        return bridge_.chain(lane_.stem("new"), std::move(rules));
    }

    // Stages 8 and 7 of a packet without a flow.
    [[nodiscard]] std::string judged(NftForm form, NftCounted counted) const {
        std::vector<NftRule> rules;
        append_check(rules, acl(counted));
        if (form == NftForm::Tcp || form == NftForm::Udp) {
            append_check(rules, nft_untracked(bridge_, port_, Direction::Inbound, lane_.family, nft_admit(lane_)));
        }
        append_rules(rules, nft_if_flow_is_needed(lane_, form));
        append_check(rules, groups(counted));
        rules.push_back(nft_rule({nft_goto(nft_open(lane_, form, {.counts = is_told(counted)}))}));
        return bridge_.chain(lane_.stem("new"), std::move(rules));
    }

    NftBuilder& bridge_;
    const NftPort& port_;
    NftEntrance entrance_;
    NftLane lane_;
};

}  // namespace

std::string nft_inbound(NftBuilder& bridge, const NftPort& port, Family family, NftEntrance entrance) {
    return Inbound(bridge, port, family, entrance).chain();
}

}  // namespace portcullis
