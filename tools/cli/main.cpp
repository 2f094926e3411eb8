// SPDX-License-Identifier: Apache-2.0
// portcullis: the command line.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "tools/cli/command_line.h"

int main(int argc, char** argv) {
    try {
        (void)std::signal(SIGPIPE, SIG_IGN);  // a daemon that goes away is an error to report, not the end
        const bool has_colour =
            ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;  // NOLINT(concurrency-mt-unsafe): one thread
        return portcullis::run_command_line(argc, argv,
                                            {.out = std::cout, .err = std::cerr, .prints_json = false, .has_colour = has_colour});
    } catch (const std::exception& error) {  // a library's, for lack of memory or descriptors
        (void)std::fputs("portcullis: ", stderr);
        (void)std::fputs(error.what(), stderr);
        (void)std::fputs("\n", stderr);
        return portcullis::kFailed;
    }
}
