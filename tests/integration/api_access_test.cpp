// SPDX-License-Identifier: Apache-2.0
// Who may use the socket of a real daemon: by user, by group and by capability.
#include <gmock/gmock.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "tests/integration/daemon_process.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/test_host.h"

namespace portcullis::test {
namespace {

constexpr gid_t kGroup = 61'001;  // "portcullis", where there is one
constexpr uid_t kStranger = 61'002;
constexpr gid_t kOther = 61'003;

struct Client {
    uid_t uid = kStranger;
    gid_t gid = kOther;
    std::vector<gid_t> groups{};   // supplementary
    bool overrides_files = false;  // has CAP_DAC_OVERRIDE
};

// Becomes the client, for good.
bool become(const Client& client) {
    const bool is_other = ::prctl(PR_SET_KEEPCAPS, 1) == 0 && ::setgroups(client.groups.size(), client.groups.data()) == 0 &&
                          ::setresgid(client.gid, client.gid, client.gid) == 0 && ::setresuid(client.uid, client.uid, client.uid) == 0;
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[2]{};
    data[0].permitted = data[0].effective = client.overrides_files ? 1U << CAP_DAC_OVERRIDE : 0;
    return is_other && ::syscall(SYS_capset, &header, &data) == 0;
}

// The status that a request is answered with, or minus the errno of connect.
int ask(const std::string& path, std::string_view request) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    const void* const generic = &address;
    if (::connect(fd, static_cast<const sockaddr*>(generic), sizeof address) != 0) {
        return -errno;
    }
    (void)::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    char answer[13]{};
    const ssize_t size = ::recv(fd, static_cast<char*>(answer), sizeof answer - 1, MSG_WAITALL);
    return size == 12 ? std::atoi(static_cast<const char*>(answer) + 9) : 0;
}

class ApiAccess : public testing::Test {
   protected:
    // With the group "portcullis", or without it, whatever groups this machine has.
    void start(bool has_group) {
        directory.write("group", "root:x:0:\n" + (has_group ? "portcullis:x:" + std::to_string(kGroup) + ":\n" : std::string()));
        ASSERT_EQ(::mount(directory.path("group").c_str(), "/etc/group", nullptr, MS_BIND, nullptr), 0);
        ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
        daemon = std::make_unique<DaemonProcess>(directory, std::vector<std::string>{});
        ASSERT_TRUE(daemon->wait_until_ready()) << daemon->log();
    }
    ~ApiAccess() override { (void)::umount2("/etc/group", MNT_DETACH); }

    // What the client hears; EXPECTs nothing by itself.
    [[nodiscard]] int status_for(const Client& client, std::string_view request = "GET /v1/status HTTP/1.1\r\n\r\n") const {
        int ends[2]{};
        EXPECT_EQ(::pipe(static_cast<int*>(ends)), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            const int heard = become(client) ? ask(directory.path("socket"), request) : 1;
            _exit(::write(ends[1], &heard, sizeof heard) == sizeof heard ? 0 : 1);
        }
        (void)::close(ends[1]);
        int heard = 2;
        EXPECT_EQ(::read(ends[0], &heard, sizeof heard), static_cast<ssize_t>(sizeof heard));
        (void)::close(ends[0]);
        EXPECT_EQ(::waitpid(child, nullptr, 0), child);
        return heard;
    }
    [[nodiscard]] struct stat socket_file() const {
        struct stat info {};
        EXPECT_EQ(::stat(directory.path("socket").c_str(), &info), 0);
        return info;
    }

    PrivateBpffs bpffs;
    TestHost host{{.ports = 1}};
    NetNamespace::Entered entered = host.host().enter();
    TemporaryDirectory directory;
    std::unique_ptr<DaemonProcess> daemon;
};

constexpr std::string_view kWrite = "PUT /v1/model HTTP/1.1\r\nContent-Length: 11\r\n\r\n{\"Vpcs\":[]}";

TEST_F(ApiAccess, TheSocketIsForRootAndItsGroup) {
    start(true);
    EXPECT_EQ(socket_file().st_mode & 07777U, 0660U);
    EXPECT_EQ(socket_file().st_uid, 0U);
    EXPECT_EQ(socket_file().st_gid, kGroup);
}

TEST_F(ApiAccess, MembersOfTheGroupReadAndWriteByPrimaryOrSupplementaryGroup) {
    start(true);
    EXPECT_EQ(status_for({.gid = kGroup}), 200);
    EXPECT_EQ(status_for({.groups = {kOther, kGroup}}), 200);
    EXPECT_EQ(status_for({.groups = {kGroup}}, kWrite), 200);
}

TEST_F(ApiAccess, AnotherUserCannotConnect) {
    start(true);
    EXPECT_EQ(status_for({}), -EACCES);
    EXPECT_EQ(status_for({.uid = 0, .gid = 0}), 200);  // the control
}

TEST_F(ApiAccess, WhoConnectsByACapabilityAloneIsRefusedByItsCredentials) {
    start(true);
    EXPECT_EQ(status_for({.overrides_files = true}), 403);
    EXPECT_EQ(status_for({.overrides_files = true}, kWrite), 403);
    EXPECT_EQ(status_for({.gid = kGroup, .overrides_files = true}), 200);
    EXPECT_EQ(run_portcullis(directory, {"--json", "status"}).json()["Model"]["AcceptedAt"], "");
}

TEST_F(ApiAccess, WithoutTheGroupOnlyRootMayUseIt) {
    start(false);
    EXPECT_EQ(socket_file().st_mode & 07777U, 0660U);
    EXPECT_EQ(socket_file().st_gid, 0U);
    EXPECT_EQ(status_for({.gid = kGroup}), -EACCES);
    EXPECT_EQ(status_for({.gid = 0}), 403);  // root's group is not root
    EXPECT_EQ(status_for({.uid = 0, .gid = 0}), 200);
}

}  // namespace
}  // namespace portcullis::test
