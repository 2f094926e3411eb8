// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tap_port.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace portcullis::test {

TapPort::TapPort(const NetNamespace& where, const std::string& device, std::uint32_t ifindex) : device_(device) {
    const NetNamespace::Entered here = where.enter();
    tap_ = UniqueFd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    ifreq request{};
    device.copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
    if (!tap_.is_open() || (ifindex != 0 && ::ioctl(tap_.value(), TUNSETIFINDEX, &ifindex) != 0) ||
        ::ioctl(tap_.value(), TUNSETIFF, &request) != 0) {
        end_test_run("make the tap device " + device);
    }
}

void TapPort::send(std::span<const std::uint8_t> frame, const VirtioHeader& header) const {
    VirtioHeader front = header;
    const iovec parts[] = {{.iov_base = &front, .iov_len = sizeof front},
                           {.iov_base = const_cast<std::uint8_t*>(frame.data()), .iov_len = frame.size()}};
    if (::writev(tap_.value(), parts, 2) != static_cast<ssize_t>(sizeof front + frame.size())) {
        end_test_run("send a frame of " + std::to_string(frame.size()) + " bytes on " + device_);
    }
}

std::optional<Bytes> TapPort::receive() const {
    Bytes frame(65536);
    VirtioHeader front{};
    const iovec parts[] = {{.iov_base = &front, .iov_len = sizeof front}, {.iov_base = frame.data(), .iov_len = frame.size()}};
    const ssize_t length = ::readv(tap_.value(), parts, 2);
    if (length < static_cast<ssize_t>(sizeof front)) {
        if (errno != EAGAIN) {
            end_test_run("receive on " + device_);
        }
        return std::nullopt;
    }
    frame.resize(static_cast<std::size_t>(length) - sizeof front);
    return frame;
}

void TapPort::drain() const {
    while (receive()) {
    }
}

}  // namespace portcullis::test
