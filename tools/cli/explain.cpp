// SPDX-License-Identifier: Apache-2.0
// portcullis explain: the verdict for one packet, stage by stage, from the model alone.
#include "compiler/explain.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "compiler/parse.h"
#include "tools/cli/commands.h"
#include "tools/cli/text.h"
#include "tools/daemon/model_files.h"
#include "tools/daemon/printable.h"

namespace portcullis {
namespace {

using Json = nlohmann::ordered_json;

Json stages_json(const std::vector<StageAnswer>& stages) {
    Json array = Json::array();
    for (const StageAnswer& stage : stages) {
        array.push_back({{"NetworkInterfaceId", stage.interface_id},
                         {"Direction", to_string(stage.direction)},
                         {"Stage", stage.stage},
                         {"Allows", stage.allows},
                         {"Reason", name_of(stage.reason)},
                         {"ReasonCode", stage.reason_code},
                         {"Deciding", stage.deciding},
                         {"Nearest", stage.nearest ? Json(*stage.nearest) : Json()},
                         {"Note", stage.note}});
    }
    return array;
}

std::string joined(const std::vector<std::string>& labels) {
    std::string text;
    for (const std::string& label : labels) {
        text += (text.empty() ? "" : "; ") + label;
    }
    return text;
}

// "sg-1 egress all to 0.0.0.0/0 (untracked: …)"
std::string permission_text(const StageAnswer& stage) {
    const std::string labels = joined(stage.deciding);
    return stage.note.empty() ? labels : labels + " (" + stage.note + ")";
}

// "no rule allows it [ENI_SG_RULES_MISMATCH]: sg-1 (nearest: …)"
std::string denial_text(const StageAnswer& stage) {
    std::string text(text_of(stage.reason));
    if (!stage.reason_code.empty()) {
        text.append(" [").append(stage.reason_code).append("]");
    }
    if (!stage.deciding.empty()) {
        text.append(": ").append(joined(stage.deciding));
    }
    if (stage.nearest) {
        text.append(" (nearest: ").append(*stage.nearest).append(")");
    }
    return text;
}

void print_stages(const char* title, const std::vector<StageAnswer>& stages, const Terminal& terminal) {
    std::vector<std::vector<std::string>> rows{{title, "DIRECTION", "STAGE", "VERDICT", "BY"}};
    for (const StageAnswer& stage : stages) {
        const std::string by = stage.allows ? permission_text(stage) : denial_text(stage);
        rows.push_back({stage.interface_id, std::string(to_string(stage.direction)), stage.stage, stage.allows ? "allows" : "denies", by});
    }
    print_table(terminal.out, rows);
}

void print_answer(const Answer& answer, const Terminal& terminal) {
    terminal.out << coloured(answer.allowed ? "allowed" : "denied", answer.allowed ? Colour::Good : Colour::Bad, terminal);
    if (answer.allowed) {
        terminal.out << (answer.response_allowed ? ", and the response comes back" : ", but the response is blocked");
    }
    terminal.out << "\n\n";
    print_stages("FORWARD", answer.forward, terminal);
    if (!answer.response.empty()) {
        terminal.out << '\n';
        print_stages("RESPONSE", answer.response, terminal);
    }
}

}  // namespace

int run_explain(const ExplainOptions& options, const Terminal& terminal) {
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
    if (terminal.prints_json) {
        print_json(terminal.out, {{"Allowed", answer->allowed},
                                  {"ResponseAllowed", answer->response_allowed},
                                  {"Forward", stages_json(answer->forward)},
                                  {"Response", stages_json(answer->response)}});
    } else {
        print_answer(*answer, terminal);
    }
    return answer->allowed ? kDone : kDenied;
}

}  // namespace portcullis
