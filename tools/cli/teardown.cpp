// SPDX-License-Identifier: Apache-2.0
// portcullis teardown: removes what is ours from the kernel, in the network namespace it is run in.
#include "loader/teardown.h"

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <system_error>

#include "fallback/nft_guard.h"
#include "fallback/nft_standing.h"
#include "fallback/nft_teardown.h"
#include "tools/cli/client.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"
#include "tools/daemon/state_lock.h"

namespace portcullis {
namespace {

// Held while objects are removed, so that no daemon starts meanwhile. None where there is no state directory, and so no daemon.
Result<std::optional<StateLock>> keep_daemons_out(const TeardownOptions& options) {
    if (is_daemon_listening(options.socket)) {
        return fail("a daemon answers at " + options.socket + "; stop it first, or use --force");
    }
    std::error_code error;
    if (!std::filesystem::is_directory(options.state_directory, error)) {
        return std::nullopt;
    }
    Result<StateLock> lock = StateLock::acquire(options.state_directory);
    if (!lock) {
        return fail(lock.error().message + (lock.error().code == EWOULDBLOCK ? "; stop it first, or use --force" : ""));
    }
    return std::move(*lock);
}

// A kernel without nf_tables has none.
Result<std::uint32_t> remove_tables() {
    const Result<bool> stands = nft_stands();
    if (!stands || !*stands) {
        return 0;
    }
    const Result<NftTeardownReport> report = nft_teardown();
    return report ? Result<std::uint32_t>(report->tables) : fail(report.error());
}

// Likewise.
Result<bool> end_guard(const std::string& state_directory) {
    const std::string table = nft_guard_table(state_directory);
    return nft_guard_stands(table).value_or(false) ? nft_end_guard(table) : false;
}

}  // namespace

int run_teardown(const TeardownOptions& options, const Terminal& terminal) {
    std::optional<StateLock> lock;
    if (!options.is_forced) {
        Result<std::optional<StateLock>> kept_out = keep_daemons_out(options);
        if (!kept_out) {
            return report_error(kept_out.error().message, kFailed, terminal);
        }
        lock = std::move(*kept_out);
    }
    // All are tried before any failure is told: what can go is gone then.
    const Result<TeardownReport> report = teardown(options.bpffs_directory);
    const Result<std::uint32_t> tables = remove_tables();
    const Result<bool> guard = end_guard(options.state_directory);
    if (!report || !tables || !guard) {
        return report_error((!report ? report.error() : (!tables ? tables.error() : guard.error())).message, kFailed, terminal);
    }
    if (terminal.prints_json) {
        print_json(
            terminal.out,
            {{"Links", report->links}, {"Filters", report->filters}, {"Pins", report->pins}, {"Tables", *tables}, {"Guard", *guard}});
    } else {
        terminal.out << "removed " << report->links << " links, " << report->filters << " filters, " << report->pins << " pins, " << *tables
                     << " tables" << (*guard ? ", the guard of early boot" : "") << "\n";
    }
    return kDone;
}

}  // namespace portcullis
