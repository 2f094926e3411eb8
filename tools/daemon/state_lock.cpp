// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/state_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace portcullis {

Result<StateLock> StateLock::acquire(const std::string& directory) {
    const std::string path = directory + "/lock";
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.is_open()) {
        return fail(Error::from_errno("cannot open " + path, errno));
    }
    if (::flock(fd.value(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return fail("another portcullisd runs on the state directory " + directory, EWOULDBLOCK);
        }
        return fail(Error::from_errno("cannot lock " + path, errno));
    }
    return StateLock(std::move(fd));
}

}  // namespace portcullis
