// One thread of the data plane: its own io_context, listeners, connections, upstream pool and caches. It
// shares none of them. Other threads give it work by posting to its io_context.
#pragma once

#include "base/descriptor.hpp"
#include "base/memory_budget.hpp"
#include "gate/connection.hpp"
#include "gate/connection_counts.hpp"
#include "gate/lasting.hpp"
#include "gate/snapshot.hpp"
#include "gate/workspace.hpp"
#include "net/deadlines.hpp"
#include "net/listener.hpp"
#include "net/scheduler.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace scopegate::gate {

class worker final {
public:
    worker(shared_counters& counters, const shared_snapshot& first);
    ~worker();

    // --- before the thread starts ---
    void listen(int descriptor);

    // --- the worker's thread ---
    void run(); // until stop()
    [[nodiscard]] net::asio::io_context& context() noexcept { return context_; }
    // Gives out verification slots, and decides when output is sent.
    [[nodiscard]] net::scheduler& scheduler() noexcept { return scheduler_; }
    // The time as of the poll that is being served; see net::poller::now().
    [[nodiscard]] steady_time now() const noexcept { return poller_.now(); }
    // Returns whether each response ends its connection.
    [[nodiscard]] bool leaving() const noexcept { return leaving_; }
    // Returns whether it has stopped accepting, and waits for requests in progress.
    [[nodiscard]] bool draining() const noexcept { return draining_; }
    // Closes up to `count` connections that have idled or lingered since `before` or longer, oldest first.
    // With `heads`, those with an unfinished head follow, oldest first. Returns the number closed.
    std::size_t close_oldest(std::size_t count, bool heads, steady_time before = steady_time::max()) noexcept;

    // --- any thread: posted to the worker's ---
    // Makes a new policy current. If memory is short, the worker does so later.
    void publish(const shared_snapshot& next);
    // Makes each response end its connection from now on, so that clients reconnect elsewhere. Still accepts.
    void leave();
    // Stops accepting. Closes idle connections and tunnels, and busy connections after their request.
    // The worker's thread calls `drained` when the last one has gone.
    void drain(std::function<void()> drained);
    // Closes all remaining connections, and ends run() when the last one has ended.
    void stop();

private:
    friend class connection;
    friend class lasting;
    using connection_list = boost::intrusive::list<connection, boost::intrusive::constant_time_size<false>>;
    using lasting_list = boost::intrusive::list<lasting, boost::intrusive::constant_time_size<false>>;
    using connection_order = boost::intrusive::list<
        connection, boost::intrusive::member_hook<connection, connection::order_hook, &connection::order_>,
        boost::intrusive::constant_time_size<false>>;
    using linger_order = boost::intrusive::list<
        connection,
        boost::intrusive::member_hook<connection, connection::order_hook, &connection::linger_order_>,
        boost::intrusive::constant_time_size<false>>;

    struct connection_bound {
        std::size_t max;
        connection_limit which;
    };

    void accept(int socket, const net::stream_endpoint& remote) noexcept;
    void admit(descriptor& socket, const net::peer& who);
    void turn_away(const descriptor& socket, const net::peer& who, connection_limit which);
    [[nodiscard]] bool exceeds_client_limit(const net::peer& who, std::size_t connections) const noexcept;
    [[nodiscard]] connection_bound bound_of_connections() const noexcept;
    [[nodiscard]] bool make_room();
    [[nodiscard]] bool close_first(connection_order& of, connection_limit why) noexcept;
    [[nodiscard]] worker* holder_of_older(bool heads) const noexcept;
    void ask_for_room();
    void publish_oldest() noexcept;
    void close_outdated() noexcept;
    void judge_again();
    void end_tunnels();
    void revive();
    void take_up_next();
    // Returns whether the process holds all the memory that it may. The caller then refuses; this counts it.
    [[nodiscard]] bool refuses_memory(const connection& asking) noexcept;
    // Called before memory is held for long. If it is short, closes other unfinished heads and handshakes.
    void make_room_for_memory(const connection& asking) noexcept;
    void sweep();
    void connection_ended();
    [[nodiscard]] upstream::worker_resources resources() noexcept
    {
        return {context_, times_, workspaces_.buffers()};
    }

    // Before the context, to outlive it: waits that end with it hold streams, whose entries lie here.
    net::deadlines times_;
    net::asio::io_context context_{1};
    net::poller& poller_ = net::poller::of(context_);
    net::scheduler& scheduler_ = net::scheduler::of(context_);
    shared_counters& counters_;
    memory_account memory_{counters_.memory};
    net::asio::steady_timer sweeper_;
    workspace_pool workspaces_;
    snapshot_ptr current_;
    std::optional<shared_snapshot> next_; // published, but not current yet
    std::vector<std::unique_ptr<net::acceptor>> acceptors_;
    connection_list connections_;
    connection_order idle_;       // connections that idle or linger, the longest first
    connection_order unfinished_; // connections with an unfinished handshake or head, the oldest first
    linger_order lingering_;      // those of idle_ that linger, in the same order
    std::size_t lingering_count_ = 0;
    lasting_list lasting_; // tunnels and event streams, those to be judged again first
    // Since when the first of each list has been there, as of the last sweep. Other workers read it.
    std::atomic<steady_time> oldest_idle_{steady_time::max()};
    std::atomic<steady_time> oldest_unfinished_{steady_time::max()};
    std::atomic<bool> asked_for_room_{false}; // by another worker, not handled yet
    std::size_t connection_count_ = 0;
    bool sweeping_ = false; // the sweeper is armed
    int sweeps_ = 0;        // since unused memory was last freed
    bool leaving_ = false;
    bool draining_ = false;
    bool stopping_ = false;
    std::function<void()> drained_;
};

} // namespace scopegate::gate
