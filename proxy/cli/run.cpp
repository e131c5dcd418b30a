#include "cli/run.hpp"

#include "admin/server.hpp"
#include "cli/repeating.hpp"
#include "control/memory.hpp"
#include "control/privileges.hpp"
#include "control/service.hpp"
#include "control/startup_memory.hpp"
#include "observe/log.hpp"

#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <optional>

namespace scopegate::cli {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Handles signals. SIGHUP reloads. SIGTERM drains as orchestrators expect: the proxy still accepts for a
// while, because routers learn late that it leaves. SIGINT comes from a person at a terminal and drains
// without that delay. A second SIGTERM or SIGINT ends the process at once. SIGUSR1 and SIGUSR2, which have a
// meaning for other proxies, are logged and ignored.
class signals final {
public:
    signals(asio::io_context& control, control::service& service)
        : set_(control, SIGTERM, SIGINT, SIGHUP), control_(control), service_(service)
    {
        set_.add(SIGUSR1);
        set_.add(SIGUSR2);
        wait();
    }

private:
    void wait()
    {
        set_.async_wait([this](const boost::system::error_code& stopped, int signal) {
            if (stopped)
                return;
            wait(); // first, so that an exception from a reload does not end signal handling
            if (signal == SIGHUP)
                service_.reload();
            else if (signal == SIGUSR1 || signal == SIGUSR2)
                observe::log_event(observe::level::info, "signal_ignored",
                                   {{"signal", signal == SIGUSR1 ? "SIGUSR1" : "SIGUSR2"}});
            else if (std::exchange(ending_, true))
                control_.stop();
            else
                service_.drain(signal == SIGTERM ? service_.policy().server.timeouts.drain_delay : 0ms,
                               [this] { control_.stop(); });
        });
    }
    asio::signal_set set_;
    asio::io_context& control_;
    control::service& service_;
    bool ending_ = false;
};

// Runs the control thread, which no exception ends. Its timers resume interrupted work.
void run_control(asio::io_context& control)
{
    for (;;) {
        try {
            control.run();
            return;
        } catch (const std::exception& failed) {
            observe::log_event(observe::level::error, "control_interrupted", {{"error", failed.what()}});
        }
    }
}

} // namespace

int run(const run_options& options)
{
    control::use_single_arena();
    // A log reader that goes away is no reason to stop serving. The other signals must not end the process
    // before it handles them: start-up reads the policy anyway, which is all that SIGHUP asks for.
    for (const int ignored : {SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2})
        std::signal(ignored, SIG_IGN);
    control::refuse_new_privileges();
    control::protect_memory(false);
    asio::io_context control{1};
    try {
        control::service service(control, options.config, config::process_environment());
        const observe::log_writer writing;
        std::optional<admin::server> admin;
        std::optional<admin::server> health;
        const auto settings = service.policy().server;
        control::protect_memory(settings.core_dumps);
        control::warn_about_privileges(control::present_privileges());
        service.start(options.take_over);
        if (settings.admin)
            admin.emplace(control, service, *settings.admin, admin::pages::all, "admin", options.take_over);
        if (settings.health)
            health.emplace(control, service, *settings.health, admin::pages::health, "health",
                           options.take_over);
        const signals handled(control, service);
        const repeating watching(control, 500ms, [&service] { service.reload_if_changed(); });
        control::release_startup_memory();
        control::memory_keeper memory(service.counters());
        const repeating keeping(control, 250ms, [&memory] { memory.poll(std::chrono::steady_clock::now()); });
        run_control(control);
        service.stop();
    } catch (const control::start_error& failed) {
        observe::close_log();
        std::cerr << failed.what() << '\n';
        return 1;
    }
    observe::close_log(); // first, or the request lines would come after events
    observe::log_event(observe::level::info, "stopped");
    observe::close_log();
    return 0;
}

} // namespace scopegate::cli
