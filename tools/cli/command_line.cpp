// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <ostream>

#include "core/result.h"
#include "tools/cli/live_verbs.h"
#include "tools/cli/text.h"

namespace portcullis {
namespace {

// Everything the parser fills in. Each verb reads its own part.
struct Arguments {
    std::string socket = "/run/portcullis/portcullis.sock";
    bool prints_json = false;
    bool counts_absent = false;
    int wait_seconds = 0;
    ApplyOptions apply;
    ExplainOptions explain;
    RenderOptions render;
    TeardownOptions teardown;
    LiveVerbs live;
    std::string check_model;
    std::string plan_model;
    std::string protocol;
    std::string icmp;
    std::string source_address;
    std::string destination_address;
    std::optional<std::uint16_t> destination_port;
};

template <class Number>
std::optional<Number> number_of(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional(value) : std::nullopt;
}

Result<std::int16_t> parse_protocol(const std::string& text) {
    static const std::map<std::string, std::int16_t, std::less<>> names{
        {"tcp", std::int16_t{6}}, {"udp", std::int16_t{17}}, {"icmp", std::int16_t{1}}, {"icmpv6", std::int16_t{58}}};
    if (const auto found = names.find(text); found != names.end()) {
        return found->second;
    }
    const std::optional<std::uint8_t> number = number_of<std::uint8_t>(text);
    return number ? Result<std::int16_t>(*number) : fail("--proto is tcp, udp, icmp, icmpv6 or a number (0-255), not " + text);
}

// "8/0", or "8" for code 0.
Result<> parse_icmp(const std::string& text, Question& question) {
    const std::size_t slash = text.find('/');
    const std::optional<std::uint8_t> type = number_of<std::uint8_t>(std::string_view(text).substr(0, slash));
    const std::optional<std::uint8_t> code = slash == std::string::npos ? std::optional<std::uint8_t>(std::uint8_t{0})
                                                                        : number_of<std::uint8_t>(std::string_view(text).substr(slash + 1));
    if (!type || !code) {
        return fail("--icmp is TYPE/CODE, such as 8/0, not " + text);
    }
    question.icmp_type = *type;
    question.icmp_code = *code;
    return {};
}

// What the packet says instead of the ends' own addresses, where that is told.
Result<> parse_addresses(const Arguments& arguments, Question& question) {
    for (const auto& [text, address] : {std::pair(&arguments.source_address, &question.source_address),
                                        std::pair(&arguments.destination_address, &question.destination_address)}) {
        if (text->empty()) {
            continue;
        }
        *address = Address::parse(*text);
        if (!*address) {
            return fail(*text + " is not an address");
        }
    }
    return {};
}

Result<> complete_question(Arguments& arguments) {
    Question& question = arguments.explain.question;
    if (const Result<> addresses = parse_addresses(arguments, question); !addresses) {
        return fail(addresses.error());
    }
    const Result<std::int16_t> protocol = parse_protocol(arguments.protocol);
    if (!protocol) {
        return fail(protocol.error());
    }
    question.protocol = *protocol;
    const bool has_ports = *protocol == 6 || *protocol == 17;
    const bool is_icmp = *protocol == 1 || *protocol == 58;
    if (has_ports != arguments.destination_port.has_value()) {
        return fail(has_ports ? "--dport is needed with " + arguments.protocol : "--dport means nothing with " + arguments.protocol);
    }
    question.destination_port = arguments.destination_port.value_or(0);
    if (!is_icmp) {
        return arguments.icmp.empty() ? Result<>{} : fail("--icmp means nothing with " + arguments.protocol);
    }
    return parse_icmp(arguments.icmp.empty() ? (*protocol == 1 ? "8/0" : "128/0") : arguments.icmp, question);
}

void add_check(CLI::App& app, Arguments& arguments) {
    CLI::App* verb = app.add_subcommand("check", "read, validate and compile a model; print counts and the map slots it needs");
    verb->footer("Example: portcullis check /etc/portcullis/model");
    verb->add_option("MODEL", arguments.check_model, "file, or directory of *.json files")->required();
}

void add_render(CLI::App& app, Arguments& arguments) {
    CLI::App* verb = app.add_subcommand("render", "print what a back end would put into the kernel for a model on this host");
    verb->footer("Example: portcullis render /etc/portcullis/model --backend nftables | nft -c -f -");
    verb->add_option("MODEL", arguments.render.model, "file, or directory of *.json files")->required();
    verb->add_option("--backend", arguments.render.backend, "nftables (default): in nft's own language; bpf: the maps' entries")
        ->check(CLI::IsMember({"nftables", "bpf"}));
}

void add_apply(CLI::App& app, Arguments& arguments) {
    CLI::App* verb = app.add_subcommand("apply", "make a model the desired state; return when every present port is enforced");
    verb->footer("Example: portcullis apply /etc/portcullis/model --wait=30");
    verb->add_option("MODEL", arguments.apply.model, "file, or directory of *.json files")->required();
    // A flag with a value: only --wait=SECONDS takes one, so that --wait MODEL is not misread.
    verb->add_flag("--wait{-1}", arguments.wait_seconds, "wait also for ports whose device is absent, at most this many seconds");
    verb->add_option("--confirm-within", arguments.apply.confirm_within, "seconds after which it is rolled back unless confirmed")
        ->check(CLI::Range(1U, 86'400U));
}

void add_plan(CLI::App& app, Arguments& arguments) {
    CLI::App* verb = app.add_subcommand("plan", "what apply would change: ports of this host, objects and their rules");
    verb->footer("Example: portcullis plan /etc/portcullis/model");
    verb->add_option("MODEL", arguments.plan_model, "file, or directory of *.json files")->required();
}

void add_confirm(CLI::App& app) {
    CLI::App* verb = app.add_subcommand("confirm", "keep the change that was made with --confirm-within");
    verb->footer("Example: portcullis apply model.json --confirm-within 60 && portcullis confirm");
}

void add_status(CLI::App& app, Arguments& arguments) {
    CLI::App* verb = app.add_subcommand("status", "what is enforced, port by port; exit 0 only if every present port is enforced");
    verb->footer("Example: portcullis --json status --strict");
    verb->add_flag("--strict", arguments.counts_absent, "absent ports count as not enforced");
}

void add_events(CLI::App& app) {
    CLI::App* verb = app.add_subcommand("events", "the last denials of ports whose OnDeny asks for a log, oldest first");
    verb->footer("Example: portcullis events");
}

void add_explain(CLI::App& app, Arguments& arguments) {
    CLI::App* verb = app.add_subcommand("explain", "the verdict for one packet, stage by stage; exit 0 if allowed, 3 if denied");
    verb->footer("Example: portcullis explain --live --from eni-0a1 --to 10.0.1.5 --proto tcp --dport 443");
    verb->add_option("MODEL", arguments.explain.model, "file, or directory of *.json files");
    verb->add_flag("--live", arguments.explain.is_live,
                   "instead of MODEL: what the running daemon's programs say, beside its model; exit 1 if they disagree");
    Question& question = arguments.explain.question;
    verb->add_option("--from", question.from, "interface id, instance id or address");
    verb->add_option("--to", question.to, "interface id, instance id or address");
    verb->add_option("--proto", arguments.protocol, "tcp, udp, icmp, icmpv6 or a number");
    verb->add_option("--sport", question.source_port, "source port (default 49152)");
    verb->add_option("--dport", arguments.destination_port, "destination port, needed with tcp and udp");
    verb->add_option("--icmp", arguments.icmp, "TYPE/CODE (default: echo request)");
    verb->add_option("--source-address", arguments.source_address, "the packet's, if not the interface's own: one that forwards");
    verb->add_option("--destination-address", arguments.destination_address, "likewise");
    verb->add_option("--vpc", question.vpc_id, "the VPC of an address that several have");
}

void add_teardown(CLI::App& app, Arguments& arguments) {
    CLI::App* verb = app.add_subcommand("teardown", "remove every object of ours from the kernel, and nothing else");
    verb->footer("Example: portcullis teardown --bpffs /sys/fs/bpf/portcullis");
    verb->add_flag("--force", arguments.teardown.is_forced, "even while a daemon runs");
    verb->add_option("--bpffs", arguments.teardown.bpffs_directory, "directory of the pins (default /sys/fs/bpf/portcullis)");
    verb->add_option("--state-dir", arguments.teardown.state_directory, "of the daemon that must not run (default /var/lib/portcullis)");
}

int usage_error(const std::string& message, const Terminal& terminal) {
    return report_error(message + "; see portcullis --help", kInputWrong, terminal);
}

int run_explain_verb(Arguments& arguments, const Terminal& terminal) {
    if (arguments.explain.is_live != arguments.explain.model.empty()) {
        return usage_error(arguments.explain.is_live ? "explain takes MODEL or --live, not both" : "explain needs MODEL or --live",
                           terminal);
    }
    for (const auto& [value, name] : {std::pair(&arguments.explain.question.from, "--from"),
                                      std::pair(&arguments.explain.question.to, "--to"), std::pair(&arguments.protocol, "--proto")}) {
        if (value->empty()) {
            return usage_error(std::string("explain needs ") + name, terminal);
        }
    }
    if (const Result<> completed = complete_question(arguments); !completed) {
        return usage_error(completed.error().message, terminal);
    }
    arguments.explain.socket = arguments.socket;
    return run_explain(arguments.explain, terminal);
}

int run_verb(const CLI::App& app, Arguments& arguments, const Terminal& terminal) {
    if (app.got_subcommand("check")) {
        return run_check(arguments.check_model, terminal);
    }
    if (app.got_subcommand("render")) {
        return run_render(arguments.render, terminal);
    }
    if (app.got_subcommand("apply")) {
        arguments.apply.socket = arguments.socket;
        arguments.apply.waits_for_absent = arguments.wait_seconds != 0;
        if (arguments.wait_seconds > 0) {
            arguments.apply.wait_seconds = static_cast<unsigned>(arguments.wait_seconds);
        }
        return run_apply(arguments.apply, terminal);
    }
    if (app.got_subcommand("plan")) {
        return run_plan(arguments.plan_model, arguments.socket, terminal);
    }
    if (app.got_subcommand("confirm")) {
        return run_confirm(arguments.socket, terminal);
    }
    if (app.got_subcommand("status")) {
        return run_status(arguments.socket, arguments.counts_absent, terminal);
    }
    if (app.got_subcommand("events")) {
        return run_events(arguments.socket, terminal);
    }
    if (app.got_subcommand("explain")) {
        return run_explain_verb(arguments, terminal);
    }
    if (const std::optional<int> status = arguments.live.run(arguments.socket, terminal)) {
        return *status;
    }
    arguments.teardown.socket = arguments.socket;
    return run_teardown(arguments.teardown, terminal);
}

}  // namespace

int run_command_line(int argc, const char* const* argv, Terminal terminal) {
    Arguments arguments;
    CLI::App app("EC2-style security groups and network ACLs on this host's bridge ports.", "portcullis");
    app.set_version_flag("--version", PORTCULLIS_VERSION);
    app.footer(
        "Exit status: 0 done (explain: allowed), 1 failed, 2 input or command line wrong, 3 denied (explain), 4 no daemon answers.\n"
        "Example: portcullis status");
    app.require_subcommand(1)->fallthrough();
    app.add_option("--socket", arguments.socket, "the daemon's socket (default " + arguments.socket + ")");
    app.add_flag("--json", arguments.prints_json, "print JSON with the keys of docs/api.md");
    add_check(app, arguments);
    add_render(app, arguments);
    add_apply(app, arguments);
    add_plan(app, arguments);
    add_confirm(app);
    add_status(app, arguments);
    add_events(app);
    add_explain(app, arguments);
    arguments.live.add_to(app);
    add_teardown(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        (void)app.exit(help, terminal.out, terminal.out);
        return kDone;
    } catch (const CLI::ParseError& error) {
        terminal.prints_json = arguments.prints_json;
        return usage_error(error.what(), terminal);
    }
    terminal.prints_json = arguments.prints_json;
    try {
        return run_verb(app, arguments, terminal);
    } catch (const std::exception& error) {  // the JSON library's, when a daemon of another version leaves a key out
        return report_error(std::string("the daemon's answer is not understood: ") + error.what(), kFailed, terminal);
    }
}

}  // namespace portcullis
