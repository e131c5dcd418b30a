#include "gate/tunnel.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace scopegate::gate {

namespace {

// How long an API may take to end the frame that it is in when the token expires, and a peer to take what it
// is sent last.
constexpr std::chrono::milliseconds last_words_patience{5000};

steady_time now()
{
    return std::chrono::steady_clock::now();
}

} // namespace

net::task<tunnel_end> tunnel::run(std::string_view from_caller, std::span<char> upward_buffer,
                                  std::string_view from_api, std::span<char> downward_buffer)
{
    upward(from_caller, upward_buffer);
    auto end = tunnel_end::closed;
    try {
        end = co_await downward(from_api, downward_buffer);
    } catch (const std::exception&) { // out of memory: the other direction must end before we do
    }
    api_.close();
    caller_.interrupt_read(net::readiness::closed);
    struct upward_wait {
        tunnel& self;
        [[nodiscard]] bool await_ready() const noexcept { return !self.upward_runs_; }
        void await_suspend(std::coroutine_handle<> awaiting) const noexcept
        {
            self.upward_waiter_ = awaiting;
        }
        void await_resume() const noexcept {}
    };
    upward_wait ended{*this};
    co_await ended;
    co_return end;
}

void tunnel::expire(lasting_end how) noexcept
{
    if (cut_short_ || now() >= expires_)
        return;
    cut_short_ = true;
    ending_ = how;
    expires_ = now();
    caller_.move_write_deadline(expires_ + last_words_patience);
    caller_.interrupt_read(net::readiness::timed_out);
    api_.interrupt_write(net::readiness::timed_out);
    api_.interrupt_read(net::readiness::timed_out); // last: what it wakes may free us
}

// From the caller to the API, until the token expires: a caller that takes nothing, so that it can't be told
// of the end, must not go on giving orders.
net::detached tunnel::upward(std::string_view received, std::span<char> buffer)
{
    upward_runs_ = true;
    auto how = step::input;
    try {
        while (how == step::input) {
            const bool taken = co_await pass(api_, received, expires_);
            if (!taken) {
                how = step::ended;
                break;
            }
            const auto got = caller_.read_some(buffer);
            received = {buffer.data(), got.bytes};
            if (got.how == net::transfer::status::would_block)
                how = co_await await_input(caller_, expires_);
            else if (got.how == net::transfer::status::done)
                last_activity_ = now();
            else
                how = got.how == net::transfer::status::end ? step::ended : step::broken;
            if (now() >= expires_)
                how = step::expired;
        }
    } catch (const std::exception&) { // out of memory
        how = step::broken;
    }
    end_upward(how);
    upward_runs_ = false;
    if (upward_waiter_) // who waits may free us
        std::exchange(upward_waiter_, {}).resume();
}

// The caller's end is the API's to answer: the other direction goes on until the API has closed. An idle or
// expired tunnel is ended by that direction.
void tunnel::end_upward(step how)
{
    if (how == step::broken) {
        api_.close(); // downward may not have begun to wait yet: it must find out all the same
    } else if (how == step::ended && api_.is_open()) {
        api_.shutdown_send();
        caller_ended_ = true;
        last_activity_ = now();
        api_.move_read_deadline(std::min(api_.read_deadline(), idle_end()));
    }
}

net::task<tunnel_end> tunnel::downward(std::string_view received, std::span<char> buffer)
{
    auto until = expires_;
    bool expired = false; // then only the frame that was begun is brought to its end
    for (;;) {
        if (!expired && now() >= expires_) {
            expired = true;
            until = now() + last_words_patience;
        }
        if (!expired)
            frames_.advance(received);
        else
            received = received.substr(0, frames_.at_boundary() ? 0 : frames_.advance_to_boundary(received));
        // On a line of its own: within co_await g++ 12 adds before it asks, and no_deadline overflows.
        const auto late = expired || until == net::no_deadline ? until : until + last_words_patience;
        const bool taken = co_await pass(caller_, received, late);
        if (!taken)
            co_return expired || now() >= expires_ ? tunnel_end::expired : tunnel_end::closed;
        if (expired && frames_.at_boundary()) {
            co_await say_goodbye();
            co_return tunnel_end::expired;
        }
        if (expired && now() >= until) // in the middle of a frame, for too long
            co_return tunnel_end::expired;

        const auto got = api_.read_some(buffer);
        received = {buffer.data(), got.bytes};
        if (got.how == net::transfer::status::done) {
            last_activity_ = now();
            continue;
        }
        if (got.how != net::transfer::status::would_block)
            co_return tunnel_end::closed;
        const auto woken = co_await await_input(api_, until);
        if (woken == step::ended)
            co_return tunnel_end::closed;
        if (woken == step::idle)
            co_return expired ? tunnel_end::expired : tunnel_end::idle;
    }
}

// When a tunnel without input has idled for too long. What waits for a slow peer to take it is not idle: both
// ends of a transfer count.
steady_time tunnel::idle_end() const noexcept
{
    return last_activity_ + (caller_ended_ ? std::min(idle_, last_words_patience) : idle_);
}

// Waits for input from one side; idle only where the other side has been silent for as long.
net::task<tunnel::step> tunnel::await_input(net::stream& from, steady_time until)
{
    for (;;) {
        const auto woken = co_await from.readable(std::min(until, idle_end()));
        if (woken == net::readiness::ready)
            co_return step::input;
        if (woken == net::readiness::closed)
            co_return step::ended;
        if (now() >= until || cut_short_)
            co_return step::expired;
        if (now() >= idle_end())
            co_return step::idle;
    }
}

// False: the peer has gone, or took nothing for too long.
net::task<bool> tunnel::pass(net::stream& to, std::string_view bytes, steady_time until)
{
    net::gather out;
    out.add(bytes);
    if (out.send_now(to))
        co_return true;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(std::max(until - now(), steady_time::duration(0)));
    const auto sent = co_await out.send(to, std::min(idle_, left));
    last_activity_ = now();
    co_return sent == net::transfer::status::done;
}

net::task<void> tunnel::say_goodbye()
{
    const auto frame = http::close_frame(ending_.code, ending_.text);
    net::gather out;
    out.add(frame);
    static_cast<void>(co_await out.send(caller_, last_words_patience));
}

} // namespace scopegate::gate
