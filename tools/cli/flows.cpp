// SPDX-License-Identifier: Apache-2.0
// portcullis flows: live connections, and the end of some of them.
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/cli/api_answers.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"
#include "tools/daemon/percent.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

// More are not asked for: what is listed is held in memory.
constexpr std::size_t kMostFlows = 100'000;

// "port=tap0&protocol=tcp&".
std::string query_of(const FlowsOptions& options) {
    std::string query;
    for (const auto& [key, value] : {std::pair("port", &options.port), std::pair("remote", &options.remote),
                                     std::pair("protocol", &options.protocol), std::pair("number", &options.number)}) {
        if (!value->empty()) {
            query += std::string(key) + "=" + percent_encoded(*value) + "&";
        }
    }
    return query;
}

// Goes through the parts of an answer until `take` has enough or there are no more.
template <class Take>
Result<> for_each_part(const FlowsOptions& options, const std::string& method, const char* key, const Terminal& terminal, Take take) {
    Json next = 0;
    do {
        const Result<Json> part =
            fetch({.socket = options.socket, .method = method, .target = "/v1/flows?" + query_of(options) + "after=" + next.dump()}, key,
                  terminal);
        if (!part) {
            return fail(part.error());
        }
        next = part->at("Next");
        if (!take(*part)) {
            break;
        }
    } while (!next.is_null());
    return {};
}

std::string protocol_text(const Json& flow) {
    const int protocol = flow.at("Protocol").get<int>();
    return protocol == 6 ? "tcp" : protocol == 17 ? "udp" : protocol == 1 ? "icmp" : protocol == 58 ? "icmpv6" : std::to_string(protocol);
}

// "10.0.0.1:80", "[2001:db8::1]:80"; of protocols without ports the address alone.
std::string end_text(const Json& flow, const char* address_key, const char* port_key) {
    const auto address = flow.at(address_key).get<std::string>();
    const int protocol = flow.at("Protocol").get<int>();
    if (protocol != 6 && protocol != 17) {
        return address;
    }
    const bool is_ipv6 = address.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(flow.at(port_key).get<int>());
}

std::string traffic_text(const Json& traffic) {
    return traffic.is_null()
               ? "-"
               : grouped(traffic.at("Packets").get<std::uint64_t>()) + " / " + grouped(traffic.at("Bytes").get<std::uint64_t>());
}

void print_flows(const Json& answer, const Terminal& terminal) {
    std::vector<std::vector<std::string>> rows{{"DEVICE", "BEGUN", "PROTO", "LOCAL", "REMOTE", "STATE", "IDLE", "OUT", "IN"}};
    for (const Json& flow : answer.at("Flows")) {
        rows.push_back({flow.at("Device").get<std::string>(), flow.at("Begun").get<std::string>(), protocol_text(flow),
                        end_text(flow, "Local", "LocalPort"), end_text(flow, "Remote", "RemotePort"),
                        flow.at("State").get<std::string>() + (flow.at("Cut").get<bool>() ? ", cut" : ""),
                        std::to_string(flow.at("IdleSeconds").get<std::uint64_t>()) + " s", traffic_text(flow.at("Outbound")),
                        traffic_text(flow.at("Inbound"))});
    }
    print_table(terminal.out, rows);
    if (answer.at("Truncated").get<bool>()) {
        terminal.out << "there are more than these " << grouped(answer.at("Flows").size()) << "\n";
    }
}

int list_flows(const FlowsOptions& options, const Terminal& terminal) {
    Json answer{{"Flows", Json::array()}, {"Truncated", false}};
    Json& flows = answer["Flows"];
    const Result<> listed = for_each_part(options, "GET", "Flows", terminal, [&](const Json& part) {
        for (const Json& flow : part.at("Flows")) {
            if (flows.size() == kMostFlows) {
                answer["Truncated"] = true;
                return false;
            }
            flows.push_back(flow);
        }
        return true;
    });
    if (!listed) {
        return report_error(listed.error().message, listed.error().code, terminal);
    }
    if (terminal.prints_json) {
        print_json(terminal.out, answer);
    } else {
        print_flows(answer, terminal);
    }
    return kDone;
}

int cut_flows(const FlowsOptions& options, const Terminal& terminal) {
    std::uint64_t ended = 0;
    const Result<> cut = for_each_part(options, "DELETE", "Ended", terminal, [&](const Json& part) {
        ended += part.at("Ended").get<std::uint64_t>();
        return true;
    });
    if (!cut) {
        return report_error(cut.error().message, cut.error().code, terminal);
    }
    if (terminal.prints_json) {
        print_json(terminal.out, {{"Ended", ended}});
    } else {
        terminal.out << grouped(ended) << " flows ended\n";
    }
    return kDone;
}

}  // namespace

int run_flows(const FlowsOptions& options, const Terminal& terminal) {
    return options.cuts ? cut_flows(options, terminal) : list_flows(options, terminal);
}

}  // namespace portcullis
