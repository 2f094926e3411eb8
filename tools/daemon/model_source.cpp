// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/model_source.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

namespace portcullis {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kSettle{100};
// Finds what inotify does not tell: another directory or mount put in the place of the one that is watched, a file system without events.
constexpr std::chrono::seconds kPoll{2};
constexpr std::uint32_t kChanges = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_ATTRIB;

// A file is replaced by renaming another over it, which only its directory tells.
std::string watched_directory(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        return path;
    }
    const std::string parent = std::filesystem::path(path).parent_path().native();
    return parent.empty() ? "." : parent;
}

}  // namespace

ModelSource::ModelSource(asio::io_context& loop, std::string path, Watch watch, OnModel on_model)
    : path_(std::move(path)), watch_(watch), on_model_(std::move(on_model)), settle_timer_(loop), poll_timer_(loop), changes_(loop) {}

void ModelSource::start() {
    if (watch_ == Watch::On) {
        if (const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); fd >= 0) {  // without it, polling finds every change
            changes_.assign(fd);
            wait_for_change();
        }
        wait_for_poll();
    }
    reload();
}

void ModelSource::reload() {
    taken_.reset();
    look_again();
}

ModelSource::Look ModelSource::look() const {
    Result<ModelStamp> stamp = stamp_model(path_);
    return stamp ? Look{.stamp = std::move(*stamp), .error = {}} : Look{.stamp = {}, .error = stamp.error().message};
}

// Starts the wait anew if one is under way.
void ModelSource::look_after_settling() {
    is_settling_ = true;
    settle_timer_.expires_after(kSettle);
    settle_timer_.async_wait([this](boost::system::error_code stopped) {
        if (!stopped) {
            is_settling_ = false;
            look_again();
        }
    });
}

void ModelSource::look_again() {
    follow_changes();
    const Look now = look();
    if (seen_ != now) {
        seen_ = now;
        look_after_settling();
    } else if (!is_settling_ && taken_ != now) {
        take(now);
    }
}

void ModelSource::take(const Look& now) {
    Result<std::vector<Document>> documents = now.error.empty() ? read_model(path_) : fail(now.error);
    if (look() != now) {
        look_again();  // changed while it was read
        return;
    }
    if (on_model_(std::move(documents))) {
        taken_ = now;
    }
}

// Adding a watch that is there is harmless, and follows a directory that was put in the place of the former one.
void ModelSource::follow_changes() {
    if (changes_.is_open()) {
        (void)::inotify_add_watch(changes_.native_handle(), watched_directory(path_).c_str(), kChanges);  // polling finds what this misses
    }
}

void ModelSource::wait_for_change() {
    changes_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code stopped) {
        if (stopped) {
            return;
        }
        std::array<char, 16384> events{};
        while (::read(changes_.native_handle(), events.data(), events.size()) > 0) {
            // what changed does not matter: everything is looked at
        }
        if (!is_settling_) {
            look_after_settling();
        }
        wait_for_change();
    });
}

void ModelSource::wait_for_poll() {
    poll_timer_.expires_after(kPoll);
    poll_timer_.async_wait([this](boost::system::error_code stopped) {
        if (!stopped) {
            look_again();
            wait_for_poll();
        }
    });
}

}  // namespace portcullis
