// SPDX-License-Identifier: Apache-2.0
// The model of --model: follows the file or directory, and hands its documents on once they have stopped changing.
//
// Invariant: what is read was seen twice, kSettle apart, with the same names, sizes and times, and once more after it was read: a directory
// that is being copied into is not taken for a model.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/parse/parse.h"
#include "tools/daemon/model_files.h"

namespace portcullis {

class ModelSource {
   public:
    enum class Watch : std::uint8_t { Off, On };
    // The documents, or why they cannot be read. Returns whether this is settled; if not (the host could not enforce them), they are handed
    // on again soon.
    using OnModel = std::function<bool(Result<std::vector<Document>>)>;

    // Watch::Off: reads when start() and reload() say so, and not by itself.
    ModelSource(boost::asio::io_context& loop, std::string path, Watch watch, OnModel on_model);
    void start();
    void reload();

   private:
    // What the path looks like from outside.
    struct Look {
        ModelStamp stamp;
        std::string error;
        bool operator==(const Look&) const = default;
    };
    [[nodiscard]] Look look() const;
    void look_after_settling();
    void look_again();
    void take(const Look& now);
    void follow_changes();
    void wait_for_change();
    void wait_for_poll();

    std::string path_;
    Watch watch_;
    OnModel on_model_;
    std::optional<Look> seen_;   // at the last look
    std::optional<Look> taken_;  // when last handed on and settled
    bool is_settling_ = false;   // a look is due
    boost::asio::steady_timer settle_timer_;
    boost::asio::steady_timer poll_timer_;
    boost::asio::posix::stream_descriptor changes_;  // inotify
};

}  // namespace portcullis
