// SPDX-License-Identifier: Apache-2.0
// Network namespaces for tests. They have no name: a descriptor holds each, so the kernel removes it with everything in it when the test
// ends, fails or crashes. The mount namespace is left alone: /proc/sys/net follows the thread's network namespace, a bpffs stays visible.
//
// Set-up that fails ends the process with a message: no test says anything on such a machine. Not thread-safe: entering a namespace
// concerns the calling thread.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/address.h"
#include "core/result.h"
#include "core/unique_fd.h"

namespace portcullis::test {

class NetNamespace {
   public:
    // New and empty; its loopback device is up.
    NetNamespace();
    NetNamespace(NetNamespace&&) noexcept = default;
    NetNamespace& operator=(NetNamespace&&) noexcept = default;

    // The calling thread is in the namespace for as long as the value lives: sockets it opens meanwhile belong to the namespace for good.
    class Entered {
       public:
        explicit Entered(int namespace_fd);
        Entered(const Entered&) = delete;
        Entered& operator=(const Entered&) = delete;
        ~Entered();

       private:
        UniqueFd former_;
    };
    [[nodiscard]] Entered enter() const { return Entered(fd_.value()); }

    // Lines for `ip -batch`: "link add br0 type bridge\nlink set br0 up".
    void ip(std::string_view batch) const;
    // Path below /proc/sys: "net/ipv6/conf/all/disable_ipv6".
    void set_sysctl(const std::string& path, std::string_view value) const;
    [[nodiscard]] std::uint32_t ifindex_of(const std::string& device) const;  // ends the process when there is none
    [[nodiscard]] Mac mac_of(const std::string& device) const;
    // What `ip … netns` takes, valid while this lives.
    [[nodiscard]] std::string path() const;

   private:
    UniqueFd fd_;
};

// How long to wait for what has to come: as given, times PORTCULLIS_PATIENCE where that is set, as on emulated machines.
[[nodiscard]] std::chrono::seconds patience(std::chrono::seconds usual);

// A condition that has no event of its own to wait for: asked again until it holds. False after ten seconds (see above).
[[nodiscard]] bool wait_until(const std::function<bool()>& condition);

// What tests must not leave on the host: devices of the process's own namespace, named namespaces, mounts. Compare before and after.
[[nodiscard]] std::set<std::string> host_inventory();

[[noreturn]] void end_test_run(std::string_view doing);  // prints errno's text

template <class T>
[[nodiscard]] T value_or_end(Result<T> result, const std::string& doing) {
    if (!result) {
        errno = result.error().code;
        end_test_run(doing + ": " + result.error().message);
    }
    return std::move(*result);
}

inline void value_or_end(const Result<>& result, const std::string& doing) {
    if (!result) {
        errno = result.error().code;
        end_test_run(doing + ": " + result.error().message);
    }
}

// One softirq queue for all frames that the thread sends from now on.
void stay_on_one_cpu();

}  // namespace portcullis::test
