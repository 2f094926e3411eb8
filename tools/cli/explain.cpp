// SPDX-License-Identifier: Apache-2.0
// portcullis explain: the verdict for one packet, stage by stage, from a model alone, or with what a running daemon's programs say.
#include "compiler/explain/explain.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "compiler/parse/parse.h"
#include "tools/cli/api_answers.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"
#include "tools/daemon/explain_json.h"
#include "tools/daemon/model_files.h"
#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

std::string joined(const Json& labels) {
    std::string text;
    for (const Json& label : labels) {
        text += (text.empty() ? "" : "; ") + label.get<std::string>();
    }
    return text;
}

std::string text_at(const Json& object, const char* key) { return object.at(key).get<std::string>(); }

// "sg-1 egress all to 0.0.0.0/0 (untracked: …)"
std::string permission_text(const Json& stage) {
    const std::string labels = joined(stage.at("Deciding"));
    const std::string note = text_at(stage, "Note");
    return note.empty() ? labels : labels + " (" + note + ")";
}

// "no rule allows it [ENI_SG_RULES_MISMATCH]: sg-1 (nearest: …)"
std::string denial_text(const Json& stage) {
    std::string text = text_at(stage, "ReasonText");
    if (const std::string code = text_at(stage, "ReasonCode"); !code.empty()) {
        text.append(" [").append(code).append("]");
    }
    if (!stage.at("Deciding").empty()) {
        text.append(": ").append(joined(stage.at("Deciding")));
    }
    if (!stage.at("Nearest").is_null()) {
        text.append(" (nearest: ").append(text_at(stage, "Nearest")).append(")");
    }
    return text;
}

void print_stages(const char* title, const Json& stages, const Terminal& terminal) {
    std::vector<std::vector<std::string>> rows{{title, "DIRECTION", "STAGE", "VERDICT", "BY"}};
    for (const Json& stage : stages) {
        const bool allows = stage.at("Allows").get<bool>();
        rows.push_back({text_at(stage, "NetworkInterfaceId"), text_at(stage, "Direction"), text_at(stage, "Stage"),
                        allows ? "allows" : "denies", allows ? permission_text(stage) : denial_text(stage)});
    }
    print_table(terminal.out, rows);
}

void print_verdict(const Json& answer, const Terminal& terminal) {
    const bool is_allowed = answer.at("Allowed").get<bool>();
    terminal.out << coloured(is_allowed ? "allowed" : "denied", is_allowed ? Colour::Good : Colour::Bad, terminal);
    if (is_allowed) {
        terminal.out << (answer.at("ResponseAllowed").get<bool>() ? ", and the response comes back" : ", but the response is blocked");
    }
    terminal.out << "\n\n";
}

// What the model says, forward and back.
void print_model(const Json& answer, const Terminal& terminal) {
    print_stages("FORWARD", answer.at("Forward"), terminal);
    if (!answer.at("Response").empty()) {
        terminal.out << '\n';
        print_stages("RESPONSE", answer.at("Response"), terminal);
    }
}

std::string verdict_text(const Json& verdict) {
    if (verdict.is_null()) {
        return "-";
    }
    const std::string reason = text_at(verdict, "Reason");
    return verdict.at("Rules").empty() ? reason : reason + ": " + joined(verdict.at("Rules"));
}

void print_gates(const Json& answer, const Terminal& terminal) {
    for (const Json& port : answer.at("Closed")) {
        terminal.out << printable(text_at(port, "Device")) << " is " << text_at(port, "State")
                     << ": nothing passes there, whatever the policy\n";
    }
    if (answer.at("Gates").empty()) {
        terminal.out << "neither end has an open port on this host: this is what the model says\n\n";
        return;
    }
    if (!answer.at("Programs").get<bool>()) {
        terminal.out << "this back end has no copy of what judges packets: this is what the accepted model says\n\n";
    }
    std::vector<std::vector<std::string>> rows{{"GATE", "INTERFACE", "DIRECTION", "PACKET", "ENTERED BY", "PROGRAMS", "MODEL"}};
    for (const Json& gate : answer.at("Gates")) {
        rows.push_back({text_at(gate, "Device"), text_at(gate, "NetworkInterfaceId"), text_at(gate, "Direction"),
                        gate.at("Response").get<bool>() ? "response" : "first",
                        gate.at("EnteredBy").is_null() ? "-" : text_at(gate, "EnteredBy"), verdict_text(gate.at("Programs")),
                        verdict_text(gate.at("Model"))});
    }
    print_table(terminal.out, rows);
    terminal.out << '\n';
}

int status_of(const Json& answer) { return answer.at("Allowed").get<bool>() ? kDone : kDenied; }

int run_live(const ExplainOptions& options, const Terminal& terminal) {
    const Result<Json> answer = fetch(
        {.socket = options.socket, .method = "POST", .target = "/v1/explain", .body = print_question(options.question)}, "Gates", terminal);
    if (!answer) {
        return report_error(answer.error().message, answer.error().code, terminal);
    }
    const bool agrees = answer->at("Agrees").get<bool>();
    if (terminal.prints_json) {
        print_json(terminal.out, *answer);
        return agrees ? status_of(*answer) : kFailed;
    }
    if (!agrees) {
        terminal.out << coloured("THE LOADED PROGRAMS AND THE MODEL DISAGREE", Colour::Bad, terminal)
                     << ": what is enforced is not what was accepted; see portcullis verify\n\n";
    }
    print_verdict(*answer, terminal);
    print_gates(*answer, terminal);
    print_model(*answer, terminal);
    return agrees ? status_of(*answer) : kFailed;
}

}  // namespace

int run_explain(const ExplainOptions& options, const Terminal& terminal) {
    if (options.is_live) {
        return run_live(options, terminal);
    }
    const Result<std::vector<Document>> documents = read_model(options.model);
    if (!documents) {
        return report_error(documents.error().message, kInputWrong, terminal);
    }
    const ParseOutcome parsed = parse(*documents);
    if (!parsed.model) {
        if (terminal.prints_json) {
            print_json(terminal.out, {{"Errors", findings_json(parsed.findings, Finding::Severity::Error)}});
        } else {
            terminal.err << "portcullis: the model has errors; see portcullis check " << printable(options.model) << '\n';
        }
        return kInputWrong;
    }
    const Result<Answer> answer = explain(*parsed.model, options.question);
    if (!answer) {
        return report_error(answer.error().message, kInputWrong, terminal);
    }
    const Json json = explain_json(*answer);
    if (terminal.prints_json) {
        print_json(terminal.out, json);
    } else {
        print_verdict(json, terminal);
        print_model(json, terminal);
    }
    return status_of(json);
}

}  // namespace portcullis
