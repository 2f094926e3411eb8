// SPDX-License-Identifier: Apache-2.0
// portcullis check: reads, validates and compiles a model, and counts what it needs.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "compiler/compile/compile.h"
#include "compiler/lower_bpf/lower_bpf.h"
#include "compiler/parse/parse.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"
#include "tools/daemon/model_files.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

struct Count {
    const char* key;
    const char* text;
    std::size_t count;
};

std::vector<Count> counts_of(const Model& model) {
    std::size_t rules = 0;
    std::size_t entries = 0;
    for (const SecurityGroup& group : model.security_groups) {
        rules += group.rules[0].size() + group.rules[1].size();
    }
    for (const NetworkAcl& acl : model.network_acls) {
        entries += acl.entries[0].size() + acl.entries[1].size();
    }
    return {{"Vpcs", "VPCs", model.vpcs.size()},
            {"Subnets", "subnets", model.subnets.size()},
            {"SecurityGroups", "security groups", model.security_groups.size()},
            {"SecurityGroupRules", "security group rules", rules},
            {"NetworkAcls", "network ACLs", model.network_acls.size()},
            {"NetworkAclEntries", "network ACL entries", entries},
            {"PrefixLists", "prefix lists", model.prefix_lists.size()},
            {"NetworkInterfaces", "network interfaces", model.network_interfaces.size()},
            {"Ports", "ports", model.ports.size()},
            {"Bridges", "bridges", model.bridges.size()}};
}

// What `check` found out; slots are empty when there are errors.
struct Findings {
    std::vector<Finding> list;
    std::vector<Count> counts;
    std::vector<SlotUse> slots;

    [[nodiscard]] bool has_errors() const {
        return std::ranges::any_of(list, [](const Finding& finding) { return finding.severity == Finding::Severity::Error; });
    }
};

Result<std::vector<SlotUse>> slots_needed(const Model& model) {
    const Result<Ruleset> ruleset = compile(model);
    if (!ruleset) {
        return fail(ruleset.error());
    }
    const MapCapacities capacities;
    Numberings numberings(capacities);
    const Result<MapImage> image = lower_bpf(*ruleset, capacities, numberings);
    return image ? Result<std::vector<SlotUse>>(slots_of(*image, capacities)) : fail(image.error());
}

Findings examine(const std::vector<Document>& documents) {
    ParseOutcome parsed = parse(documents);
    Findings findings{.list = std::move(parsed.findings), .counts = {}, .slots = {}};
    if (!parsed.model) {
        return findings;
    }
    findings.counts = counts_of(*parsed.model);
    if (Result<std::vector<SlotUse>> slots = slots_needed(*parsed.model)) {
        findings.slots = std::move(*slots);
    } else {
        findings.list.push_back({.severity = Finding::Severity::Error, .position = {}, .message = slots.error().message});
    }
    return findings;
}

void print_findings_json(const Findings& findings, const Terminal& terminal) {
    Json counts = Json::object();
    for (const Count& count : findings.counts) {
        counts[count.key] = count.count;
    }
    Json slots = Json::array();
    for (const SlotUse& use : findings.slots) {
        slots.push_back({{"Map", use.map}, {"Used", use.used}, {"Capacity", use.capacity}});
    }
    print_json(terminal.out, {{"Errors", findings_json(findings.list, Finding::Severity::Error)},
                              {"Warnings", findings_json(findings.list, Finding::Severity::Warning)},
                              {"Counts", std::move(counts)},
                              {"Slots", std::move(slots)}});
}

void print_findings(const Findings& findings, const Terminal& terminal) {
    for (const Finding& finding : findings.list) {
        const bool is_error = finding.severity == Finding::Severity::Error;
        terminal.err << coloured(is_error ? "error: " : "warning: ", is_error ? Colour::Bad : Colour::Faint, terminal)
                     << finding.to_string() << '\n';
    }
    std::vector<std::vector<std::string>> rows;
    for (const Count& count : findings.counts) {
        rows.push_back({count.text, grouped(count.count)});
    }
    print_table(terminal.out, rows);
    if (findings.slots.empty()) {
        return;
    }
    terminal.out << '\n';
    rows = {{"MAP", "NEEDED", "CAPACITY"}};
    for (const SlotUse& use : findings.slots) {
        rows.push_back({use.map, grouped(use.used), grouped(use.capacity)});
    }
    print_table(terminal.out, rows);
}

}  // namespace

int run_check(const std::string& model, const Terminal& terminal) {
    const Result<std::vector<Document>> documents = read_model(model);
    if (!documents) {
        return report_error(documents.error().message, kInputWrong, terminal);
    }
    const Findings findings = examine(*documents);
    if (terminal.prints_json) {
        print_findings_json(findings, terminal);
    } else {
        print_findings(findings, terminal);
    }
    return findings.has_errors() ? kInputWrong : kDone;
}

}  // namespace portcullis
