// SPDX-License-Identifier: Apache-2.0
// The daemon's API on its socket, over a data plane that only remembers, with an eye on every request that comes through to it: one that is
// refused, or that only asks, has changed nothing, neither what is enforced nor what is remembered; one that is taken leaves documents that
// are a model. The loop has a thread of its own; what others read is read between two requests, when it is idle.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/conformance/random_source.h"
#include "tests/unit/tools/daemon_parts.h"
#include "tools/daemon/api.h"
#include "tools/daemon/control_socket.h"

namespace portcullis::test {

class FuzzedApi : private StateParts, private DaemonParts {
   public:
    // `seed`: of when the host fails to enforce.
    explicit FuzzedApi(std::uint64_t seed);
    FuzzedApi(const FuzzedApi&) = delete;
    FuzzedApi& operator=(const FuzzedApi&) = delete;
    ~FuzzedApi();

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    // Answers so far, by status, and requests that changed the model.
    [[nodiscard]] std::map<unsigned, std::uint64_t> answers() const;
    [[nodiscard]] std::uint64_t changes() const;
    // What was found wrong since it was last asked.
    [[nodiscard]] std::vector<std::string> take_complaints();

   private:
    // All that a refused request leaves as it is.
    struct Standing {
        std::uint64_t generation = 0;
        std::vector<std::pair<std::string, std::string>> documents;
        std::uint64_t enforced_generation = 0;
        std::vector<DeviceBinding> enforced;
        std::vector<std::string> rules;
        std::string file;  // of the saved model
        bool operator==(const Standing&) const = default;
    };
    [[nodiscard]] Standing standing() const;
    [[nodiscard]] HttpResponse handle(HttpRequest request);
    void compare(const std::string& request, const Standing& before, const Standing& after, const HttpResponse& response);

    RandomSource random_;
    EventLog events_;
    Api api_{controller, intake, confirmation, events_};
    std::string path_ = directory.path("run/socket");
    boost::asio::io_context loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
    std::unique_ptr<ControlSocket> socket_;
    mutable std::mutex mutex_;  // of what follows
    std::map<unsigned, std::uint64_t> answers_;
    std::uint64_t changes_ = 0;
    std::vector<std::string> complaints_;
    std::atomic<std::uint64_t> generation_ = 0;
    std::thread thread_;
};

}  // namespace portcullis::test
