#include "gate/worker.hpp"

#include "gate/session.hpp"
#include "observe/http_date.hpp"
#include "observe/request_id.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace scopegate::gate {

namespace asio = net::asio;

namespace {

// Over the limit, before anything is read: no connection is made of it.
void turn_away(int descriptor, std::string_view answer) noexcept
{
    [[maybe_unused]] const auto sent =
        ::send(descriptor, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(descriptor, SHUT_WR);
    char request[4096]; // what has come already: unread, it would turn the close into a reset
    for (int i = 0; i < 16 && ::recv(descriptor, request, sizeof request, MSG_DONTWAIT) > 0; ++i) {
    }
    ::close(descriptor);
}

// Where memory is short: so many idle or lingering connections of a worker close in a tenth of a second.
constexpr std::size_t idle_closed_by_a_sweep = 256;

constexpr int heads_closed_by_one = 4;

constexpr int sweeps_until_memory_is_freed = 10; // a second

std::string too_many_connections(const answers::answer_book& book)
{
    policy::denial d;
    d.why = reason::connection_limit;
    observe::request_id_buffer id;
    std::string answer;
    book.write(d, observe::new_request_id(id), false, false, observe::http_date(observe::wall_now()), answer);
    return answer;
}

} // namespace

worker::worker(shared_counters& counters, const shared_generation& first)
    : counters_(counters), sweeper_(context_), workspaces_(&memory_),
      current_(new generation(context_, times_, first, &memory_))
{
}

worker::~worker() = default;

void worker::listen(int descriptor)
{
    acceptors_.push_back(std::make_unique<net::acceptor>(
        context_, descriptor, [this](int fd, const net::stream_endpoint& remote) { accept(fd, remote); }));
    acceptors_.back()->start();
    poller_.yield_to(descriptor);
}

void worker::run()
{
    sweep();
    context_.run();
}

void worker::publish(const shared_generation& next)
{
    asio::post(context_, [this, next] {
        const generation_ptr before = current_;
        current_ = new generation(context_, times_, next, &memory_);
        before->validator.forget_tokens(); // requests and tunnels may keep it for long
    });
}

void worker::leave()
{
    asio::post(context_, [this] { leaving_ = true; });
}

void worker::drain(std::function<void()> drained)
{
    asio::post(context_, [this, done = std::move(drained)]() mutable {
        leaving_ = draining_ = true;
        drained_ = std::move(done);
        for (const auto& listening : acceptors_)
            listening->stop();
        for (auto at = sessions_.begin(); at != sessions_.end();)
            (at++)->end_soon_if_idle();
        if (session_count_ == 0 && drained_)
            std::exchange(drained_, nullptr)();
    });
}

void worker::stop()
{
    asio::post(context_, [this] {
        leaving_ = draining_ = stopping_ = true;
        for (const auto& listening : acceptors_)
            listening->stop();
        for (auto at = sessions_.begin(); at != sessions_.end();)
            (at++)->abort();
        if (session_count_ == 0)
            context_.stop();
    });
}

void worker::accept(int descriptor, const net::stream_endpoint& remote)
{
    const auto configured = current_->policy.server.limits.connections;
    const auto most = configured == 0 ? counters_.connections_possible
                                      : std::min(configured, counters_.connections_possible);
    if (counters_.connections.fetch_add(1, std::memory_order_relaxed) >= most) {
        counters_.connections.fetch_sub(1, std::memory_order_relaxed);
        if (current_->shared.server_tls)
            ::close(descriptor); // a handshake would cost more than it says
        else
            turn_away(descriptor, too_many_connections(current_->answers));
        return;
    }
    net::stream_ptr downstream;
    try {
        downstream = new net::stream(context_, descriptor, times_);
    } catch (const std::bad_alloc&) { // the kernel's epoll sets are full
        counters_.connections.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    ++session_count_;
    session::serve(std::make_unique<session>(*this, downstream, net::peer_of(remote)));
}

std::size_t worker::close_oldest(std::size_t count, bool heads) noexcept
{
    std::size_t closed = 0;
    for (; closed < count && !idle_.empty(); ++closed)
        idle_.front().give_way();
    for (; heads && closed < count && !unfinished_.empty(); ++closed)
        unfinished_.front().give_way();
    return closed;
}

bool worker::refuses_memory() noexcept
{
    if (counters_.memory.pressure() != memory_pressure::full)
        return false;
    make_room_for_memory();
    if (counters_.memory.pressure() != memory_pressure::full)
        return false;
    counters_.memory_refusals.fetch_add(1, std::memory_order_relaxed);
    return true;
}

// A few for each that comes: a flood of unfinished heads or handshakes displaces itself. Their memory is free
// at once. Idle connections close with the sweep: one that has just been accepted still looks like them.
void worker::make_room_for_memory() noexcept
{
    if (counters_.memory.pressure() < memory_pressure::high)
        return;
    for (int i = 0; i < heads_closed_by_one && !unfinished_.empty(); ++i) {
        unfinished_.front().give_way();
        counters_.memory_closed.fetch_add(1, std::memory_order_relaxed);
        if (counters_.memory.pressure() < memory_pressure::high)
            return;
    }
}

void worker::session_ended()
{
    counters_.connections.fetch_sub(1, std::memory_order_relaxed);
    if (--session_count_ > 0)
        return;
    if (drained_)
        std::exchange(drained_, nullptr)();
    if (stopping_)
        context_.stop();
}

void worker::sweep()
{
    const auto now = std::chrono::steady_clock::now();
    times_.sweep(now);
    current_->upstream.sweep(now);
    if (counters_.memory.pressure() >= memory_pressure::high)
        counters_.memory_closed.fetch_add(close_oldest(idle_closed_by_a_sweep, false),
                                          std::memory_order_relaxed);
    if (++sweeps_ == sweeps_until_memory_is_freed) {
        sweeps_ = 0;
        workspaces_.free_unused();
        net::release_spare_frames();
    }
    sweeper_.expires_after(net::sweep_interval);
    sweeper_.async_wait([this](const net::error_code& stopped) {
        if (!stopped)
            sweep();
    });
}

} // namespace scopegate::gate
