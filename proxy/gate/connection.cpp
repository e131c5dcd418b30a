#include "gate/connection.hpp"

#include "gate/worker.hpp"
#include "http1/session.hpp"
#include "observe/log.hpp"
#include "observe/record.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace scopegate::gate {

namespace {

// Returns the workspace whose memory begin_request() has lent.
workspace& lent(wire::request_memory& memory) noexcept
{
    return static_cast<workspace&>(memory);
}

} // namespace

connection::connection(worker& at, net::stream_ptr downstream, const net::peer& peer, connection_place place)
    : at_(at), downstream_(std::move(downstream)), peer_(peer), opened_(at.now()), place_(std::move(place)),
      admission_(at.current_->shared.admission)
{
    at_.connections_.push_back(*this);
    ++at_.connection_count_;
    at_.memory_.take(counted_);
}

connection::~connection()
{
    end_lingering();
    downstream_->close();
    if (space_)
        at_.workspaces_.give(std::move(space_));
    at_.memory_.give_back(counted_);
    place_.give_back();
    at_.connection_ended();
}

net::detached connection::run(std::unique_ptr<connection> self)
{
    try {
        co_await self->run_session();
    } catch (const std::exception& failed) { // out of memory, most likely: the client sees its connection end
        observe::log_repeated(observe::level::error, "connection_failed", {{"error", failed.what()}});
    }
}

net::task<void> connection::run_session()
{
    if (at_.current_->shared.server_tls || at_.current_->policy.server.proxy_protocol) {
        in_order_since_ = opened_;
        at_.unfinished_.push_back(*this);
        const bool ready = co_await prepare();
        order_.unlink();
        if (!ready)
            co_return;
    }
    prepared_ = true;
    http1::session requests(downstream_, peer_, at_.scheduler(), *this); // the only version of HTTP so far
    const auto end = co_await requests.run();
    if (end == wire::disposition::linger)
        co_await linger();
    if (end == wire::disposition::reset)
        downstream_->close(true);
}

void connection::count(std::size_t bytes) noexcept
{
    at_.memory_.give_back(counted_);
    counted_ = bytes;
    at_.memory_.take(counted_);
}

// A connection on which nothing arrived has no record: balancers probe by connecting alone.
void connection::record_unserved(const snapshot& policy, failure why, steady_time began) const noexcept
{
    if (why == reason::client_gone && why.detail == cause::none)
        return;
    if (yielded_for_ != reason::allowed)
        why = yielded_for_;
    observe::end_request(policy.policy, observe::unserved(peer_.text, why, began, at_.now()));
}

bool connection::is_outdated() const noexcept
{
    return admission_ != at_.current_->shared.admission;
}

steady_time connection::age_end(const policy::size_limits& limits) const noexcept
{
    return limits.connection_age.count() == 0 ? net::no_deadline : opened_ + limits.connection_age;
}

steady_time connection::begin_idle() noexcept
{
    if (space_)
        at_.workspaces_.give(std::move(space_));
    const auto& server = at_.current_->policy.server;
    const std::chrono::milliseconds idle = server.timeouts.idle;
    const auto timeout = at_.draining_ ? std::min(idle, last_request_timeout) : idle;
    in_order_since_ = at_.now();
    idle_ = true;
    at_.idle_.push_back(*this);
    return std::min(in_order_since_ + timeout, age_end(server.limits));
}

// The request is served under the policy snapshot that is current when its first byte is read.
wire::request_start connection::begin_request()
{
    order_.unlink();
    idle_ = false;
    if (prepared_ && is_outdated()) // closed in order, as a kept connection may be at any time
        return {};
    if (!space_)
        space_ = at_.workspaces_.take();
    space_->begin(at_.current_, prepared_ ? at_.now() : opened_);
    const auto& server = at_.current_->policy.server;
    return {
        &*space_, {server.limits.headers, server.limits.header_count}, at_.now() + server.timeouts.headers};
}

// A head that comes in many pieces keeps its place.
void connection::note_unfinished_head() noexcept
{
    at_.make_room_for_memory(*this);
    if (order_.is_linked())
        return;
    in_order_since_ = at_.now();
    at_.unfinished_.push_back(*this);
}

bool connection::refuses_memory() noexcept
{
    return at_.refuses_memory(*this);
}

net::task<void> connection::serve(wire::client_side& client, wire::request_memory& memory,
                                  const wire::unread_request& unread)
{
    order_.unlink();
    auto& space = lent(memory);
    const auto& limits = space.policy->policy.server.limits;
    ++requests_;
    last_request_ = limits.connection_requests != 0 && requests_ >= limits.connection_requests;
    age_end_ = age_end(limits);
    const exchange_context context{at_, client, space, *space.policy, age_end_, admission_};
    return space.served.emplace(context, space.started).run(unread);
}

void connection::end_unserved(wire::request_memory& memory, failure why) noexcept
{
    order_.unlink();
    record_unserved(*lent(memory).policy, why, lent(memory).started);
}

bool connection::is_due() const noexcept
{
    return last_request_ || at_.leaving() || (age_end_ != net::no_deadline && at_.now() >= age_end_);
}

void connection::end_soon_if_idle() noexcept
{
    if (idle_ || linger_order_.is_linked())
        downstream_->move_read_deadline(
            std::min(downstream_->read_deadline(), net::coarse_now() + last_request_timeout));
}

void connection::abort() noexcept
{
    downstream_->close();
}

// Frees the memory at once. The coroutine continues later, and then does not use its buffers any more.
void connection::yield_place(failure why) noexcept
{
    yielded_for_ = why;
    order_.unlink();
    end_lingering();
    if (space_)
        space_->clear();
    downstream_->close();
    place_.give_back();
}

} // namespace scopegate::gate
