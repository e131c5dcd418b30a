#include "gate/client_watch.hpp"

#include "gate/worker.hpp"

#include <algorithm>

namespace scopegate::gate {

client_watch::client_watch(const exchange_context& context, const forwarded_request& request,
                           const upload& up) noexcept
    : c_(context), request_(request), up_(up)
{
    c_.client.observe(this);
}

client_watch::~client_watch()
{
    c_.client.observe(nullptr);
}

bool client_watch::is_gone() noexcept
{
    c_.client.look_for_departure();
    return gone_;
}

client_watch::scope client_watch::relays(relay_options& options, bool is_event_stream) noexcept
{
    relaying_ = &options;
    streams_events_ = is_event_stream;
    options.source = longest_pause();
    if (streams_events_ && half_closed_)
        leave();
    return scope(*this);
}

void client_watch::on_left() noexcept
{
    leave();
}

void client_watch::on_ended(bool within_body) noexcept
{
    if (streams_events_ || (up_.is_running() && within_body))
        leave();
    else if (!up_.is_running() || c_.client.state() == wire::body_state::complete)
        wait_half_closed();
}

// If the relay of the response is not waiting for the upstream now, it ends before it waits again.
void client_watch::leave() noexcept
{
    gone_ = true;
    if (slot_ != nullptr)
        return slot_->wait_until(c_.at.now());
    if (upstream_ == nullptr)
        return;
    if (streams_events_ && relaying_ != nullptr)
        relaying_->not_after = c_.at.now();
    if (up_.is_running()) // by a reset: an orderly end would wait behind data that the upstream has not taken
        return upstream_->close(true);
    upstream_->interrupt(wire::direction::read, net::readiness::closed); // last: it may destroy this object
}

void client_watch::wait_half_closed() noexcept
{
    half_closed_ = true;
    const auto timeout = request_.settings.timeouts.half_closed;
    if (!timeout || half_closed_until_ != net::no_deadline)
        return;
    half_closed_until_ = c_.at.now() + *timeout;
    if (relaying_ != nullptr)
        relaying_->source = std::min(relaying_->source, *timeout);
    if (slot_ != nullptr)
        slot_->wait_until(half_closed_until_);
    else if (upstream_ != nullptr)
        upstream_->move_deadline(wire::direction::read,
                                 std::min(upstream_->read_deadline(), half_closed_until_));
}

bool client_watch::half_close_is_over() const noexcept
{
    return half_closed_until_ != net::no_deadline && std::chrono::steady_clock::now() >= half_closed_until_;
}

std::chrono::milliseconds client_watch::longest_pause() const noexcept
{
    const auto& timeouts = request_.settings.timeouts;
    if (streams_events_)
        return timeouts.stream;
    const auto usual = timeouts.longest_pause();
    return half_closed_ ? std::min(usual, timeouts.half_closed.value_or(usual)) : usual;
}

failure client_watch::late_body() const noexcept
{
    if (streams_events_)
        return {reason::upstream_timeout, cause::timeouts_stream};
    const bool usual = longest_pause() == request_.settings.timeouts.longest_pause();
    return usual ? failure(reason::upstream_timeout, cause::timeouts_response_pause)
                 : failure(reason::client_gone);
}

} // namespace scopegate::gate
