#include "gate/forwarding.hpp"

#include "gate/reception.hpp"
#include "gate/worker.hpp"

#include <exception>
#include <utility>

namespace scopegate::gate {

forwarding::forwarding(policy::permit, const exchange_context& context, const forwarded_request& request)
    : c_(context), request_(request), upload_(context, request, result_.bytes_in),
      watch_(context, request, upload_)
{
}

// Resets a connection whose request body was cut: an orderly end would wait behind unsent body data.
forwarding::~forwarding()
{
    if (upstream_)
        upstream_->close(upload_.end() == relay_end::source_cut);
}

net::task<forward_result> forwarding::run()
{
    upstream::slot slot;
    if (c_.policy.policy.upstream.connections != 0) {
        const auto taken = co_await take_slot(slot);
        if (!taken) {
            result_.why = taken.error();
            co_return result_;
        }
    }
    auto& pool = c_.policy.upstream;
    upstream_ = pool.take(c_.at.now(), choice_);
    bool again = !upstream_ || co_await attempt(true);
    while (again) {
        if (upstream_)
            upstream_->close();
        watch_.waits_for(nullptr);
        upstream_ = nullptr;
        auto made = co_await pool.connect(choice_);
        if (!made) {
            result_.why = made.error();
            co_return result_;
        }
        upstream_ = std::move(*made);
        again = co_await attempt(false);
    }
    co_return result_;
}

// Waits for a slot at the upstream, at most for timeouts.upstream_connect.
net::task<result<void>> forwarding::take_slot(upstream::slot& slot)
{
    if (watch_.is_gone())
        co_return failure(reason::client_gone);
    auto& limits = *c_.policy.shared.upstream_limits;
    auto& limit = c_.client.facts().opens_websocket ? limits.tunnels : limits.requests;
    const auto until = c_.at.now() + request_.settings.timeouts.upstream_connect;
    bool taken = false;
    {
        const auto waiting = watch_.waits_in_queue(slot);
        taken = co_await slot.take(limit, c_.at.context(), until);
    }
    if (taken)
        co_return {};
    if (watch_.was_gone() || watch_.half_close_is_over())
        co_return failure(reason::client_gone);
    const bool waited = std::chrono::steady_clock::now() >= until;
    co_return failure(reason::upstream_busy,
                      waited ? cause::upstream_queue_timeout : cause::upstream_queue_full);
}

net::task<bool> forwarding::attempt(bool reused)
{
    result_.why = reason::allowed;
    watch_.waits_for(upstream_.get());
    if (const auto prepared = upload_.prepare(*upstream_); !prepared) {
        result_.why = prepared.error();
        co_return false;
    }
    co_await c_.at.scheduler().flush_point();
    if (watch_.is_gone()) {
        result_.why = reason::client_gone;
        co_return false;
    }
    const auto method = c_.client.head().method;
    // An unsolicited response must not be taken for the response to this request. A request that can't be
    // repeated is not sent on a connection that the upstream has closed.
    if (reused && !upstream_->is_quiet(!upstream::may_repeat(method, upload_.is_repeatable())))
        co_return true;
    if (const auto started = upload_.start(); !started) {
        result_.why = started.error();
        co_return false;
    }
    reception response(c_, request_, upload_, watch_, *upstream_, result_);
    std::exception_ptr failed;
    try {
        co_await response.run(); // concurrently with the rest of the request's body
    } catch (...) {
        failed = std::current_exception();
    }
    if (upload_.is_running()) { // in every case: it uses members of this object
        upload_.stop();
        co_await upload_.ended();
    }
    if (failed)
        std::rethrow_exception(failed);
    if (result_.why == reason::allowed && upstream_->is_reusable())
        c_.policy.upstream.keep(std::move(upstream_), choice_);
    const bool again = result_.why == reason::upstream_bad_answer && !upstream_->has_responded() &&
                       upstream::may_repeat(method, upload_.is_repeatable()) &&
                       (reused || c_.policy.upstream.has_other(choice_));
    co_return again;
}

} // namespace scopegate::gate
