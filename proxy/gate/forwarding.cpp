#include "gate/forwarding.hpp"

#include "gate/request_lines.hpp"
#include "gate/worker.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace scopegate::gate {

namespace {

// RFC 9110 section 9.2.2.
bool is_idempotent(std::string_view method) noexcept
{
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
           method == "OPTIONS";
}

} // namespace

// Ends with the upload. Plain, for there may be no memory for a coroutine.
struct forwarding::upload_wait {
    forwarding& self;
    [[nodiscard]] bool await_ready() const noexcept { return !self.uploading_; }
    void await_suspend(std::coroutine_handle<> awaiting) const noexcept { self.upload_waiter_ = awaiting; }
    void await_resume() const noexcept {}
};

forwarding::forwarding(policy::permit, const exchange_context& context, const forwarded_request& request)
    : c_(context), request_(request)
{
    c_.downstream.observe(this);
}

forwarding::~forwarding()
{
    c_.downstream.observe(nullptr);
    if (upstream_) // an end in order would wait behind what the API has not taken of a body that is cut
                   // anyway
        upstream_->close(upload_end_ == relay_end::source_cut);
}

net::task<forward_result> forwarding::run()
{
    upstream_slot slot;
    if (c_.policy.policy.upstream.connections != 0) {
        result_.why = co_await take_slot(slot);
        if (result_.why != reason::allowed)
            co_return result_;
    }
    auto& pool = c_.policy.upstream;
    upstream_ = pool.take(c_.at.now());
    if (upstream_ && co_await attempt(true) == attempt_end::done)
        co_return result_;
    if (upstream_)
        std::exchange(upstream_, nullptr)->close();

    const auto made = co_await pool.connect();
    if (!made) {
        result_.why = made.error();
        co_return result_;
    }
    upstream_ = *made;
    co_await attempt(false);
    co_return result_;
}

// Where the number of requests with the API is bounded: waits for room, as long as for a connection.
net::task<failure> forwarding::take_slot(upstream_slot& slot)
{
    if (client_is_gone())
        co_return reason::client_gone;
    auto& shield = *c_.policy.shared.shield;
    auto& limit = request_.framing.upgrade_websocket ? shield.tunnels : shield.requests;
    const auto until = c_.at.now() + c_.policy.policy.server.timeouts.upstream_connect;
    waits_for_ = &slot;
    const bool taken = co_await slot.take(limit, c_.at.context(), until);
    waits_for_ = nullptr;
    if (taken)
        co_return reason::allowed;
    if (client_gone_ || half_close_is_over())
        co_return reason::client_gone;
    const bool waited = std::chrono::steady_clock::now() >= until;
    co_return failure(reason::upstream_busy,
                      waited ? cause::upstream_queue_timeout : cause::upstream_queue_full);
}

// Sends the request on one connection and passes the answer on. Stale: the connection had ended before it was
// used, and the request may be sent again.
net::task<forwarding::attempt_end> forwarding::attempt(bool reused)
{
    result_.why = reason::allowed;
    upload_end_ = relay_end::complete;
    head_buffered_ = head_scanned_ = head_bytes_ = 0;
    const auto composed = compose_request_head(c_, request_);
    if (!composed) {
        result_.why = composed.error();
        co_return attempt_end::done;
    }
    co_await c_.at.scheduler().flush_point();
    if (client_is_gone()) {
        result_.why = reason::client_gone;
        co_return attempt_end::done;
    }
    // What an API has said unasked is no answer to this; and what can't be sent twice is not sent on a
    // connection that it has closed.
    if (reused && (upstream_->read_pending() || !may_repeat()) &&
        upstream_->peek() != net::stream::peer_state::quiet)
        co_return attempt_end::stale;
    if (!begin_upload())
        co_return attempt_end::done;
    auto end = attempt_end::done;
    std::exception_ptr failed;
    try {
        end = co_await receive(reused);
    } catch (...) {
        failed = std::current_exception();
    }
    if (uploading_) { // whatever happens: it uses what ends with us
        stop_upload();
        upload_wait ended{*this};
        co_await ended;
    }
    if (failed)
        std::rethrow_exception(failed);
    if (end == attempt_end::done && result_.then == disposition::keep_alive)
        c_.space.received = after_body_;
    co_return end;
}

// Sends the head and what has come of the body in one call; only where that is not all, the rest goes on
// beside the answer. False: refused, nothing was sent.
bool forwarding::begin_upload()
{
    const auto& framing = request_.framing.body;
    up_.emplace(framing, framing.kind == http::body_kind::chunked, c_.policy.policy.server.limits.body,
                chunk_rules(false, false));
    after_body_ = c_.space.received;
    auto& out = c_.space.to_upstream;
    std::size_t used = 0;
    if (!up_->complete() && !after_body_.empty() && !up_->unframe(after_body_, used, out)) {
        result_.why = up_->failure() == relay_end::too_large
                          ? failure(reason::body_too_large, cause::limits_body)
                          : up_->fault();
        return false;
    }
    after_body_.remove_prefix(used);
    sent_at_ = c_.at.now();
    if (!out.send_now(*upstream_) || !up_->complete())
        upload();
    return true;
}

// Trailers obey the limit of heads. Those of a request go nowhere, and are not kept.
http::chunk_rules forwarding::chunk_rules(bool of_response, bool keep_trailers) const noexcept
{
    const auto most = c_.policy.policy.server.limits.headers;
    http::chunk_rules rules;
    rules.response = of_response;
    rules.trailer_bytes = most != 0 ? most : buffer_pool::slice_bytes;
    rules.keep_trailers = keep_trailers;
    return rules;
}

net::detached forwarding::upload()
{
    uploading_ = true;
    const auto& timeouts = c_.policy.policy.server.timeouts;
    upload_rate_.emplace(std::max(least_rate::least_window, timeouts.body),
                         !request_.framing.expect_continue);
    relay_timeouts pauses{timeouts.body, timeouts.body};
    pauses.rate = &*upload_rate_;
    pauses.grows = true;
    try {
        upload_end_ =
            co_await relay_body(*up_, c_.downstream, *upstream_, c_.space.buffers, c_.space.upload_bytes,
                                after_body_, c_.space.to_upstream, pauses, after_body_);
    } catch (const std::exception&) { // out of memory: the rest of the body is lost
        upload_end_ = relay_end::source_cut;
    }
    uploading_ = false;
    c_.downstream.watch_input(); // a read that filled the buffer has not: the caller may leave now
    sent_at_ = c_.at.now();
    // Whoever is woken may end the forwarding, and us with it: nothing comes behind it.
    if (upload_waiter_)
        std::exchange(upload_waiter_, {}).resume();
    else if (upload_end_ == relay_end::complete)
        upstream_->move_read_deadline(sent_at_ + timeouts.upstream_response);
    else if (upload_failed())
        upstream_->interrupt_read(net::readiness::closed);
}

// The body can't be had whole, and no answer to it either. An API that takes no more of it may have answered
// before: the answer's way finds out.
bool forwarding::upload_failed() const noexcept
{
    return upload_end_ != relay_end::complete && upload_end_ != relay_end::sink_gone;
}

// The API has begun to respond: from here on the client may be as slow as it likes, as long as it does not
// pause.
void forwarding::take_time_to_upload() noexcept
{
    if (!uploading_)
        return;
    upload_rate_->stop();
    c_.downstream.move_read_deadline(c_.at.now() + c_.policy.policy.server.timeouts.body);
}

// After the answer, while the body still goes up: one that the API did not want whole is not waited for.
void forwarding::stop_upload() noexcept
{
    result_.then = result_.responded ? disposition::linger : disposition::close;
    upstream_->close();
    c_.downstream.interrupt_read(net::readiness::closed);
    upstream_->interrupt_write(net::readiness::closed);
}

// Before anything was sent, a body that may turn out empty counts as one. The end of an empty body that came
// behind its head has been read: it can't be read once more.
bool forwarding::may_repeat() const noexcept
{
    const bool came_with_its_head = up_ && !upload_rate_ && up_->bytes() == 0 && up_->complete();
    const bool no_body = request_.framing.body.kind == http::body_kind::none || came_with_its_head;
    return no_body && is_idempotent(c_.space.request.method);
}

} // namespace scopegate::gate
