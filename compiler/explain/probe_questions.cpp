// SPDX-License-Identifier: Apache-2.0
#include "compiler/explain/probe_questions.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <variant>

namespace portcullis {
namespace {

constexpr std::uint16_t kAnyPort = 443;

// Of nobody, for rules that are about anywhere (RFC 5737, RFC 3849).
Address stranger(Family family) {
    Address address = Address::ipv4(198, 51, 100, 7);
    if (family == Family::Ipv6) {
        address = Address{.family = Family::Ipv6, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
        address.bytes[15] = 7;
    }
    return address;
}

// The second address of the prefix: the first may be no host's.
Address sample(const Prefix& prefix) {
    if (prefix.length == 0) {
        return stranger(prefix.family());
    }
    Address address = prefix.address;
    const std::size_t last = prefix.family() == Family::Ipv4 ? 3 : 15;
    address.bytes[last] |= prefix.length < (last + 1) * 8 ? 1 : 0;
    return address;
}

template <class Thing>
const Thing* find(const std::vector<Thing>& things, const std::string& id) {
    const auto found = std::ranges::find(things, id, &Thing::id);
    return found == things.end() ? nullptr : &*found;
}

class Drawing {
   public:
    Drawing(const Model& model, const NetworkInterface& interface) : model_(model), interface_(interface) {}

    void draw_groups();
    void draw_acls();
    void draw_strangers();
    std::vector<Question> take(std::size_t most);

   private:
    void add(Direction direction, const Address& remote, const Traffic& traffic);
    void add(Direction direction, const Address& remote, Question question);
    [[nodiscard]] std::optional<Address> member_of(const std::string& group_id) const;
    [[nodiscard]] std::optional<Address> sample_of(const RuleSource& source) const;

    const Model& model_;
    const NetworkInterface& interface_;
    std::vector<Question> questions_;
};

std::optional<Address> Drawing::member_of(const std::string& group_id) const {
    for (const NetworkInterface& other : model_.network_interfaces) {
        if (other.id != interface_.id && other.vpc_id == interface_.vpc_id && !other.addresses.empty() &&
            std::ranges::find(other.group_ids, group_id) != other.group_ids.end()) {
            return other.addresses.front();
        }
    }
    return std::nullopt;
}

std::optional<Address> Drawing::sample_of(const RuleSource& source) const {
    if (const auto* const prefix = std::get_if<Prefix>(&source)) {
        return sample(*prefix);
    }
    if (const auto* const group = std::get_if<GroupReference>(&source)) {
        return member_of(group->group_id);
    }
    const PrefixList* const list = find(model_.prefix_lists, std::get<PrefixListReference>(source).prefix_list_id);
    return list == nullptr || list->cidrs.empty() ? std::nullopt : std::optional(sample(list->cidrs.front()));
}

void Drawing::add(Direction direction, const Address& remote, Question question) {
    const bool is_outbound = direction == Direction::Outbound;
    question.from = is_outbound ? interface_.id : remote.to_string();
    question.to = is_outbound ? remote.to_string() : interface_.id;
    question.vpc_id = interface_.vpc_id;
    questions_.push_back(std::move(question));
}

void Drawing::add(Direction direction, const Address& remote, const Traffic& traffic) {
    const bool is_ipv6 = remote.family == Family::Ipv6;
    if (traffic.protocol == 1 || traffic.protocol == 58) {
        const int type = traffic.icmp_type == Traffic::kAnyIcmp ? (is_ipv6 ? 128 : 8) : traffic.icmp_type;
        const int code = traffic.icmp_code == Traffic::kAnyIcmp ? 0 : traffic.icmp_code;
        for (const auto& [t, c] : {std::pair(type, code), std::pair(type, (code + 1) % 256)}) {
            add(direction, remote,
                Question{
                    .protocol = traffic.protocol, .icmp_type = static_cast<std::uint8_t>(t), .icmp_code = static_cast<std::uint8_t>(c)});
        }
        return;
    }
    if (traffic.protocol == 6 || traffic.protocol == 17) {
        std::set<std::uint16_t> ports{traffic.from_port, traffic.to_port};
        ports.insert(traffic.from_port > 0 ? static_cast<std::uint16_t>(traffic.from_port - 1) : kAnyPort);
        ports.insert(traffic.to_port < 65535 ? static_cast<std::uint16_t>(traffic.to_port + 1) : kAnyPort);
        for (const std::uint16_t port : ports) {
            add(direction, remote, Question{.protocol = traffic.protocol, .destination_port = port});
        }
        return;
    }
    const std::int16_t protocol = traffic.protocol == Traffic::kAnyProtocol ? std::int16_t{6} : traffic.protocol;
    add(direction, remote, Question{.protocol = protocol, .destination_port = kAnyPort});
}

void Drawing::draw_groups() {
    for (const std::string& id : interface_.group_ids) {
        const SecurityGroup* const group = find(model_.security_groups, id);
        for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
            for (const SecurityGroupRule& rule :
                 group == nullptr ? std::vector<SecurityGroupRule>() : group->rules[static_cast<std::size_t>(direction)]) {
                if (const auto remote = sample_of(rule.source)) {
                    add(direction, *remote, rule.traffic);
                }
            }
        }
    }
}

void Drawing::draw_acls() {
    const auto of_subnet = std::ranges::find_if(model_.network_acls, [&](const NetworkAcl& acl) {
        return std::ranges::find(acl.subnet_ids, interface_.subnet_id) != acl.subnet_ids.end();
    });
    const auto acl =
        of_subnet != model_.network_acls.end() ? of_subnet : std::ranges::find_if(model_.network_acls, [&](const NetworkAcl& candidate) {
            return candidate.is_default && candidate.vpc_id == interface_.vpc_id;
        });
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
        for (const NetworkAclEntry& entry :
             acl == model_.network_acls.end() ? std::vector<NetworkAclEntry>() : acl->entries[static_cast<std::size_t>(direction)]) {
            add(direction, sample(entry.cidr), entry.traffic);
        }
    }
}

void Drawing::draw_strangers() {
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
        for (const std::int16_t protocol : {std::int16_t{6}, std::int16_t{17}}) {
            add(direction, stranger(Family::Ipv4), Question{.protocol = protocol, .destination_port = kAnyPort});
        }
    }
}

std::vector<Question> Drawing::take(std::size_t most) {
    if (questions_.size() <= most) {
        return std::move(questions_);
    }
    std::vector<Question> some;
    for (std::size_t i = 0; i < most; ++i) {
        some.push_back(std::move(questions_[i * questions_.size() / most]));
    }
    return some;
}

}  // namespace

std::vector<Question> draw_questions(const Model& model, const NetworkInterface& interface, std::size_t most) {
    Drawing drawing(model, interface);
    drawing.draw_strangers();
    drawing.draw_groups();
    drawing.draw_acls();
    return drawing.take(most);
}

}  // namespace portcullis
