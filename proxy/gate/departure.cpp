// Clients that leave while their request is under way. A reset says so for certain. The end of what a client
// sends (FIN, or close_notify under TLS) does not: behind a whole request it may be a half-close of a client
// that waits for its response, as legal as it is rare. It is served. Where nothing can be waited for, the end
// is a departure: within the request's own body, and within an event stream, which a closed browser tab must
// not keep.
#include "gate/forwarding.hpp"

#include "gate/worker.hpp"

#include <algorithm>

namespace scopegate::gate {

// Looks at news of the client that came before we observed it, as while it waited for its turn: they do not
// come a second time. Makes no system call without such news.
bool forwarding::client_is_gone() noexcept
{
    if (!c_.downstream.is_open() || c_.downstream.read_pending())
        look_at_client();
    return client_gone_;
}

// The client sent something, or left, while we are busy with its request.
void forwarding::on_unawaited_read() noexcept
{
    look_at_client();
}

void forwarding::look_at_client() noexcept
{
    if (c_.downstream.is_broken()) // though it may have left input
        return leave_without_client();
    switch (c_.downstream.peek()) {
    case net::stream::peer_state::quiet:
        c_.downstream.arm_read();
        break;
    case net::stream::peer_state::input: // of the body, or the next request already: read when its turn comes
        if (c_.downstream.has_ended())
            meet_its_end(c_.downstream.unread_bytes());
        break;
    case net::stream::peer_state::closed:
        meet_its_end(0);
        break;
    case net::stream::peer_state::reset:
        leave_without_client();
        break;
    }
}

// The client sends no more than what is there, `unread` bytes at most.
void forwarding::meet_its_end(std::size_t unread) noexcept
{
    if (streaming_ || (uploading_ && up_->lacks_more_than(unread)))
        leave_without_client();
    else if (!uploading_ || up_->complete())
        wait_half_closed();
}

// Where the relay of the response does not wait for the API just now, it ends before it waits again.
void forwarding::leave_without_client() noexcept
{
    client_gone_ = true;
    if (waits_for_ != nullptr)
        return waits_for_->wait_until(c_.at.now());
    if (!upstream_)
        return;
    if (streaming_)
        pauses_.not_after = c_.at.now();
    if (uploading_) // by a reset: an end in order would wait behind what the API has not taken
        return upstream_->close(true);
    upstream_->interrupt_read(net::readiness::closed); // last: what it wakes may free us
}

void forwarding::wait_half_closed() noexcept
{
    half_closed_ = true;
    const auto most = c_.policy.policy.server.timeouts.half_closed;
    if (!most || half_closed_until_ != net::no_deadline)
        return;
    half_closed_until_ = c_.at.now() + *most;
    pauses_.source = std::min(pauses_.source, *most);
    if (waits_for_ != nullptr)
        waits_for_->wait_until(half_closed_until_);
    else if (upstream_)
        upstream_->move_read_deadline(std::min(upstream_->read_deadline(), half_closed_until_));
}

bool forwarding::half_close_is_over() const noexcept
{
    return half_closed_until_ != net::no_deadline && std::chrono::steady_clock::now() >= half_closed_until_;
}

// How long the API may rest within its response. A client that has closed its side is there as long as it
// takes what comes: each pause counts for itself.
std::chrono::milliseconds forwarding::longest_pause() const noexcept
{
    const auto& timeouts = c_.policy.policy.server.timeouts;
    if (streaming_)
        return timeouts.stream;
    const auto usual = timeouts.longest_pause();
    return half_closed_ ? std::min(usual, timeouts.half_closed.value_or(usual)) : usual;
}

// Why a response's body that came too slowly was given up.
failure forwarding::late_body() const noexcept
{
    if (streaming_)
        return {reason::upstream_timeout, cause::timeouts_stream};
    const bool usual = longest_pause() == c_.policy.policy.server.timeouts.longest_pause();
    return usual ? failure(reason::upstream_timeout, cause::timeouts_response_pause)
                 : failure(reason::client_gone);
}

} // namespace scopegate::gate
