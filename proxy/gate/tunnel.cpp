#include "gate/tunnel.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::gate {

namespace {

// How long an API may take to end the frame that it is in when the token expires, and a peer to take what it
// is sent last.
constexpr std::chrono::seconds last_words_patience{5};

steady_time now()
{
    return std::chrono::steady_clock::now();
}

} // namespace

net::task<tunnel_end> tunnel::run(std::string_view from_caller, std::span<char> upward_buffer,
                                  std::string_view from_api, std::span<char> downward_buffer)
{
    upward(from_caller, upward_buffer);
    const auto end = co_await downward(from_api, downward_buffer);
    api_.close();
    caller_.interrupt_read(net::readiness::closed);
    caller_.close();
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

// From the caller to the API. Its end is the API's to answer: the other direction goes on until the API has
// closed.
net::detached tunnel::upward(std::string_view received, std::span<char> buffer)
{
    upward_runs_ = true;
    for (;;) {
        const bool taken = co_await pass(api_, received);
        if (!taken)
            break;
        const auto got = caller_.read_some(buffer);
        received = {buffer.data(), got.bytes};
        if (got.how == net::transfer::status::would_block) {
            const auto woken = co_await await_input(caller_, net::no_deadline);
            if (woken != step::input)
                break;
        } else if (got.how != net::transfer::status::done) {
            break;
        }
    }
    api_.shutdown_send();
    if (caller_.is_open())
        api_.move_read_deadline(std::min(api_.read_deadline(), now() + last_words_patience));
    else // cut off by us
        api_.interrupt_read(net::readiness::closed);
    upward_runs_ = false;
    if (upward_waiter_)
        std::exchange(upward_waiter_, {}).resume();
}

net::task<tunnel_end> tunnel::downward(std::string_view received, std::span<char> buffer)
{
    auto until = expires_;
    bool expired = false;
    for (;;) {
        // After the expiry only the frame that was begun is brought to its end.
        const auto whole = received;
        if (expired)
            received = received.substr(0, frames_.at_boundary() ? 0 : frames_.advance_to_boundary(received));
        else
            frames_.advance(received);
        const bool taken = co_await pass(caller_, received);
        if (!taken)
            co_return tunnel_end::closed;
        if (expired && (frames_.at_boundary() || received.size() < whole.size())) {
            co_await say_goodbye();
            co_return tunnel_end::expired;
        }

        const auto got = api_.read_some(buffer);
        received = {buffer.data(), got.bytes};
        if (got.how == net::transfer::status::done) {
            if (!expired && now() >= until)
                expired = true;
            continue;
        }
        if (got.how != net::transfer::status::would_block)
            co_return tunnel_end::closed;
        const auto woken = co_await await_input(api_, until);
        if (woken == step::ended)
            co_return tunnel_end::closed;
        if (woken == step::idle ||
            (woken == step::expired && expired)) // in the middle of a frame, for too long
            co_return expired ? tunnel_end::expired : tunnel_end::idle;
        if (woken == step::expired) {
            expired = true;
            until = now() + last_words_patience;
        }
    }
}

// Waits for input from one side; idle only where the other side has been silent for as long.
net::task<tunnel::step> tunnel::await_input(net::stream& from, steady_time until)
{
    for (;;) {
        const auto woken = co_await from.readable(std::min(until, last_activity_ + idle_));
        if (woken == net::readiness::ready) {
            last_activity_ = now();
            co_return step::input;
        }
        if (woken == net::readiness::closed)
            co_return step::ended;
        if (now() >= until)
            co_return step::expired;
        if (now() >= last_activity_ + idle_ || !upward_runs_)
            co_return step::idle;
    }
}

net::task<bool> tunnel::pass(net::stream& to, std::string_view bytes)
{
    net::gather out;
    out.add(bytes);
    if (out.send_now(to))
        co_return true;
    const auto sent = co_await out.send(to, idle_);
    co_return sent == net::transfer::status::done;
}

net::task<void> tunnel::say_goodbye()
{
    const auto frame = http::close_frame(http::policy_violation, "the access token has expired");
    net::gather out;
    out.add(frame);
    const auto sent = co_await out.send(caller_, last_words_patience);
    if (sent == net::transfer::status::done)
        caller_.shutdown_send();
}

} // namespace scopegate::gate
