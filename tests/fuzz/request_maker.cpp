// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/request_maker.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

namespace portcullis::test {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 100'000;  // which a socket takes though nobody reads: the client writes everything before it reads
constexpr std::size_t kMostPieces = 20;

struct Kind {
    const char* path;
    const char* list;
    const char* id;
};
constexpr std::array<Kind, 5> kKinds{{{"security-groups", "SecurityGroups", "GroupId"},
                                      {"network-acls", "NetworkAcls", "NetworkAclId"},
                                      {"network-interfaces", "NetworkInterfaces", "NetworkInterfaceId"},
                                      {"subnets", "Subnets", "SubnetId"},
                                      {"prefix-lists", "ManagedPrefixLists", "PrefixListId"}}};

std::string hexadecimal(std::size_t number) {
    std::array<char, 20> digits{};
    (void)std::snprintf(digits.data(), digits.size(), "%zx", number);
    return digits.data();
}

}  // namespace

std::string RequestMaker::text_of(json document) {
    if (random_.chance(50)) {
        document = mutator_.mutate(std::move(document), random_.pick(models_));
    }
    std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace);
    return random_.chance(5) ? mutator_.mutate_text(std::move(text)) : text;
}

std::string RequestMaker::escaped(const std::string& text) {
    std::string path;
    for (const char one : text) {
        const auto byte = static_cast<unsigned char>(one);
        const bool is_plain = byte > 0x20 && byte < 0x7f && std::string_view("%?#/ ").find(one) == std::string_view::npos;
        if (is_plain && random_.chance(97)) {
            path += one;
        } else {
            std::array<char, 4> code{};
            (void)std::snprintf(code.data(), code.size(), "%%%02x", byte);
            path += code.data();
        }
    }
    return path;
}

// Of one that some model has; "GroupId" and so on of `object` say the path's id, but for mistakes.
std::string RequestMaker::path_of_object(json& object) {
    const Kind kind = random_.chance(90) ? kKinds.at(random_.below(kKinds.size())) : Kind{"ports", "Ports", "NetworkInterfaceId"};
    const json& model = random_.chance(70) ? models_.front() : random_.pick(models_);
    const bool is_port = std::string_view(kind.path) == "ports";
    const json& holder = is_port ? model.value("Portcullis", json::object()) : model;
    const json list = holder.value(kind.list, json::array());
    object = list.is_array() && !list.empty() ? list[random_.below(list.size())] : json{{kind.id, mutator_.word()}};
    std::string id = object.is_object() ? object.value(kind.id, std::string("x")) : "x";
    if (random_.chance(10)) {
        id = mutator_.word();
    }
    if (random_.chance(5) && object.is_object()) {
        object[kind.id] = id;
    }
    return std::string("/v1/") + kind.path + '/' + escaped(id);
}

RequestMaker::Request RequestMaker::ask() {
    static const std::vector<std::string> kTargets{
        "/v1/status",     "/v1/model",   "/v1/events",  "/v1/rules",  "/v1/flows", "/metrics", "/",
        "/v2/status",     "/v1",         "/v1/",        "/v1/ports/", "/v1/ports", "*",        "http://localhost/v1/status",
        "/v1/status?x=1", "/v1//status", "/v1/%73tatus"};
    static const std::vector<std::string> kQueries{"port=tap0",
                                                   "port=",
                                                   "port=eni-1",
                                                   "port=tap9",
                                                   "remote=192.0.2.1",
                                                   "remote=::/0",
                                                   "remote=10.0.0.0/33",
                                                   "protocol=tcp",
                                                   "protocol=256",
                                                   "number=443",
                                                   "number=-1",
                                                   "after=0",
                                                   "after=1",
                                                   "after=18446744073709551616",
                                                   "port=%",
                                                   "port=%4",
                                                   "port=%zz",
                                                   "&",
                                                   "=",
                                                   "x=1",
                                                   "port=tap0&port=tap0"};
    Request request{.method = "GET", .target = random_.pick(kTargets), .body = {}, .headers = {}};
    if (random_.chance(30)) {
        request.method = random_.chance(70) ? "GET" : "DELETE";
        request.target = "/v1/flows?" + random_.pick(kQueries) + (random_.chance(40) ? '&' + random_.pick(kQueries) : "");
    } else if (random_.chance(20)) {
        json object;
        request.target = path_of_object(object);
    }
    return request;
}

RequestMaker::Request RequestMaker::act() {
    static const std::vector<std::string> kPorts{"tap0", "eni-1", "br0", "tap9", "%00", "a%2fb", ""};
    Request request{.method = "POST", .target = "/v1/confirm", .body = {}, .headers = {}};
    if (random_.chance(60)) {
        request.target =
            "/v1/ports/" + random_.pick(kPorts) + random_.one_of<const char*>({"/quarantine", "/quarantine", "/release", "/x"});
        request.method = random_.chance(60) ? "POST" : "DELETE";
    } else if (random_.chance(50)) {
        request.target = "/v1/verify" + std::string(random_.one_of<const char*>({"", "?after=1", "?after=x", "?from=0"}));
    }
    return request;
}

RequestMaker::Request RequestMaker::give_model() {
    Request request{.method = random_.chance(85) ? "PUT" : "POST", .target = "/v1/model", .body = {}, .headers = {}};
    if (request.method == "POST") {
        request.target = "/v1/plan";
    }
    const json& model = random_.chance(60) ? models_.front() : random_.pick(models_);
    if (random_.chance(70)) {
        request.body = text_of(model);
        return request;
    }
    json envelope = json::array();
    for (const auto& [key, value] : model.items()) {
        const json document{{key, value}};
        envelope.push_back({{"Name", key}, {"Document", random_.chance(50) ? document : json(document.dump())}});
    }
    request.body = text_of(std::move(envelope));
    return request;
}

RequestMaker::Request RequestMaker::give_object() {
    json object;
    Request request{.method = random_.chance(80) ? "PUT" : "DELETE", .target = path_of_object(object), .body = {}, .headers = {}};
    if (request.method == "PUT") {
        request.body = text_of(std::move(object));
    }
    return request;
}

RequestMaker::Request RequestMaker::give_transaction() {
    json changes = json::array();
    for (std::uint32_t i = random_.below(5); i < 5; ++i) {
        json object;
        std::string path = path_of_object(object);
        changes.push_back(random_.chance(70) ? json{{"Method", "PUT"}, {"Path", std::move(path)}, {"Body", std::move(object)}}
                                             : json{{"Method", "DELETE"}, {"Path", std::move(path)}});
    }
    return {.method = "POST", .target = "/v1/transaction", .body = text_of({{"Changes", std::move(changes)}}), .headers = {}};
}

RequestMaker::Request RequestMaker::pose_question() {
    const auto end = [this] {
        return random_.chance(60) ? random_.one_of<std::string>({"eni-1", "i-1", "192.0.2.7", "10.0.1.10"}) : mutator_.word();
    };
    json question{{"From", end()}, {"To", end()}, {"Protocol", random_.one_of({6, 17, 1, 58, 47})}};
    if (random_.chance(60)) {
        question["DestinationPort"] = random_.one_of({0, 80, 443, 65535});
    }
    return {.method = "POST", .target = "/v1/explain", .body = text_of(std::move(question)), .headers = {}};
}

RequestMaker::Request RequestMaker::make_request(std::uint64_t generation) {
    const std::uint32_t kind = random_.below(100);
    Request request = kind < 20   ? ask()
                      : kind < 30 ? act()
                      : kind < 55 ? give_model()
                      : kind < 75 ? give_object()
                      : kind < 90 ? give_transaction()
                                  : pose_question();
    if (random_.chance(5)) {
        request.target +=
            random_.one_of<const char*>({"?ConfirmWithin=3600", "?ConfirmWithin=0", "?ConfirmWithin=99999999999", "?confirm=1", "?"});
    }
    if (random_.chance(20)) {
        const std::string number = std::to_string(generation);
        request.headers.push_back(
            "If-Match: " + random_.one_of<std::string>({number, '"' + number + '"', "*", "0", "\"\"", "W/\"1\"", "18446744073709551616"}));
    }
    if (random_.chance(5)) {
        request.method = random_.one_of<const char*>({"GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "CONNECT", "BREW"});
    }
    return request;
}

std::string RequestMaker::chunked(const std::string& body) {
    std::string bytes;
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t size = std::min<std::size_t>(body.size() - at, random_.between(1, 2000));
        bytes += hexadecimal(size) + (random_.chance(10) ? ";a=b" : "") + "\r\n" + body.substr(at, size) + "\r\n";
        at += size;
    }
    return bytes + "0\r\n" + (random_.chance(10) ? "If-Match: 0\r\n" : "") + "\r\n";
}

std::string RequestMaker::framed(Request request, bool is_sound) {
    std::string bytes = request.body;
    const std::string length = std::to_string(bytes.size());
    const std::uint32_t form = is_sound ? random_.below(30) : random_.below(100);
    if (form < 20) {
        request.headers.push_back("Content-Length: " + length);
    } else if (form < 30) {
        request.headers.emplace_back("Transfer-Encoding: chunked");
        bytes = chunked(bytes);
    } else if (form < 50) {
        request.headers.push_back("Content-Length: " + random_.one_of<std::string>({"0", "1", length + '0', '-' + length, "+1", " ", "0x10",
                                                                                    "1073741824", "1073741825", "18446744073709551615",
                                                                                    "18446744073709551616", length + ", " + length}));
    } else if (form < 60) {
        request.headers.push_back("Content-Length: " + length);
        request.headers.emplace_back(random_.chance(50) ? "Content-Length: 1" : "Transfer-Encoding: chunked");
    } else if (form < 75) {
        request.headers.emplace_back(
            random_.one_of<const char*>({"Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: x"}));
        bytes = random_.one_of<std::string>({"ffffffffffffffff\r\n" + bytes, "0\r\n\r\n" + bytes, "-1\r\n" + bytes, "40000001\r\n" + bytes,
                                             bytes, "5\r\nab\r\n0\r\n\r\n", "1;" + std::string(5000, 'x') + "\r\na\r\n0\r\n\r\n"});
    } else if (form < 85) {
        request.headers.push_back("X-Filler: " + std::string(random_.one_of<std::size_t>({1000, 15'000, 16'384, 20'000}), 'x'));
        request.headers.push_back("Content-Length: " + length);
    } else if (form < 92) {
        request.headers.emplace_back(random_.one_of<const char*>(
            {"Expect: 100-continue", "Upgrade: h2c", "Connection: upgrade", " folded", "no colon", ": no name", "A\x01: b"}));
        request.headers.push_back("Content-Length: " + length);
    }
    std::string head = request.method + ' ' + request.target + ' ' +
                       (is_sound ? "HTTP/1.1" : random_.one_of<const char*>({"HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.1x", ""})) +
                       "\r\n";
    for (const std::string& header : request.headers) {
        head += header + (!is_sound && random_.chance(5) ? "\n" : "\r\n");
    }
    return head + "\r\n" + bytes;
}

std::vector<std::string> RequestMaker::split(const std::string& bytes) {
    std::vector<std::string> pieces;
    std::size_t at = 0;
    while (random_.chance(40) && pieces.size() < kMostPieces && at < bytes.size()) {
        const std::size_t size = random_.between(1, static_cast<std::uint32_t>(bytes.size() - at));
        pieces.push_back(bytes.substr(at, size));
        at += size;
    }
    pieces.push_back(bytes.substr(at));
    return pieces;
}

RequestMaker::Conversation RequestMaker::make(std::uint64_t generation) {
    Conversation conversation{.pieces = {}, .requests = random_.one_of<std::size_t>({1, 1, 1, 1, 2, 3, 6}), .is_sound = random_.chance(60)};
    std::string bytes;
    for (std::size_t i = 0; i < conversation.requests; ++i) {
        bytes += framed(make_request(generation), conversation.is_sound || random_.chance(50));
    }
    if (!conversation.is_sound && random_.chance(30)) {
        bytes = mutator_.mutate_text(std::move(bytes));
    }
    if (!conversation.is_sound && random_.chance(15)) {
        bytes.resize(random_.below(bytes.size() + 1));
    }
    if (bytes.size() > kMostBytes) {
        bytes.resize(kMostBytes);
        conversation.is_sound = false;
    }
    conversation.pieces = split(bytes);
    return conversation;
}

}  // namespace portcullis::test
