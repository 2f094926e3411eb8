// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/case_text.h"

#include <nlohmann/json.hpp>

#include "tests/conformance/model_documents.h"

namespace portcullis::test {
namespace {

using nlohmann::ordered_json;

ordered_json document_json(const Model& model) { return ordered_json::parse(document_of(model)); }

ordered_json host_json(const HostFacts& host) {
    ordered_json out{{"Addresses", ordered_json::array()}, {"Tunnels", ordered_json::array()}};
    for (const Address& address : host.addresses) {
        out["Addresses"].push_back(address.to_string());
    }
    for (const TunnelEndpoint& tunnel : host.tunnels) {
        out["Tunnels"].push_back({{"Protocol", tunnel.protocol}, {"Port", tunnel.port}});
    }
    return out;
}

ordered_json step_json(const Step& step) {
    ordered_json out{{"Port", step.interface_id}, {"Direction", std::string(to_string(step.direction))}};
    if (step.direction == Direction::Inbound) {
        out["Entrance"] = entrance_text(step.entrance);
    }
    if (step.wait_s != 0) {
        out["Wait"] = step.wait_s;
    }
    if (step.model) {
        out["Model"] = document_json(*step.model);
    }
    out["Packet"] = {{"Hex", hex(step.frame)}};
    out["Verdict"] = step.reason == PC_REASON_passed ? "pass" : "drop";
    if (step.reason != PC_REASON_passed) {
        out["Reason"] = std::string(name_of(step.reason));
    }
    return out;
}

}  // namespace

std::string case_text(const Case& found) {
    std::string out = "{\"Model\": " + document_json(*found.model).dump() + ",\n \"Cases\": [\n  {\"Name\": \"" + found.name +
                      "\", \"Section\": \"" + found.section + "\", \"Host\": " + host_json(found.host).dump() + ", \"Steps\": [";
    const char* separator = "\n    ";
    for (const Step& step : found.steps) {
        out += separator + step_json(step).dump();
        separator = ",\n    ";
    }
    return out + "]}]}\n";
}

}  // namespace portcullis::test
