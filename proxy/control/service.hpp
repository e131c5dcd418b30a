// Runs the whole proxy: loads the policy, binds the listeners, runs the workers, publishes new policy
// snapshots, drains. Lives on the control thread, whose io_context handles everything but client requests:
// keys, signals, reloads, administration.
#pragma once

#include "base/watched_file.hpp"
#include "control/policy_load.hpp"
#include "control/predecessor.hpp"
#include "gate/snapshot.hpp"
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

// Says why the proxy can't start. what() is for a person and has one or more lines.
struct start_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class service final {
public:
    // Loads the file. Throws start_error with all of its errors.
    service(net::asio::io_context& control, std::string path, config::environment env);
    ~service();
    service(const service&) = delete;
    service& operator=(const service&) = delete;

    // Binds the listeners, then starts the keys and the workers. With `take_over` the listeners are shared
    // with the process that is being replaced. Throws start_error, for example if a port is in use.
    void start(bool take_over = false);

    // Loads the file again on a separate thread, and publishes the result; a file with errors changes
    // nothing. If a load is running, another one follows it. Never waits. Control thread, as for all
    // functions here.
    void reload();
    // Polls routes.yaml and the files that it names. Reloads if one of them has changed since it was loaded.
    // Two consecutive polls must see the same state, and no process may have one of them open for writing.
    void reload_if_changed();

    // Reports "not ready" and closes each connection after its response, but accepts and serves until drain()
    // or stop().
    void leave();
    // Does the same as leave() for `delay`, then stops accepting. Busy connections get timeouts.drain to
    // finish. Calls `ended` when all connections are gone or that time is over.
    void drain(std::chrono::milliseconds delay, std::function<void()> ended);
    // Closes the remaining connections and joins the workers. Waits for a running load and drops its result.
    void stop();

    // The readiness state: ready if every issuer has had keys once and the service is neither leaving nor
    // draining.
    struct readiness {
        bool ready = false;
        bool draining = false;
        std::vector<std::string> without_keys; // issuers that have no keys now
    };
    [[nodiscard]] readiness ready();

    [[nodiscard]] const policy::policy& policy() const noexcept { return *current_.policy; }
    [[nodiscard]] const gate::shared_snapshot& snapshot() const noexcept { return current_; }
    [[nodiscard]] gate::shared_counters& counters() noexcept { return counters_; }

private:
    void open_proof_window(bool take_over);
    [[nodiscard]] bool is_being_written(const std::string& seen);
    void take(policy_load next);
    void publish(gate::shared_snapshot next);
    void bound_memory(gate::shared_snapshot& next, std::size_t workers);
    void rotate_ticket_keys_later();
    void warn_about_restart(const policy::server_settings& next) const;

    net::asio::io_context& control_;
    std::string path_;
    config::environment env_;
    std::shared_ptr<net::ticket_keys> ticket_keys_; // for policies that name no file of keys
    gate::shared_snapshot current_;
    policy::server_settings started_; // the settings at the start; some of them stay in force after a reload
    std::vector<std::string> watched_;
    std::string fingerprint_; // of the watched files
    stability_check stability_;
    std::string reported_writer_; // the fingerprint for which reload_waits was last logged
    gate::shared_counters counters_;
    std::vector<net::bound_listener> listeners_;
    std::optional<predecessor> predecessor_; // with --takeover
    std::vector<std::unique_ptr<gate::worker>> workers_;
    std::vector<std::thread> threads_;
    std::atomic<int> running_{0}; // number of workers that run
    net::asio::steady_timer drain_timer_;
    net::asio::steady_timer ticket_timer_;
    std::thread loading_; // joinable from reload() until its result is taken
    bool load_again_ = false;
    // Null once stopped: posted results are dropped.
    std::shared_ptr<const bool> alive_ = std::make_shared<bool>();
    bool had_all_keys_ = false;
    bool leaving_ = false;
    bool draining_ = false;
};

// Explains to a person why a listener can't be opened: where the file gives its address, and what to do.
// `key` is a key of `server`; for `listen`, `item` is the index of the list's item.
[[nodiscard]] std::string listening_problem(const policy::policy& p, std::string_view key, std::size_t item,
                                            const boost::system::system_error& why);

// Returns where to listen for an address of the policy, and resolves a name now. Throws
// boost::system::system_error.
[[nodiscard]] net::stream_endpoint listening_endpoint(const policy::endpoint& address);
// Returns the access to its unix socket.
[[nodiscard]] net::socket_file socket_file_of(const policy::endpoint& address);

// Raises the limit of open descriptors to the hard limit, as servers should: the usual soft limit of 1,024
// only protects users of select(). Returns the new limit.
std::size_t raise_descriptor_limit() noexcept;
// Returns how many client connections this number of descriptors can serve.
[[nodiscard]] std::size_t connections_within(std::size_t descriptors, unsigned workers) noexcept;

// Returns how many cores this process may use: the smaller of the cgroup's CPU quota (rounded up) and the
// affinity mask, and at least 1.
[[nodiscard]] unsigned granted_cores();

} // namespace scopegate::control
