// SPDX-License-Identifier: Apache-2.0
// Wires the parts of portcullisd to one event loop: devices, model, API, timers and signals to the controller, its outcomes to the log and
// to systemd. Everything runs on the thread that runs the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "tools/daemon/api.h"
#include "tools/daemon/backend.h"
#include "tools/daemon/confirmation.h"
#include "tools/daemon/control_socket.h"
#include "tools/daemon/controller.h"
#include "tools/daemon/event_log.h"
#include "tools/daemon/guard.h"
#include "tools/daemon/metrics_server.h"
#include "tools/daemon/model_intake.h"
#include "tools/daemon/model_source.h"
#include "tools/daemon/netlink_monitor.h"
#include "tools/daemon/options.h"
#include "tools/daemon/state_lock.h"
#include "tools/daemon/work_log.h"

namespace portcullis {

class Daemon {
   public:
    // Locks the state directory, opens the socket, the back end and netlink, and takes up the model: from --model, or what was last
    // accepted. The loop does the rest; it ends on SIGTERM and SIGINT, and what is enforced stays enforced.
    [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(boost::asio::io_context& loop, const DaemonOptions& options);

   private:
    struct Parts {
        StateLock lock;
        StateStore store;
        NetlinkMonitor monitor;
    };
    Daemon(boost::asio::io_context& loop, Parts parts, Guard guard);
    [[nodiscard]] Result<> open_socket(boost::asio::io_context& loop, const DaemonOptions& options);
    [[nodiscard]] Result<> open_metrics(boost::asio::io_context& loop, const DaemonOptions& options);
    [[nodiscard]] Result<> open_dataplane(const DaemonOptions& options);
    void begin(boost::asio::io_context& loop, const DaemonOptions& options);

    void wait_for_devices();
    void read_devices();
    void resync_devices();
    void reconcile(Controller::Reapply reapply);
    void wait_for_events();
    void read_events();
    void wait_for_tick();
    void tick();
    void wait_for_look();
    void look();
    void wait_for_signal();
    void take_signal(int signal);
    void report();
    void report_lines();
    void tell_ready();
    void retire_other_backend();

    StateLock lock_;
    StateStore store_;
    NetlinkMonitor monitor_;
    Guard guard_;
    std::optional<Backend> backend_;
    std::optional<Controller> controller_;
    std::optional<ModelIntake> intake_;
    std::optional<Confirmation> confirmation_;
    EventLog events_;
    std::optional<Api> api_;
    std::unique_ptr<ControlSocket> socket_;
    std::unique_ptr<MetricsServer> metrics_;
    std::optional<ModelSource> source_;
    boost::asio::posix::stream_descriptor devices_changed_;
    boost::asio::posix::stream_descriptor events_ready_;
    boost::asio::steady_timer tick_timer_;
    boost::asio::steady_timer look_timer_;
    boost::asio::signal_set signals_;
    WorkLog work_log_;
    boost::asio::io_context& loop_;
    std::vector<PortLine> reported_lines_;
    std::string reported_trouble_;
    std::string reported_leftover_;  // why the other back end's objects are still there
    bool is_ready_ = false;
    bool is_told_ready_ = false;  // the service manager has taken it
};

}  // namespace portcullis
