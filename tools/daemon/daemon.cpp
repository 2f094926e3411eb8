// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/daemon.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <set>
#include <utility>

#include "tools/daemon/printable.h"
#include "tools/daemon/service_manager.h"

namespace portcullis {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::milliseconds kLook{250};  // the kernel tells nothing of a hook that changes

void log_loader(LogLevel level, std::string_view text) {
    switch (level) {
        case LogLevel::Debug:
            return spdlog::debug("{}", text);
        case LogLevel::Info:
            return spdlog::info("{}", text);
        case LogLevel::Warning:
            return spdlog::warn("{}", text);
    }
}

std::set<std::uint32_t> default_routes() {
    Result<std::set<std::uint32_t>> devices = NetlinkMonitor::default_routes();
    if (!devices) {
        spdlog::warn("default routes are unknown, so a bridge's port that carries one is not recognised: {}", devices.error().message);
        return {};
    }
    return std::move(*devices);
}

// What the last run bound. Where nothing of that is left, everything that an earlier daemon guards still counts as once bound: it must not
// be released because a file was lost.
Progress load_progress(const StateStore& store, const DaemonOptions& options) {
    Result<Progress> progress = store.load_progress();
    if (!progress) {
        spdlog::error("{}; starting without what it held", progress.error().message);
        progress = Progress{};
    }
    if (progress->bindings != BindingMemory{}) {
        return std::move(*progress);
    }
    Result<std::set<std::uint32_t>> guarded = find_guarded_devices(options);
    if (!guarded) {
        spdlog::warn("what stands in the kernel is unknown: {}", guarded.error().message);
        return std::move(*progress);
    }
    progress->bindings.once_bound = std::move(*guarded);
    return std::move(*progress);
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(asio::io_context& loop, const DaemonOptions& options) {
    if (Result<> made = make_state_directory(options.state_directory); !made) {
        return fail(made.error());
    }
    Result<StateLock> lock = StateLock::acquire(options.state_directory);
    if (!lock) {
        return fail(lock.error());
    }
    Result<NetlinkMonitor> monitor = NetlinkMonitor::open();
    if (!monitor) {
        return fail(monitor.error());
    }
    Parts parts{std::move(*lock), StateStore(options.state_directory, current_host_id()), std::move(*monitor)};
    std::unique_ptr<Daemon> daemon(new Daemon(loop, std::move(parts), Guard(options.state_directory)));
    Result<> opened = daemon->open_socket(loop, options);
    opened = opened ? daemon->open_metrics(loop, options) : opened;
    if (opened) {
        opened = daemon->open_dataplane(options);
    }
    if (!opened) {
        return fail(opened.error());
    }
    daemon->begin(loop, options);
    return daemon;
}

Daemon::Daemon(asio::io_context& loop, Parts parts, Guard guard)
    : lock_(std::move(parts.lock)),
      store_(std::move(parts.store)),
      monitor_(std::move(parts.monitor)),
      guard_(std::move(guard)),
      devices_changed_(loop, ::fcntl(monitor_.fd(), F_DUPFD_CLOEXEC, 0)),
      events_ready_(loop),
      tick_timer_(loop),
      look_timer_(loop),
      signals_(loop, SIGTERM, SIGINT, SIGHUP),
      work_log_([](const std::string& line) { spdlog::info("{}", line); }, tell_service_manager, WorkLog::Clock::now()),
      loop_(loop) {}

// Requests wait in the socket until the loop runs, which is after everything below has been set up.
Result<> Daemon::open_socket(asio::io_context& loop, const DaemonOptions& options) {
    Result<std::unique_ptr<ControlSocket>> socket = ControlSocket::open(loop, options.socket, [this](HttpRequest request) {
        HttpResponse response = api_->handle(std::move(request));
        report();
        return response;
    });
    if (!socket) {
        return fail(socket.error());
    }
    socket_ = std::move(*socket);
    return {};
}

Result<> Daemon::open_metrics(asio::io_context& loop, const DaemonOptions& options) {
    if (!options.metrics) {
        return {};
    }
    Result<std::unique_ptr<MetricsServer>> server = MetricsServer::open(loop, *options.metrics, [this] { return api_->metrics(); });
    if (!server) {
        return fail(server.error());
    }
    metrics_ = std::move(*server);
    return {};
}

Result<> Daemon::open_dataplane(const DaemonOptions& options) {
    const WorkCallback work = [this](std::string_view step, std::size_t done, std::size_t of) {
        work_log_.at_work(step, done, of, WorkLog::Clock::now());
    };
    Result<Backend> backend = open_backend(options, log_loader, work);
    if (!backend) {
        return fail(backend.error());
    }
    backend_.emplace(std::move(*backend));
    const ControllerHost host{.dataplane = backend_->dataplane(),
                              .store = store_,
                              .devices = monitor_.devices(),
                              .default_routes = default_routes,
                              .facts = [this] { return monitor_.facts(); },
                              .applied =
                                  [this](const ApplyReport& report) {
                                      if (!backend_->dataplane().why_nothing_is_enforced().empty()) {
                                          return;  // nothing takes the place of the guard of early boot
                                      }
                                      spdlog::debug("enforced as generation {}; kernel writes: {}", report.generation,
                                                    report.kernel_writes);
                                      backend_->note_applied();
                                      retire_other_backend();
                                      guard_.end();
                                  },
                              .backend_reason = [this] { return backend_->reason(); },
                              .fast_path = options.fast_path,
                              .work = work};
    Result<std::vector<Quarantine>> quarantines = store_.load_quarantines();
    if (!quarantines) {
        return fail(quarantines.error().with_context("which ports are in quarantine is unknown; what is enforced is left as it is"));
    }
    Progress progress = load_progress(store_, options);
    progress.quarantines = std::move(*quarantines);
    controller_.emplace(host, std::move(progress));
    intake_.emplace(*controller_, store_, options.model, options.on_error);
    confirmation_.emplace(*controller_);
    api_.emplace(*controller_, *intake_, *confirmation_, events_);
    const bool enforces = backend_->dataplane().why_nothing_is_enforced().empty();
    spdlog::log(enforces ? spdlog::level::info : spdlog::level::err, "back end: {} ({}); listening on {}",
                backend_->dataplane().description(), backend_->reason(), options.socket);
    return {};
}

void Daemon::retire_other_backend() {
    const Result<> retired = backend_->retire_other();
    const std::string trouble = retired ? "" : retired.error().message;
    if (!trouble.empty() && trouble != reported_leftover_) {
        spdlog::error("what the other back end left still judges packets as well: {}; trying again every second", trouble);
    }
    reported_leftover_ = trouble;
}

void Daemon::begin(asio::io_context& loop, const DaemonOptions& options) {
    wait_for_signal();
    wait_for_devices();
    if (const int fd = backend_->dataplane().events_fd(); fd >= 0) {
        events_ready_.assign(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
        wait_for_events();
    }
    wait_for_tick();
    wait_for_look();
    if (options.model.empty()) {
        intake_->resume();
        report();
        return;
    }
    source_.emplace(loop, options.model, options.watches_model ? ModelSource::Watch::On : ModelSource::Watch::Off,
                    [this](Result<std::vector<Document>> documents) {
                        const bool is_settled = intake_->take(std::move(documents));
                        report();
                        return is_settled;
                    });
    source_->start();
}

void Daemon::wait_for_devices() {
    devices_changed_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code stopped) {
        if (!stopped) {
            read_devices();
            wait_for_devices();
        }
    });
}

void Daemon::read_devices() {
    const Result<NetlinkMonitor::Events> events = monitor_.read_events([this] { reconcile(Controller::Reapply::IfChanged); });
    if (events && *events == NetlinkMonitor::Events::Read) {
        return reconcile(Controller::Reapply::IfChanged);
    }
    spdlog::warn("netlink events were lost{}; reading all devices anew", events ? "" : " (" + events.error().message + ")");
    resync_devices();
    // A device may have gone and another come in its place unseen: the data plane looks at every one again.
    reconcile(Controller::Reapply::Always);
}

void Daemon::resync_devices() {
    if (const Result<> synced = monitor_.resync(); !synced) {
        spdlog::error("{}", synced.error().message);
    }
}

void Daemon::reconcile(Controller::Reapply reapply) {
    const Result<bool> applied = controller_->devices_changed(reapply);
    const std::string trouble = applied ? "" : applied.error().message;
    if (!trouble.empty() && trouble != reported_trouble_) {
        spdlog::error("a change of devices is not enforced: {}; trying again every second", trouble);
    }
    reported_trouble_ = trouble;
    report();
}

void Daemon::wait_for_events() {
    events_ready_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code stopped) {
        if (!stopped) {
            read_events();
            wait_for_events();
        }
    });
}

// Ports make events only where their OnDeny asks for a log, at a limited rate.
void Daemon::read_events() {
    Result<std::vector<Event>> events = backend_->dataplane().take_events();
    if (!events) {
        spdlog::warn("{}", events.error().message);
        return;
    }
    for (const Event& event : *events) {
        spdlog::info("{}", printable(to_line(event)));
    }
    events_.add(std::move(*events));
}

void Daemon::wait_for_tick() {
    tick_timer_.expires_after(kTick);
    tick_timer_.async_wait([this](boost::system::error_code stopped) {
        if (!stopped) {
            tick();
            wait_for_tick();
        }
    });
}

// The kernel tells nothing when the alias of a device that is down changes: devices are read anew, after the events that it did tell.
void Daemon::tick() {
    read_devices();
    resync_devices();
    reconcile(Controller::Reapply::IfChanged);
    if (intake_->resumes_later()) {
        intake_->resume();
        report();
    }
    if (confirmation_->roll_back_if_due(Confirmation::Clock::now())) {
        report();
    }
    retire_other_backend();
    if (controller_->has_model() && controller_->why_nothing_is_enforced().empty()) {
        guard_.end();
    }
    if (const Result<> swept = backend_->dataplane().sweep(); !swept) {
        spdlog::debug("expired flows were not freed: {}", swept.error().message);
    }
    work_log_.rest(WorkLog::Clock::now());
    (void)tell_service_manager("WATCHDOG=1");  // the next one is a second away
    tell_ready();
}

void Daemon::wait_for_look() {
    look_timer_.expires_after(kLook);
    look_timer_.async_wait([this](boost::system::error_code stopped) {
        if (!stopped) {
            look();
            wait_for_look();
        }
    });
}

void Daemon::look() {
    const Controller::Healed healed = controller_->heal();
    for (const std::string& line : healed.lines) {
        spdlog::warn("tampered with: {}", printable(line));
    }
    if (healed.needs_reapply) {
        read_devices();  // what had lost both its hooks may be another device by now
        reconcile(Controller::Reapply::Always);
    } else if (!healed.lines.empty()) {
        report();
    }
}

void Daemon::wait_for_signal() {
    signals_.async_wait([this](boost::system::error_code stopped, int signal) {
        if (!stopped) {
            take_signal(signal);
        }
    });
}

void Daemon::take_signal(int signal) {
    if (signal != SIGHUP) {
        spdlog::info("stopping; what is enforced stays enforced");
        (void)tell_service_manager("STOPPING=1");  // it sees the end as well
        loop_.stop();
        return;
    }
    if (source_) {
        spdlog::info("SIGHUP: reading again");
        source_->reload();
    }
    wait_for_signal();
}

void Daemon::report() {
    report_lines();
    if (!is_ready_ && intake_->is_ready()) {
        is_ready_ = true;
        spdlog::info("ready");
        tell_ready();
    }
}

void Daemon::tell_ready() { is_told_ready_ = is_told_ready_ || (is_ready_ && tell_service_manager("READY=1")); }

// One log line for each port whose state is not what was last said.
void Daemon::report_lines() {
    std::vector<PortLine> lines = controller_->lines();
    if (lines == reported_lines_) {
        return;
    }
    for (const PortLine& line : lines) {
        if (std::ranges::find(reported_lines_, line) == reported_lines_.end()) {
            const std::string owner = line.interface_id.empty() ? "" : " (" + line.interface_id + ")";
            const std::string detail = line.detail.empty() ? "" : ", " + line.detail;
            spdlog::info("{}: {}{}", printable(line.device + owner), to_string(line.state), printable(detail));
            for (const std::string& sentence : controller_->unenforced_of(line.ifindex)) {
                spdlog::warn("{}: not done: {}", printable(line.device + owner), sentence);
            }
        }
    }
    reported_lines_ = std::move(lines);
}

}  // namespace portcullis
