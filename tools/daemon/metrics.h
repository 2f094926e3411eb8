// SPDX-License-Identifier: Apache-2.0
// What the daemon tells Prometheus, at `/metrics` of the API's socket and of --metrics. docs/operations.md, "Metrics", lists the families.
//
// Cardinality is bounded: labels are devices with their interfaces, reasons, states and other words of ours, never an address or a rule.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "tools/daemon/controller.h"
#include "tools/daemon/source_status.h"

namespace portcullis {

// Requests that the API has answered, by method and status.
class RequestCounts {
   public:
    void add(std::string_view method, unsigned status);
    // {method, status} -> how many; methods that the API has none of are "other".
    [[nodiscard]] const std::map<std::pair<std::string_view, unsigned>, std::uint64_t>& counts() const { return counts_; }

   private:
    std::map<std::pair<std::string_view, unsigned>, std::uint64_t> counts_;
};

struct MetricsInput {
    const ControllerStatus& status;
    const SourceStatus& source;
    bool is_enforced = false;  // as `Enforced` and `Healthy` of status
    bool is_healthy = false;
    const RequestCounts& requests;
};

[[nodiscard]] std::string print_metrics(const MetricsInput& input);

}  // namespace portcullis
