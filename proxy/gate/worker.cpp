#include "gate/worker.hpp"

#include "gate/client_address.hpp"
#include "gate/session.hpp"
#include "net/post.hpp"
#include "observe/http_date.hpp"
#include "observe/log.hpp"
#include "observe/request_id.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <string_view>
#include <thread>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace scopegate::gate {

namespace asio = net::asio;

namespace {

// Sends a response and closes, before anything was read: the socket never becomes a connection of ours.
void send_only(const descriptor& socket, std::string_view answer) noexcept
{
    [[maybe_unused]] const auto sent =
        ::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket.get(), SHUT_WR);
    char request[4096]; // what has come already: unread, it would turn the close into a reset
    for (int i = 0; i < 16 && ::recv(socket.get(), request, sizeof request, MSG_DONTWAIT) > 0; ++i) {
    }
}

// Where memory is short: so many idle or lingering connections of a worker close in a tenth of a second.
constexpr std::size_t idle_closed_by_a_sweep = 256;

constexpr int heads_closed_by_one = 4;

// A connection that has just been accepted looks idle: while memory is not full, it has this long for its
// first byte.
constexpr std::chrono::seconds first_request_expected{1};

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

// How far the limit may be exceeded while another worker closes connections of its own.
std::size_t overshoot(std::size_t limit) noexcept
{
    return std::clamp<std::size_t>(limit / 8, 1, 64);
}

// After an exception: whoever holds the memory that was missing may give it back.
constexpr std::chrono::milliseconds after_interruption{10};

// Tunnels and event streams that are judged again at a time.
constexpr int judged_together = 100;

// After EMFILE so many connections are closed at once: the next clients wait in the queue already.
constexpr std::size_t closed_for_descriptors = 16;

} // namespace

worker::worker(shared_counters& counters, const shared_generation& first)
    : counters_(counters), sweeper_(context_), workspaces_(&memory_),
      current_(new generation(context_, times_, first, &memory_))
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

// No exception ends the worker: what one has interrupted goes on. All that is left to throw where memory is
// short is the work of the worker itself; sessions catch their own.
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
    poller_.revive();
    for (const auto& listening : acceptors_)
        listening->revive();
}

void worker::publish(const shared_generation& next)
{
    net::post_surely(context_, [this, next] {
        next_ = next;
        take_up_next();
    });
}

void worker::take_up_next()
{
    if (!next_)
        return;
    generation_ptr made;
    try {
        made = new generation(context_, times_, *next_, &memory_);
    } catch (const std::bad_alloc&) {
        return; // tried again with the next sweep
    }
    next_.reset();
    current_->upstream.retire();
    current_->validator.forget_tokens(); // requests and tunnels may keep it for long
    const bool outdated = made->shared.admission != current_->shared.admission;
    current_ = std::move(made);
    if (outdated)
        close_outdated();
}

void worker::leave()
{
    net::post_surely(context_, [this] { leaving_ = true; });
}

void worker::drain(std::function<void()> drained)
{
    net::post_surely(context_, [this, done = std::move(drained)] {
        leaving_ = draining_ = true;
        drained_ = done;
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
    net::post_surely(context_, [this] {
        leaving_ = draining_ = stopping_ = true;
        for (const auto& listening : acceptors_)
            listening->stop();
        for (auto at = sessions_.begin(); at != sessions_.end();)
            (at++)->abort();
        if (session_count_ == 0)
            context_.stop();
    });
}

// Out of memory the client sees its connection end, and the next one is tried again.
void worker::accept(int socket, const net::stream_endpoint& remote) noexcept
{
    descriptor own(socket);
    try {
        admit(own, net::peer_of(remote));
    } catch (const std::exception&) {
        counters_.note_reached(connection_limit::connections);
    }
}

void worker::admit(descriptor& socket, const net::peer& who)
{
    connection_place place(counters_, connection_owner(who));
    if (exceeds_client_limit(who, place.of_client()))
        return turn_away(socket, connection_limit::connections_per_client);
    if (!make_room())
        return turn_away(socket, bound_of_connections().which);
    auto downstream = net::stream::make(context_, socket.release(), times_);
    if (downstream)
        session::serve(std::make_unique<session>(*this, std::move(downstream), who, std::move(place)));
}

// Turns a new connection away before anything is read. A handshake would cost more than the response is
// worth.
void worker::turn_away(const descriptor& socket, connection_limit which)
{
    counters_.note_refused(which);
    if (!current_->shared.server_tls)
        send_only(socket, too_many_connections(current_->answers));
}

// A trusted proxy speaks for many clients: its connections are not limited.
bool worker::exceeds_client_limit(const net::peer& who, std::size_t connections) const noexcept
{
    const auto most = current_->policy.server.limits.connections_per_client;
    return most != 0 && connections > most && who.is_ip && !is_trusted_proxy(current_->policy, who);
}

worker::connection_bound worker::bound_of_connections() const noexcept
{
    const auto configured = current_->policy.server.limits.connections;
    const auto possible = counters_.connections_possible;
    if (configured != 0 && configured <= possible)
        return {configured, connection_limit::connections};
    return {possible, connection_limit::descriptors};
}

// Where a new connection exceeds the limit: closes the one that has been idle for longest among the
// connections of all workers, or asks the worker that has it; after the idle ones the oldest unfinished head.
// False: no connection can give way.
bool worker::make_room()
{
    const auto bound = bound_of_connections();
    const auto open = [this] { return counters_.connections.load(std::memory_order_relaxed); };
    if (open() <= bound.most)
        return true;
    for (const bool heads : {false, true}) {
        auto* const other = holder_of_older(heads);
        if (other != nullptr && open() <= bound.most + overshoot(bound.most)) {
            other->ask_for_room();
            return true;
        }
        while (open() > bound.most && close_first(heads ? unfinished_ : idle_, bound.which)) {
        }
        if (open() <= bound.most)
            return true;
    }
    return false;
}

bool worker::close_first(session_order& of, connection_limit why) noexcept
{
    if (of.empty())
        return false;
    of.front().give_way();
    counters_.note_closed(why);
    return true;
}

// The worker whose first connection in that order has been there for longest; null: it is our own, or none.
worker* worker::holder_of_older(bool heads) const noexcept
{
    const auto& own = heads ? unfinished_ : idle_;
    auto oldest = own.empty() ? steady_time::max() : own.front().in_order_since_;
    worker* holder = nullptr;
    for (auto* const other : counters_.workers) {
        const auto since = (heads ? other->oldest_unfinished_ : other->oldest_idle_).load();
        if (other != this && since < oldest) {
            oldest = since;
            holder = other;
        }
    }
    return holder;
}

// Called by another worker, on its thread: this one closes connections as long as the limit is exceeded.
void worker::ask_for_room()
{
    if (asked_for_room_.exchange(true))
        return;
    net::post_surely(context_, [this] {
        asked_for_room_ = false;
        const auto bound = bound_of_connections();
        while (counters_.connections.load() > bound.most &&
               (close_first(idle_, bound.which) || close_first(unfinished_, bound.which))) {
        }
        publish_oldest();
    });
}

// Judges tunnels and event streams under a new policy, some of them with each sweep: a signature that the
// new generation has not seen costs as much as several requests.
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

void worker::publish_oldest() noexcept
{
    const auto first = [](const session_order& of) {
        return of.empty() ? steady_time::max() : of.front().in_order_since_;
    };
    oldest_idle_.store(first(idle_), std::memory_order_relaxed);
    oldest_unfinished_.store(first(unfinished_), std::memory_order_relaxed);
}

// Closes the idle connections that other rules have admitted. The others end before their
// next request.
void worker::close_outdated() noexcept
{
    for (auto at = idle_.begin(); at != idle_.end();) {
        auto& one = *at++;
        if (one.idle_ && one.is_outdated())
            one.give_way();
    }
}

std::size_t worker::close_oldest(std::size_t count, bool heads, steady_time before) noexcept
{
    std::size_t closed = 0;
    for (; closed < count && !idle_.empty() && idle_.front().in_order_since_ <= before; ++closed)
        idle_.front().give_way();
    for (; heads && closed < count && !unfinished_.empty(); ++closed)
        unfinished_.front().give_way();
    return closed;
}

bool worker::refuses_memory(const session& asking) noexcept
{
    if (counters_.memory.pressure() != memory_pressure::full)
        return false;
    make_room_for_memory(asking);
    if (counters_.memory.pressure() != memory_pressure::full)
        return false;
    counters_.memory_refusals.fetch_add(1, std::memory_order_relaxed);
    return true;
}

// A few for each that comes: a flood of unfinished heads or handshakes displaces itself. Their memory is free
// at once. Idle connections close with the sweep: one that has just been accepted still looks like them.
// Never closes the one that asks: it runs, and uses its buffers.
void worker::make_room_for_memory(const session& asking) noexcept
{
    if (counters_.memory.pressure() < memory_pressure::high)
        return;
    auto at = unfinished_.begin();
    for (int closed = 0; closed < heads_closed_by_one && at != unfinished_.end();) {
        auto& oldest = *at++;
        if (&oldest == &asking)
            continue;
        oldest.give_way();
        ++closed;
        counters_.memory_closed.fetch_add(1, std::memory_order_relaxed);
        if (counters_.memory.pressure() < memory_pressure::high)
            return;
    }
}

void worker::session_ended()
{
    if (--session_count_ > 0)
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
    poller_.revive();
    take_up_next();
    judge_again();
    counters_.report(now);
}

} // namespace scopegate::gate
