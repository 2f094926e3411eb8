// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/host_policies.h"

#include <algorithm>

namespace portcullis {

std::vector<DenyCidr> normalised(std::vector<DenyCidr> ranges) {
    std::ranges::sort(ranges);  // of one prefix, what is not new_only comes first
    std::vector<DenyCidr> normal;
    std::vector<DenyCidr> around;  // each contains the next
    for (const DenyCidr& range : ranges) {
        while (!around.empty() && !around.back().prefix.contains(range.prefix)) {
            around.pop_back();
        }
        const bool is_said_already = !around.empty() && (!around.back().new_only || range.new_only);
        if (!is_said_already) {
            normal.push_back(range);
            around.push_back(range);
        }
    }
    return normal;
}

std::vector<HostService> normalised(std::vector<HostService> services) {
    std::ranges::sort(services);
    services.erase(std::unique(services.begin(), services.end()), services.end());
    return services;
}

}  // namespace portcullis
