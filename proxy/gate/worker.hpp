// One thread of the data plane: its own io_context, listeners, connections, upstream pool and caches. Nothing
// of it is shared; what it is told, it is told by posting to its io_context.
#pragma once

#include "gate/generation.hpp"
#include "gate/workspace.hpp"
#include "net/deadlines.hpp"
#include "net/listener.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace scopegate::gate {

class session;

// What all workers count together.
struct shared_counters {
    std::atomic<std::size_t> connections{0};
};

class worker final {
public:
    worker(shared_counters& counters, const shared_generation& first);
    ~worker();

    // --- before the thread starts ---
    void listen(int descriptor);

    // --- the worker's thread ---
    void run(); // until stop()
    [[nodiscard]] net::asio::io_context& context() noexcept { return context_; }
    [[nodiscard]] bool draining() const noexcept { return draining_; }

    // --- any thread: posted to the worker's ---
    void publish(const shared_generation& next);
    // Stops accepting; idle connections are closed, busy ones after their request. `drained` is called from
    // the worker's thread when the last one has gone.
    void drain(std::function<void()> drained);
    // Closes what is left, and returns from run() when all of it has ended.
    void stop();

private:
    friend class session;
    using session_list = boost::intrusive::list<session, boost::intrusive::constant_time_size<false>>;

    void accept(int descriptor, const net::stream_endpoint& remote);
    void sweep();
    void session_ended();

    // Before the context, to outlive it: waits that end with it hold streams, which have their places here.
    net::deadlines times_;
    net::asio::io_context context_{1};
    shared_counters& counters_;
    net::asio::steady_timer sweeper_;
    workspace_pool workspaces_;
    generation_ptr current_;
    std::vector<std::unique_ptr<net::acceptor>> acceptors_;
    std::unique_ptr<session_list> sessions_;
    std::size_t session_count_ = 0;
    bool draining_ = false;
    bool stopping_ = false;
    std::function<void()> drained_;
};

} // namespace scopegate::gate
