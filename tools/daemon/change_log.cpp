// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/change_log.h"

#include <spdlog/spdlog.h>

#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

// The rest of thousands of findings is in the answer, or in what `portcullis check` prints.
constexpr std::size_t kMostFindings = 20;

void log_findings(const ChangeOutcome& outcome) {
    std::size_t count = 0;
    for (const Finding& finding : outcome.findings) {
        if (++count > kMostFindings) {
            spdlog::warn("and {} more", outcome.findings.size() - kMostFindings);
            return;
        }
        spdlog::log(finding.severity == Finding::Severity::Error ? spdlog::level::err : spdlog::level::warn, "{}", finding.to_string());
    }
}

}  // namespace

void log_change(std::string_view origin, const ChangeOutcome& outcome) {
    switch (outcome.kind) {
        case ChangeOutcome::Kind::Enforced:
            if (!outcome.why_nothing_is_enforced.empty()) {
                spdlog::error("model from {} is taken as generation {} and not enforced: {}", origin, outcome.generation, outcome.diff);
                break;
            }
            spdlog::info("model from {} is enforced as generation {}: {}", origin, outcome.generation, outcome.diff);
            break;
        case ChangeOutcome::Kind::Refused:
            spdlog::error("model from {} is refused; what was enforced stays enforced", origin);
            break;
        case ChangeOutcome::Kind::Failed:
            spdlog::error("model from {} could not be enforced ({}); what was enforced stays enforced", origin, printable(outcome.failure));
            break;
    }
    log_findings(outcome);
}

void log_action(const Peer& peer, std::string_view action) { spdlog::info("{}: {}", origin_of(peer), printable(action)); }

std::string origin_of(const Peer& peer) { return "uid " + std::to_string(peer.uid) + " pid " + std::to_string(peer.pid); }

}  // namespace portcullis
