#include "gate/upload.hpp"

#include "gate/request_lines.hpp"
#include "gate/worker.hpp"

#include <algorithm>
#include <exception>

namespace scopegate::gate {

result<void> upload::prepare(wire::upstream_side& to)
{
    to_ = &to;
    end_ = relay_end::complete;
    const auto& limits = c_.policy.policy.server.limits;
    return prepare_request(c_, request_, to, {limits.headers, limits.header_count});
}

// If some of the request is unsent afterwards, the rest is sent concurrently with the response.
result<void> upload::start()
{
    auto& client = c_.client;
    const auto [state, bytes] = move_received(client, *to_);
    if (state == wire::body_state::malformed)
        return client.fault();
    if (state == wire::body_state::too_large)
        return failure(reason::body_too_large, cause::limits_body);
    moved_ += bytes;
    came_empty_ = state == wire::body_state::complete && bytes == 0;
    sent_at_ = c_.at.now();
    if (to_->flush() != wire::flush_result::done || state != wire::body_state::complete)
        background_.start(run());
    return {};
}

net::background::work upload::run()
{
    const auto& timeouts = request_.settings.timeouts;
    rate_.emplace(std::max(minimum_rate::min_window, timeouts.body), !c_.client.facts().expects_continue);
    relay_options options{timeouts.body, timeouts.body};
    options.rate = &*rate_;
    options.moved = &moved_;
    try {
        end_ = co_await relay_body(c_.client, *to_, options);
    } catch (const std::exception&) { // out of memory: the rest of the body is lost
        end_ = relay_end::source_cut;
    }
    c_.client.watch_departure();
    sent_at_ = c_.at.now();
}

// Each call must be the last statement: the resumed coroutine may destroy this object.
void upload::on_background_end() noexcept
{
    if (end_ == relay_end::complete)
        to_->move_deadline(wire::direction::read, sent_at_ + request_.settings.timeouts.upstream_response);
    else if (has_failed())
        to_->interrupt(wire::direction::read, net::readiness::closed);
}

bool upload::has_failed() const noexcept
{
    return end_ != relay_end::complete && end_ != relay_end::sink_gone;
}

bool upload::is_repeatable() const noexcept
{
    return !c_.client.facts().has_body || (came_empty_ && !rate_);
}

void upload::expect_body() noexcept
{
    if (is_running())
        rate_->start(c_.at.now());
}

void upload::take_time() noexcept
{
    if (!is_running())
        return;
    rate_->stop();
    c_.client.move_deadline(wire::direction::read, c_.at.now() + request_.settings.timeouts.body);
}

void upload::stop() noexcept
{
    to_->close();
    c_.client.interrupt(wire::direction::read, net::readiness::closed);
    to_->interrupt(wire::direction::write, net::readiness::closed);
}

} // namespace scopegate::gate
