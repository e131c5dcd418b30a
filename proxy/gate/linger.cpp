// Ends a connection whose client may still be sending. Unread bytes would turn the close into a reset, and
// the client might lose the response that explains it (RFC 9112 section 9.6). So its data is read and
// discarded. Clients that send a whole body before they read (Python's http.client, Java) depend on that.
#include "gate/connection.hpp"
#include "gate/worker.hpp"
#include "http1/stretch.hpp"

#include <algorithm>
#include <chrono>

namespace scopegate::gate {

namespace {

// Returns one worker's share of the limit: with shares, workers need no common counter.
std::size_t lingering_of_a_worker(std::size_t limit, std::size_t workers) noexcept
{
    return workers == 0 ? limit : (limit + workers - 1) / workers;
}

} // namespace

// Bounds the time, not the number of bytes: a client may have any amount of its body left to send.
net::task<void> connection::linger()
{
    if (space_)
        at_.workspaces_.give(std::move(space_));
    order_.unlink();
    in_order_since_ = at_.now();
    at_.idle_.push_back(*this);
    begin_lingering();
    const auto timeouts = at_.current_->policy.server.timeouts;
    const auto end = net::coarse_now() + timeouts.linger;
    co_await downstream_->end_sending(std::min(end, net::coarse_now() + timeouts.body));
    forget_tls();

    for (http1::stretch at_a_stretch;;) {
        const auto got = at_a_stretch.read(*downstream_, [this] { return downstream_->discard_some(); });
        if (got.how == net::transfer::status::done)
            continue;
        if (got.how != net::transfer::status::would_block)
            co_return;
        // While the worker drains, it waits only for clients that keep sending.
        const auto pause =
            at_.draining_ ? std::min(timeouts.linger_read, last_request_timeout) : timeouts.linger_read;
        const auto until = std::min(end, net::coarse_now() + pause);
        if (co_await downstream_->readable(until) != net::readiness::ready || net::coarse_now() >= end)
            co_return;
    }
}

// Beyond the limit, ends the connection that has lingered longest: it has had most of its time.
void connection::begin_lingering() noexcept
{
    at_.lingering_.push_back(*this);
    ++at_.lingering_count_;
    const auto limit = at_.current_->policy.server.limits.lingering;
    const auto own = lingering_of_a_worker(limit, at_.counters_.workers.size());
    while (limit != 0 && at_.lingering_count_ > own)
        at_.lingering_.front().yield_place();
}

void connection::end_lingering() noexcept
{
    if (!linger_order_.is_linked())
        return;
    linger_order_.unlink();
    --at_.lingering_count_;
}

// Frees the TLS state: the peer has been notified of our end, and further input is not decrypted.
void connection::forget_tls() noexcept
{
    if (downstream_->tls() == nullptr || !downstream_->is_open())
        return;
    downstream_->forget_tls();
    count(counted_ - tls_bytes);
}

} // namespace scopegate::gate
