// The whole proxy: loads the file, binds the listeners, runs the workers, publishes new policy generations,
// drains. Lives on the control thread, with its own io_context for what is not a caller's request: keys,
// signals, reloads, administration.
#pragma once

#include "base/watched_file.hpp"
#include "control/policy_load.hpp"
#include "control/predecessor.hpp"
#include "gate/generation.hpp"
#include "gate/worker.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace scopegate::control {

// Why the proxy can't start: what() is for a person, one line or several.
struct start_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class service final {
public:
    // Loads the file. Throws start_error with every error of it.
    service(net::asio::io_context& control, std::string path, config::environment env);
    ~service();
    service(const service&) = delete;
    service& operator=(const service&) = delete;

    // Binds the listeners, then starts keys and workers. Throws start_error (a taken port). `take_over`: the
    // listeners are shared with the process that they are taken from.
    void start(bool take_over = false);

    // Loads the file again, on a thread of its own, and publishes it when it is loaded; a bad file changes
    // nothing. During a load it has another one follow. Never waits. Control thread, as for all functions
    // here.
    void reload();
    // One look at routes.yaml and the files that it names. Reloads if one of them has changed since it was
    // loaded, two looks in a row saw the same, and nobody has one of them open for writing.
    void reload_if_changed();

    // Not ready any more, and each response ends its connection, but it accepts and serves until drain() or
    // stop().
    void leave();
    // Not ready any more, but still accepting for `delay`, while each answer ends its connection; then no new
    // connections, and those that are busy get timeouts.drain to finish. `ended` is called when all have
    // gone.
    void drain(std::chrono::milliseconds delay, std::function<void()> ended);
    // Cuts off what is left, and joins the workers. Waits for a load that is under way and drops what it
    // loaded.
    void stop();

    // Whether requests are served as they should be: every issuer has had keys once, and it is not draining.
    struct readiness {
        bool ready = false;
        bool draining = false;
        std::vector<std::string> without_keys; // issuers that have none now
    };
    [[nodiscard]] readiness ready();

    [[nodiscard]] const policy::policy& policy() const noexcept { return *current_.policy; }
    [[nodiscard]] const gate::shared_generation& generation() const noexcept { return current_; }
    [[nodiscard]] gate::shared_counters& counters() noexcept { return counters_; }

private:
    void open_proof_window(bool take_over);
    [[nodiscard]] bool is_being_written(const std::string& seen);
    void take(policy_load next);
    void publish(gate::shared_generation made);
    void bound_memory(gate::shared_generation& made, std::size_t workers);
    void warn_of_what_needs_a_restart(const policy::server_settings& next) const;

    net::asio::io_context& control_;
    std::string path_;
    config::environment env_;
    gate::shared_generation current_;
    policy::server_settings started_; // what of it the process was started with stays, whatever a reload says
    std::vector<std::string> watched_;
    std::string fingerprint_; // of the watched files
    two_looks looks_;
    std::string reported_writer_; // the last look at files of which reload_waits was logged
    gate::shared_counters counters_;
    std::vector<net::bound_listener> listeners_;
    std::optional<predecessor> predecessor_; // of --takeover
    std::vector<std::unique_ptr<gate::worker>> workers_;
    std::vector<std::thread> threads_;
    std::atomic<int> running_{0}; // workers
    net::asio::steady_timer drain_timer_;
    std::thread loading_; // joinable from reload() until its result is taken
    bool load_again_ = false;
    std::shared_ptr<const bool> alive_ =
        std::make_shared<bool>(); // null once stopped: what was posted is dropped
    bool had_all_keys_ = false;
    bool leaving_ = false;
    bool draining_ = false;
};

// Why a listener can't be had, for a person: where the file says its address, and what to do. `key` of
// `server` is `listen`, with the number of its item, or another one.
[[nodiscard]] std::string listening_problem(const policy::policy& p, std::string_view key, std::size_t item,
                                            const boost::system::system_error& why);

// Where to listen for an address of the file; a name is resolved now. Throws boost::system::system_error.
[[nodiscard]] net::stream_endpoint listening_endpoint(const policy::endpoint& address);

// Raises what this process may open to all that it is allowed, as a server should: the usual soft limit of
// 1,024 is a courtesy to select(). Returns how many descriptors that are.
std::size_t raise_descriptor_limit() noexcept;
// How many callers so many descriptors serve.
[[nodiscard]] std::size_t connections_within(std::size_t descriptors, unsigned workers) noexcept;

// How many cores this process may use: the cgroup's CPU quota (rounded up) and the affinity mask; at least 1.
[[nodiscard]] unsigned granted_cores();

} // namespace scopegate::control
