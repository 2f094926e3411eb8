// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/reserved.h"

#include <algorithm>

namespace portcullis {

std::vector<Address> nft_reserved(const NftPort& port) {
    std::vector<Address> reserved = port.host->facts->addresses;
    for (const Service& service : port.around.services) {
        reserved.push_back(service.address);
    }
    for (const DhcpServer& server : port.around.dhcp_servers) {
        reserved.push_back(server.address);
    }
    for (const auto& [address, mac] : port.around.router_addresses) {
        reserved.push_back(address);
    }
    reserved.insert(reserved.end(), port.around.echo.begin(), port.around.echo.end());
    std::sort(reserved.begin(), reserved.end());
    reserved.erase(std::unique(reserved.begin(), reserved.end()), reserved.end());
    return reserved;
}

}  // namespace portcullis
