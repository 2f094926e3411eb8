// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/document_mutator.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace portcullis::test {
namespace {

using nlohmann::json;

constexpr std::size_t kLongest = std::size_t{64} << 10U;  // bytes of a changed text

json nested(std::uint32_t depth) {
    json value = json::array();
    for (std::uint32_t i = 0; i < depth; ++i) {
        value = i % 2 == 0 ? json{{"Vpcs", std::move(value)}} : json::array({std::move(value)});
    }
    return value;
}

}  // namespace

std::string DocumentMutator::word() {
    static const std::vector<std::string> kWords{"",
                                                 "eni-1",
                                                 "eni-2",
                                                 "sg-1",
                                                 "acl-1",
                                                 "subnet-1",
                                                 "vpc-1",
                                                 "pl-1",
                                                 "pl-2",
                                                 "i-1",
                                                 "tap0",
                                                 "br0",
                                                 "eth1",
                                                 "host",
                                                 "0.0.0.0/0",
                                                 "::/0",
                                                 "10.0.1.10",
                                                 "10.0.1.10/32",
                                                 "10.0.0.0/16",
                                                 "10.0.1.0/24",
                                                 "192.0.2.0/24",
                                                 "224.0.0.18",
                                                 "2001:db8::10",
                                                 "2001:db8::/64",
                                                 "2001:db8::/56",
                                                 "::ffff:10.0.0.1",
                                                 "fe80::1",
                                                 "ff02::1",
                                                 "127.0.0.1",
                                                 "169.254.1.1",
                                                 "255.255.255.255",
                                                 "10.0.0.0/33",
                                                 "10.0.0.0/-1",
                                                 "10.0.0.0/016",
                                                 "10.0.0.1/8",
                                                 "010.0.0.1",
                                                 "1.2.3",
                                                 "::/129",
                                                 "fe80::1%eth0",
                                                 "02:00:00:00:00:01",
                                                 "02:00:00:00:00:02",
                                                 "ff:ff:ff:ff:ff:ff",
                                                 "00:00:00:00:00:00",
                                                 "01:00:5e:00:00:12",
                                                 "2:0:0:0:0:1",
                                                 "tcp",
                                                 "udp",
                                                 "icmp",
                                                 "icmpv6",
                                                 "-1",
                                                 "6",
                                                 "17",
                                                 "58",
                                                 "256",
                                                 "1e2",
                                                 "allow",
                                                 "deny",
                                                 "closed",
                                                 "open",
                                                 "keep",
                                                 "cut",
                                                 "drop",
                                                 "reject",
                                                 "claimed",
                                                 "mac",
                                                 "strict",
                                                 "related",
                                                 "in-use",
                                                 "attached",
                                                 "associated",
                                                 "../../etc",
                                                 "a b",
                                                 "\n",
                                                 "\xc3\xa9",
                                                 "\xf0\x9f\x9a\xaa",
                                                 "nan"};
    return random_.chance(3) ? std::string(random_.one_of<std::size_t>({15, 16, 255, 256, 5000}), 'x') : random_.pick(kWords);
}

std::vector<DocumentMutator::Node> DocumentMutator::nodes_of(json& document) {
    std::vector<Node> nodes{{.value = &document, .parent = nullptr, .key = {}, .index = 0}};
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        json& parent = *nodes[i].value;
        std::size_t index = 0;
        for (auto child = parent.begin(); parent.is_structured() && child != parent.end(); ++child) {
            nodes.push_back({.value = &*child, .parent = &parent, .key = parent.is_object() ? child.key() : "", .index = index++});
        }
    }
    return nodes;
}

json DocumentMutator::another_value() {
    switch (random_.below(9)) {
        case 0:
            return nullptr;
        case 1:
            return random_.chance(50);
        case 2:
            return json::array();
        case 3:
            return json::object();
        case 4:
            return random_.one_of<std::int64_t>({-2, -1, 0, 1, 255, 256, 4094, 4095, 32767, 32768, 65535, 65536, std::int64_t{1} << 31,
                                                 (std::int64_t{1} << 32) - 1, std::int64_t{1} << 32,
                                                 std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()});
        case 5:
            return random_.one_of<double>({0.5, -0.0, 80.0, 1e300, -1e300, 5e-324});
        case 6:
            return std::numeric_limits<std::uint64_t>::max();
        case 7:
            return random_.chance(30) ? nested(random_.one_of<std::uint32_t>({3, 60, 64, 65, 300})) : json::array({word(), word()});
        default:
            return word();
    }
}

std::int64_t DocumentMutator::near(std::int64_t number) {
    // Without overflow, which is not what is tested.
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(number) +
                                     static_cast<std::uint64_t>(random_.one_of<std::int64_t>({-2, -1, 1, 2, 256})));
}

// The same with another digit, end or length.
std::string DocumentMutator::near(std::string text) {
    if (text.empty()) {
        return word();
    }
    const std::size_t at = random_.chance(60) ? text.size() - 1 : random_.below(text.size());
    switch (random_.below(6)) {
        case 0:
            text[at] = static_cast<char>('0' + random_.below(10));
            break;
        case 1:
            text.erase(at, 1);
            break;
        case 2:
            text.insert(at, 1, random_.one_of({'0', '1', '9', ':', '.', '/', '-', ' ', '%', '"', '\\', '\x1f'}));
            break;
        case 3:
            text += text;
            break;
        case 4:
            text += random_.one_of<const char*>({"/32", "/128", "/0", "0", ".1", "::", "\n"});
            break;
        default:
            text = std::string(1, ' ') + text;
    }
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace) == json(text).dump(-1, ' ', false, json::error_handler_t::ignore)
               ? text
               : word();  // a character was cut in two: texts that are no UTF-8 are mutate_text's
}

void DocumentMutator::change_value(json& value) {
    if (value.is_string() && random_.chance(75)) {
        value = random_.chance(50) ? near(value.get<std::string>()) : word();
    } else if (value.is_number_integer() && random_.chance(75)) {
        value = near(value.get<std::int64_t>());
    } else if (value.is_boolean() && random_.chance(75)) {
        value = !value.get<bool>();
    } else {
        value = another_value();
    }
}

void DocumentMutator::take_away(const Node& node) {
    if (node.parent->is_object()) {
        node.parent->erase(node.key);
    } else {
        node.parent->erase(node.index);
    }
}

void DocumentMutator::repeat(const Node& node) {
    json copy = *node.value;
    if (random_.chance(60)) {
        std::vector<Node> parts = nodes_of(copy);
        change_value(*random_.pick(parts).value);
    }
    if (node.parent->is_array()) {
        const auto end = node.parent->begin() + static_cast<std::ptrdiff_t>(random_.below(node.parent->size() + 1));
        node.parent->insert(end, std::move(copy));
    } else {
        (*node.parent)[word()] = std::move(copy);
    }
}

void DocumentMutator::rename(const Node& node) {
    json value = std::move(*node.value);
    node.parent->erase(node.key);
    (*node.parent)[random_.chance(50) ? near(node.key) : word()] = std::move(value);
}

// With another value under the same key, where there is one: what is exchanged still has the form that is expected there.
void DocumentMutator::exchange(const std::vector<Node>& nodes, const Node& node) {
    std::vector<json*> alike;
    for (const Node& one : nodes) {
        if (one.key == node.key && one.value != node.value && one.value->is_primitive() && node.value->is_primitive()) {
            alike.push_back(one.value);
        }
    }
    if (!alike.empty()) {
        std::swap(*random_.pick(alike), *node.value);
    }
}

void DocumentMutator::take_over(const Node& node, const json& other) {
    json source = other;
    const std::vector<Node> nodes = nodes_of(source);
    std::vector<const json*> alike;
    for (const Node& one : nodes) {
        if (one.key == node.key && one.value->type() == node.value->type()) {
            alike.push_back(one.value);
        }
    }
    *node.value = alike.empty() ? *random_.pick(nodes).value : *random_.pick(alike);
}

void DocumentMutator::change(json& document, const json& other) {
    std::vector<Node> nodes = nodes_of(document);
    const Node node = random_.pick(nodes);
    const std::uint32_t kind = random_.below(100);
    if (node.parent == nullptr) {
        if (node.value->is_object()) {
            (*node.value)[random_.chance(50) ? "Portcullis" : word()] = random_.chance(50) ? json::object() : another_value();
        } else if (random_.chance(10)) {
            *node.value = another_value();
        }
    } else if (kind < 45) {
        change_value(*node.value);
    } else if (kind < 55) {
        take_away(node);
    } else if (kind < 70) {
        repeat(node);
    } else if (kind < 75 && node.parent->is_object()) {
        rename(node);
    } else if (kind < 88) {
        exchange(nodes, node);
    } else {
        take_over(node, other);
    }
}

json DocumentMutator::mutate(json document, const json& other) {
    const auto changes = random_.one_of<std::uint32_t>({1, 1, 1, 2, 2, 3, 4});
    for (std::uint32_t i = 0; i < changes; ++i) {
        change(document, other);
    }
    return document;
}

std::string DocumentMutator::mutate_text(std::string text) {
    static const std::vector<std::string> kPieces{"{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  ",",
                                                  ":",
                                                  "\"",
                                                  "\\",
                                                  "\\u0000",
                                                  "\\ud800",
                                                  "\xff",
                                                  "\xc0\x80",
                                                  "\xed\xa0\x80",
                                                  "\xef\xbb\xbf",
                                                  "NaN",
                                                  "1e999",
                                                  "-",
                                                  "0x10",
                                                  "00",
                                                  "null",
                                                  "true",
                                                  "//",
                                                  "\r\n",
                                                  std::string(1, '\0'),
                                                  R"("Vpcs":[],)",
                                                  R"("a":1,"a":2)"};
    const auto changes = random_.one_of<std::uint32_t>({1, 1, 2, 3, 8});
    for (std::uint32_t i = 0; i < changes; ++i) {
        const std::size_t at = random_.below(text.size() + 1);
        switch (random_.below(7)) {
            case 0:
                text.resize(at);
                break;
            case 1:
                text.erase(at, random_.below(20));
                break;
            case 2:
                text.insert(at, random_.pick(kPieces));
                break;
            case 3:
                text.insert(at, text.substr(random_.below(text.size() + 1), random_.below(100)));
                break;
            case 4:
                text.insert(at, std::string(random_.one_of<std::size_t>({1, 63, 64, 66, 1000}), random_.one_of({'[', '{', ' ', '"'})));
                break;
            default:
                if (at < text.size()) {
                    text[at] = random_.chance(50) ? static_cast<char>(static_cast<std::uint8_t>(text[at]) ^ 1U << random_.below(8))
                                                  : static_cast<char>(random_.byte());
                }
        }
        text.resize(std::min(text.size(), kLongest));
    }
    return text;
}

}  // namespace portcullis::test
