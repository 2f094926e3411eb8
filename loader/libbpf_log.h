// SPDX-License-Identifier: Apache-2.0
// Where libbpf's own messages go. libbpf knows one sink for the whole process and prints to stderr unless told otherwise.
#pragma once

#include "loader/log.h"

namespace portcullis {

// From now on, for the whole process. Not thread-safe.
void set_libbpf_log(LogCallback log);

// Nothing is said while it lives: for questions whose answer may well be "there is none", which libbpf reports as a failure.
class LibbpfSilence {
   public:
    LibbpfSilence();
    LibbpfSilence(const LibbpfSilence&) = delete;
    LibbpfSilence& operator=(const LibbpfSilence&) = delete;
    LibbpfSilence(LibbpfSilence&&) = delete;
    LibbpfSilence& operator=(LibbpfSilence&&) = delete;
    ~LibbpfSilence();

   private:
    LogCallback former_;
};

}  // namespace portcullis
