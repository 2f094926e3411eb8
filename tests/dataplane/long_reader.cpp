// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/long_reader.h"

#include <bpf/bpf.h>

#include <array>

#include "long_reader.skel.h"
#include "tests/support/netns.h"

namespace portcullis::test {

LongReader::LongReader() : object_(long_reader_bpf__open_and_load()) {
    if (object_ == nullptr) {
        end_test_run("load the program that runs for long");
    }
    thread_ = std::thread([this] { run(); });
}

LongReader::~LongReader() {
    is_over_ = true;
    thread_.join();
    long_reader_bpf__destroy(object_);
}

void LongReader::run() {
    const std::array<std::uint8_t, 64> frame{};
    while (!is_over_) {
        LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = frame.size());
        if (bpf_prog_test_run_opts(bpf_program__fd(object_->progs.long_reader), &options) != 0) {
            end_test_run("run the program that runs for long");
        }
    }
}

std::uint64_t LongReader::current_run() const {
    std::uint64_t run = 0;
    do {
        run = object_->bss->begun;
    } while (run == object_->bss->ended);
    return run;
}

std::uint64_t LongReader::ended() const { return object_->bss->ended; }

}  // namespace portcullis::test
