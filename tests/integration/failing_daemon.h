// SPDX-License-Identifier: Apache-2.0
// What fails, or falls out otherwise, in daemons under test: modules that are loaded before libc into them, and what those are told.
#pragma once

#include <string>

#include "tests/integration/failing_calls.h"
#include "tests/support/temporary_directory.h"

namespace portcullis::test {

// Programs that are started while it lives get the module of that path before libc.
class LoadedBeforeLibc {
   public:
    explicit LoadedBeforeLibc(const char* module);
    LoadedBeforeLibc(const LoadedBeforeLibc&) = delete;
    LoadedBeforeLibc& operator=(const LoadedBeforeLibc&) = delete;
    ~LoadedBeforeLibc();
};

// What failing_calls.c is told, in a daemon that was started under it.
class FailingCalls {
   public:
    explicit FailingCalls(const TemporaryDirectory& directory);
    FailingCalls(const FailingCalls&) = delete;
    FailingCalls& operator=(const FailingCalls&) = delete;
    ~FailingCalls();

    // The n-th bpf(2) from now on that changes something, n from 1, fails with that errno.
    void refuse_bpf(int n, int error);
    // No call does any more; whether one has failed since refuse_bpf.
    [[nodiscard]] bool end_refusals();
    // The next answer of nf_tables to a transaction is lost. Whether it has been, afterwards.
    void lose_an_answer();
    [[nodiscard]] bool has_lost_it() const;
    // The verifier refuses programs of that name; empty: none.
    void make_unverifiable(const std::string& program);

   private:
    failing_calls* shared_ = nullptr;
};

}  // namespace portcullis::test
