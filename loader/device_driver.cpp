// SPDX-License-Identifier: Apache-2.0
#include "loader/device_driver.h"

// clang-format off: <linux/if.h> and <net/if.h> exclude each other
#include <net/if.h>
// clang-format on
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <string_view>

#include "core/unique_fd.h"

namespace portcullis {

DeviceDriver driver_of(std::uint32_t ifindex) {
    ethtool_drvinfo driver{};
    driver.cmd = ETHTOOL_GDRVINFO;
    ifreq request{};
    request.ifr_data = reinterpret_cast<char*>(&driver);
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open() || ::if_indextoname(ifindex, request.ifr_name) == nullptr ||
        ::ioctl(socket.value(), SIOCETHTOOL, &request) != 0) {
        return DeviceDriver::Other;
    }
    const std::string_view name(driver.driver);
    if (name == "tun" && std::string_view(driver.bus_info) == "tap") {
        return DeviceDriver::Tap;
    }
    return name == "veth" ? DeviceDriver::Veth : DeviceDriver::Other;
}

}  // namespace portcullis
