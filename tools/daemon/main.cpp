// SPDX-License-Identifier: Apache-2.0
// portcullisd: arguments, logging, one event loop.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <variant>

#include "tools/daemon/daemon.h"
#include "tools/daemon/guard.h"
#include "tools/daemon/options.h"

namespace {

void set_up_log(const std::string& level) {
    spdlog::set_default_logger(spdlog::stderr_logger_st("portcullisd"));
    spdlog::set_level(spdlog::level::from_str(level));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
}

// Each port holds two links open; the usual soft limit of 1,024 files is for programs that use select().
void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)::setrlimit(RLIMIT_NOFILE, &limit);  // what is then too low is reported where it is met
    }
}

int run(int argc, const char* const* argv) {
    const auto parsed = portcullis::parse_daemon_options(argc, argv);
    if (const auto* early = std::get_if<portcullis::EarlyExit>(&parsed)) {
        (early->status == 0 ? std::cout : std::cerr) << early->text;
        return early->status;
    }
    const auto& options = std::get<portcullis::DaemonOptions>(parsed);
    set_up_log(options.log_level);
    if (options.is_guard) {
        return portcullis::run_guard(options);
    }
    raise_file_limit();
    (void)std::signal(SIGPIPE, SIG_IGN);  // a client that goes away is an error code, not the end
    boost::asio::io_context loop;
    const auto daemon = portcullis::Daemon::start(loop, options);
    if (!daemon) {
        spdlog::critical("{}", daemon.error().message);
        return 1;
    }
    loop.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {  // a library's, for lack of memory or descriptors
        (void)std::fputs("portcullisd: ", stderr);
        (void)std::fputs(error.what(), stderr);
        (void)std::fputs("\n", stderr);
        return 1;
    }
}
