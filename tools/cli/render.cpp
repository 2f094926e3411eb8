// SPDX-License-Identifier: Apache-2.0
// portcullis render: what a back end would put into this host's kernel for a model, as text.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>

#include "compiler/compile/compile.h"
#include "compiler/lower_bpf/lower_bpf.h"
#include "compiler/lower_bpf/render_bpf.h"
#include "compiler/lower_nft/lower_nft.h"
#include "compiler/lower_nft/nft_unenforced.h"
#include "compiler/lower_nft/render_nft.h"
#include "compiler/parse/parse.h"
#include "tools/cli/commands.h"
#include "tools/cli/documents_host.h"
#include "tools/cli/text.h"
#include "tools/daemon/model_files.h"
#include "tools/daemon/netlink_monitor.h"
#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

Result<Ruleset> compile_documents(const std::vector<Document>& documents) {
    const ParseOutcome parsed = parse(documents);
    if (parsed.model) {
        return compile(*parsed.model);
    }
    const auto error = std::ranges::find(parsed.findings, Finding::Severity::Error, &Finding::severity);
    return fail(error == parsed.findings.end() ? std::string("the model has errors") : error->to_string());
}

// Sentences for the head of the text, as comments: what documents say in them does not end a line.
void print_notes(const std::vector<std::string>& notes, const Terminal& terminal) {
    for (const std::string& note : notes) {
        terminal.out << "# " << printable(note) << '\n';
    }
}

std::size_t count_of(std::string_view what, std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) {
        ++count;
    }
    return count;
}

int render_nftables(const Ruleset& ruleset, const Terminal& terminal) {
    const Result<NetlinkMonitor> monitor = NetlinkMonitor::open();
    if (!monitor) {
        return report_error(monitor.error().message, kFailed, terminal);
    }
    DocumentsHost host = documents_host(ruleset, monitor->devices());
    for (const Unenforced& one : nft_unenforced(ruleset, host.devices)) {
        const auto device = std::ranges::find(host.devices, one.ifindex, &DeviceBinding::ifindex);
        host.notes.push_back(device->device + ": not done: " + one.what);
    }
    const std::string text = render_nft(lower_nft(ruleset, host.devices, monitor->facts(), NftBindings({}, ruleset, host.devices, {})));
    if (const std::size_t unsaid = count_of("# no words for", text); unsaid != 0) {
        host.notes.push_back(std::to_string(unsaid) +
                             " rules have no words in nft's language and stand as comments: to be read, not to be loaded");
    }
    if (terminal.prints_json) {
        print_json(terminal.out, {{"Backend", "nftables"}, {"Notes", host.notes}, {"Text", text}});
        return kDone;
    }
    print_notes(host.notes, terminal);
    terminal.out << text;
    return kDone;
}

int render_maps(const Ruleset& ruleset, const Terminal& terminal) {
    const MapCapacities capacities;
    Numberings numberings(capacities);
    const Result<MapImage> image = lower_bpf(ruleset, capacities, numberings);
    if (!image) {
        return report_error(image.error().message, kInputWrong, terminal);
    }
    Json maps = Json::array();
    for (const RenderedMap& map : render_bpf(*image, ruleset, numberings)) {
        if (terminal.prints_json) {
            maps.push_back({{"Map", map.name}, {"Entries", map.entries}});
            continue;
        }
        terminal.out << map.name << ": " << grouped(map.entries.size()) << '\n';
        for (const std::string& entry : map.entries) {
            terminal.out << "  " << printable(entry) << '\n';
        }
    }
    if (terminal.prints_json) {
        print_json(terminal.out, {{"Backend", "bpf"}, {"Maps", std::move(maps)}});
    }
    return kDone;
}

}  // namespace

int run_render(const RenderOptions& options, const Terminal& terminal) {
    const Result<std::vector<Document>> documents = read_model(options.model);
    if (!documents) {
        return report_error(documents.error().message, kInputWrong, terminal);
    }
    const Result<Ruleset> ruleset = compile_documents(*documents);
    if (!ruleset) {
        return report_error(ruleset.error().message, kInputWrong, terminal);
    }
    return options.backend == "bpf" ? render_maps(*ruleset, terminal) : render_nftables(*ruleset, terminal);
}

}  // namespace portcullis
