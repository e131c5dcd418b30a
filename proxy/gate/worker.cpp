#include "gate/worker.hpp"

#include "gate/connection.hpp"
#include "net/post.hpp"
#include "observe/log.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <thread>
#include <utility>

namespace scopegate::gate {

namespace asio = net::asio;

namespace {

// If memory is short, one sweep closes up to this many idle or lingering connections of the worker.
constexpr std::size_t idle_closed_by_a_sweep = 256;

constexpr int heads_closed_by_one = 4;

// A connection just accepted looks idle. Unless memory is full, it gets this long for its first byte.
constexpr std::chrono::seconds first_request_expected{1};

constexpr int sweeps_until_memory_is_freed = 10; // a second

// How long a worker pauses after an exception: other threads may free the memory that was missing.
constexpr std::chrono::milliseconds after_interruption{10};

// How many tunnels and event streams are judged again per sweep.
constexpr int judged_together = 100;

// How many connections close at once after EMFILE: the next clients already wait in the queue.
constexpr std::size_t closed_for_descriptors = 16;

} // namespace

worker::worker(shared_counters& counters, const shared_snapshot& first)
    : counters_(counters), sweeper_(context_), workspaces_(&memory_),
      current_(new snapshot(resources(), first, &memory_))
{
    counters_.workers.push_back(this);
}

worker::~worker()
{
    std::erase(counters_.workers, this);
}

void worker::listen(int descriptor)
{
    acceptors_.push_back(std::make_unique<net::acceptor>(
        context_, descriptor, [this](int fd, const net::stream_endpoint& remote) { accept(fd, remote); },
        [this] {
            counters_.note_reached(connection_limit::descriptors);
            for (std::size_t i = 0; i < closed_for_descriptors; ++i)
                if (!close_first(idle_, connection_limit::descriptors))
                    break;
        }));
    acceptors_.back()->start();
    poller_.yield_to(descriptor);
}

// No exception ends the worker: interrupted work continues. If memory is short, only the worker's own work
// can still throw here; connections catch their own exceptions.
void worker::run()
{
    for (;;) {
        try {
            revive();
            context_.run();
            return;
        } catch (const std::exception& failed) {
            observe::log_event(observe::level::error, "worker_interrupted", {{"error", failed.what()}});
            std::this_thread::sleep_for(after_interruption);
        }
    }
}

void worker::revive()
{
    if (!sweeping_)
        sweep();
    scheduler_.revive();
    for (const auto& listening : acceptors_)
        listening->revive();
}

void worker::publish(const shared_snapshot& next)
{
    net::post_with_retry(context_, [this, next] {
        next_ = next;
        take_up_next();
    });
}

void worker::take_up_next()
{
    if (!next_)
        return;
    snapshot_ptr made;
    try {
        made = new snapshot(resources(), *next_, &memory_);
    } catch (const std::bad_alloc&) {
        return; // the next sweep tries again
    }
    next_.reset();
    current_->upstream.retire();
    current_->validator.forget_tokens(); // requests and tunnels may keep the snapshot for long
    const bool outdated = made->shared.admission != current_->shared.admission;
    current_ = std::move(made);
    if (outdated)
        close_outdated();
}

void worker::leave()
{
    net::post_with_retry(context_, [this] { leaving_ = true; });
}

void worker::drain(std::function<void()> drained)
{
    net::post_with_retry(context_, [this, done = std::move(drained)] {
        leaving_ = draining_ = true;
        drained_ = done;
        for (const auto& listening : acceptors_)
            listening->stop();
        for (auto at = connections_.begin(); at != connections_.end();)
            (at++)->end_soon_if_idle();
        end_tunnels();
        if (connection_count_ == 0 && drained_)
            std::exchange(drained_, nullptr)();
    });
}

void worker::stop()
{
    net::post_with_retry(context_, [this] {
        leaving_ = draining_ = stopping_ = true;
        for (const auto& listening : acceptors_)
            listening->stop();
        for (auto at = connections_.begin(); at != connections_.end();)
            (at++)->abort();
        if (connection_count_ == 0)
            context_.stop();
    });
}

// Judges tunnels and event streams under a new policy, a few per sweep: verifying a signature that the new
// snapshot has not seen costs as much as several requests.
void worker::judge_again()
{
    for (int judged = 0; judged < judged_together && !lasting_.empty(); ++judged) {
        auto& first = lasting_.front();
        if (!first.is_due(*current_))
            return;
        lasting_.splice(lasting_.end(), lasting_, lasting_.begin());
        first.judge(*current_);
    }
}

// A tunnel may end, and free its entry, within the call.
void worker::end_tunnels()
{
    lasting_list rest;
    rest.swap(lasting_);
    while (!rest.empty()) {
        auto& first = rest.front();
        lasting_.splice(lasting_.end(), rest, rest.begin());
        first.shut_down();
    }
}

void worker::publish_oldest() noexcept
{
    const auto first = [](const connection_order& of) {
        return of.empty() ? steady_time::max() : of.front().in_order_since_;
    };
    oldest_idle_.store(first(idle_), std::memory_order_relaxed);
    oldest_unfinished_.store(first(unfinished_), std::memory_order_relaxed);
}

// Closes the idle connections that other rules have admitted. Busy ones end before their next request.
void worker::close_outdated() noexcept
{
    for (auto at = idle_.begin(); at != idle_.end();) {
        auto& one = *at++;
        if (one.idle_ && one.is_outdated())
            one.yield_place();
    }
}

std::size_t worker::close_oldest(std::size_t count, bool heads, steady_time before) noexcept
{
    std::size_t closed = 0;
    for (; closed < count && !idle_.empty() && idle_.front().in_order_since_ <= before; ++closed)
        idle_.front().yield_place();
    for (; heads && closed < count && !unfinished_.empty(); ++closed)
        unfinished_.front().yield_place();
    return closed;
}

bool worker::refuses_memory(const connection& asking) noexcept
{
    if (counters_.memory.pressure() != memory_pressure::full)
        return false;
    make_room_for_memory(asking);
    if (counters_.memory.pressure() != memory_pressure::full)
        return false;
    counters_.memory_refusals.fetch_add(1, std::memory_order_relaxed);
    return true;
}

// Closes a few for each that arrives, so a flood of unfinished heads or handshakes displaces itself. Their
// memory is free at once. Idle connections are left to the sweep, because a newly accepted one looks idle.
// Never closes `asking`, which runs and uses its buffers.
void worker::make_room_for_memory(const connection& asking) noexcept
{
    if (counters_.memory.pressure() < memory_pressure::high)
        return;
    auto at = unfinished_.begin();
    for (int closed = 0; closed < heads_closed_by_one && at != unfinished_.end();) {
        auto& oldest = *at++;
        if (&oldest == &asking)
            continue;
        oldest.yield_place();
        ++closed;
        counters_.memory_closed.fetch_add(1, std::memory_order_relaxed);
        if (counters_.memory.pressure() < memory_pressure::high)
            return;
    }
}

void worker::connection_ended()
{
    if (--connection_count_ > 0)
        return;
    if (drained_)
        std::exchange(drained_, nullptr)();
    if (stopping_)
        context_.stop();
}

void worker::sweep()
{
    sweeper_.expires_after(net::sweep_interval);
    sweeper_.async_wait([this](const net::error_code& stopped) {
        sweeping_ = false;
        if (!stopped)
            sweep();
    });
    sweeping_ = true; // before anything that may throw
    const auto now = std::chrono::steady_clock::now();
    times_.sweep(now);
    current_->upstream.sweep(now);
    if (const auto pressure = counters_.memory.pressure(); pressure >= memory_pressure::high) {
        const auto before = pressure == memory_pressure::full ? now : now - first_request_expected;
        counters_.memory_closed.fetch_add(close_oldest(idle_closed_by_a_sweep, false, before),
                                          std::memory_order_relaxed);
    }
    if (++sweeps_ == sweeps_until_memory_is_freed) {
        sweeps_ = 0;
        workspaces_.free_unused();
        net::release_spare_frames();
    }
    publish_oldest();
    scheduler_.revive();
    take_up_next();
    judge_again();
    counters_.report(now);
}

} // namespace scopegate::gate
