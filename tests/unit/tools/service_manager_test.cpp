// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "core/unique_fd.h"
#include "tests/support/temporary_directory.h"

namespace portcullis {
namespace {

// What a service manager would bind; a name in the file system or, with '@', outside it.
class ServiceManagerTest : public testing::TestWithParam<const char*> {
   protected:
    ServiceManagerTest() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
        if (name.front() == '@') {
            address.sun_path[0] = '\0';
        }
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (name.front() == '@' ? 0 : 1));
        const void* generic = &address;
        if (::bind(manager.value(), static_cast<const sockaddr*>(generic), length) != 0) {
            std::abort();
        }
        (void)::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    }
    ~ServiceManagerTest() override { (void)::unsetenv("NOTIFY_SOCKET"); }
    [[nodiscard]] std::string next() const {
        std::array<char, 64> text{};
        const ssize_t size = ::recv(manager.value(), text.data(), text.size(), MSG_DONTWAIT);
        return {text.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
    }

    test::TemporaryDirectory directory;
    std::string name = std::string(GetParam()) + directory.path("notify");
    UniqueFd manager{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_P(ServiceManagerTest, GetsWhatItIsTold) {
    EXPECT_TRUE(tell_service_manager("READY=1"));
    EXPECT_EQ(next(), "READY=1");
}

TEST_P(ServiceManagerTest, ThatReadsNothingIsNotWaitedForAndGetsLaterOnesOnceItDoes) {
    while (tell_service_manager("WATCHDOG=1")) {
    }
    EXPECT_EQ(next(), "WATCHDOG=1");
    EXPECT_TRUE(tell_service_manager("READY=1"));
}

TEST(WithoutServiceManager, NothingIsToBeToldAgain) { EXPECT_TRUE(tell_service_manager("READY=1")); }

INSTANTIATE_TEST_SUITE_P(Names, ServiceManagerTest, testing::Values("", "@"),
                         [](const auto& name) { return std::string(name.param[0] == '@' ? "Abstract" : "Path"); });

}  // namespace
}  // namespace portcullis
