#include "gate/tunnel.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include <sys/random.h>

namespace scopegate::gate {

namespace {

// How long an API may take to end the frame that it is in when the token expires, and a peer to take what it
// is sent last.
constexpr std::chrono::milliseconds last_words_timeout{5000};

// After the close frame we read the API on for so long, and so far: a close at once could be a reset that
// overtakes the frame.
constexpr std::chrono::milliseconds see_off_timeout{2000};
constexpr std::size_t see_off_bytes = 256UL * 1024;

steady_time now()
{
    return std::chrono::steady_clock::now();
}

} // namespace

net::task<tunnel_end> tunnel::run(std::string_view from_client, buffer& upward_slice,
                                  std::string_view from_api, buffer& downward_slice)
{
    client_.observe(this);
    upward(from_client, upward_slice);
    auto end = tunnel_end::closed;
    try {
        end = co_await downward(from_api, downward_slice);
    } catch (const std::exception&) { // out of memory: the other direction must end before we do
    }
    stopping_ = true;
    client_.interrupt_read(net::readiness::closed);
    api_.interrupt_write(net::readiness::closed);
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
    client_.observe(nullptr);

    const auto why = close_reason(end);
    const bool api_left = end == tunnel_end::closed && !client_left_;
    const bool told = !api_left && tell_api(why);
    co_await tell_client(why);
    if (told)
        co_await see_off_api();
    api_.close();
    co_return end;
}

void tunnel::expire(lasting_end how) noexcept
{
    if (cut_short_ || now() >= expires_)
        return;
    cut_short_ = true;
    ending_ = how;
    expires_ = now();
    client_.move_write_deadline(expires_ + last_words_timeout);
    const net::stream_ptr client(&client_), api(&api_); // each interrupt may end run() and free this object
    client->interrupt_read(net::readiness::timed_out);
    api->interrupt_write(net::readiness::timed_out);
    api->interrupt_read(net::readiness::timed_out);
}

// From the caller to the API, until the token expires: a caller that takes nothing, so that it can't be told
// of the end, must not go on giving orders.
net::detached tunnel::upward(std::string_view received, buffer& slice)
{
    upward_runs_ = true;
    auto how = step::input;
    try {
        while (how == step::input) {
            to_api_.frames.advance(received);
            to_api_.whole = co_await pass(api_, received, api_takes_until());
            if (!to_api_.whole) {
                how = refusal_of_api();
                break;
            }
            const auto got = read(client_, to_api_, slice);
            received = {slice.data(), got.bytes};
            if (got.how == net::transfer::status::would_block)
                how = co_await await_input(client_, expires_);
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
    if (!stopping_)
        end_upward(how);
    upward_runs_ = false;
    if (upward_waiter_) // who waits may free us
        std::exchange(upward_waiter_, {}).resume();
}

// Why the upstream did not take all of it: the tunnel has expired, the client has gone meanwhile, or it takes
// no more.
tunnel::step tunnel::refusal_of_api() const noexcept
{
    if (cut_short_ || now() >= expires_)
        return step::expired;
    return client_.has_ended() || !client_.is_open() ? step::broken : step::refused;
}

// Behind a close frame the client's end is the API's to answer: the other direction goes on until the API has
// closed. Without one the client has disconnected. An idle or expired tunnel is ended by that direction.
void tunnel::end_upward(step how)
{
    const bool in_order = how == step::ended && to_api_.frames.has_close();
    if (how == step::broken || (how == step::ended && !in_order)) {
        leave_without_client();
    } else if ((in_order || how == step::refused) && api_.is_open()) {
        api_.shutdown_send();
        client_ended_ = in_order;
        api_refuses_ = !in_order;
        last_activity_ = now();
        api_.move_read_deadline(std::min(api_.read_deadline(), idle_end()));
    }
}

// The client left while the API is slow to take what it sent. A reset ends the tunnel; after an end the API
// has some time left to take the rest, in which a close frame may lie.
void tunnel::on_unawaited_read() noexcept
{
    if (client_.is_broken() || !client_.is_open())
        api_.interrupt_write(net::readiness::closed);
    else if (client_.has_ended())
        api_.move_write_deadline(api_takes_until());
}

steady_time tunnel::api_takes_until() const noexcept
{
    return client_.has_ended() ? std::min(expires_, now() + last_words_timeout) : expires_;
}

// Downward may wait for either side, or not have begun yet: then it finds the flag.
void tunnel::leave_without_client() noexcept
{
    client_left_ = true;
    client_.interrupt_write(net::readiness::closed);
    api_.interrupt_read(net::readiness::closed); // last: what it wakes may free us
}

net::task<tunnel_end> tunnel::downward(std::string_view received, buffer& slice)
{
    auto& frames = to_client_.frames;
    auto until = expires_;
    bool expired = false; // then only the frame that was begun is brought to its end
    while (!client_left_) {
        if (!expired && now() >= expires_) {
            expired = true;
            until = now() + last_words_timeout;
        }
        if (!expired)
            frames.advance(received);
        else
            received = received.substr(0, frames.at_boundary() ? 0 : frames.advance_to_boundary(received));
        // On a line of its own: within co_await g++ 12 adds before it asks, and no_deadline overflows.
        const auto late = expired || until == net::no_deadline ? until : until + last_words_timeout;
        to_client_.whole = co_await pass(client_, received, late);
        if (!to_client_.whole) {
            client_left_ = !expired && now() < expires_;
            co_return client_left_ ? tunnel_end::closed : tunnel_end::expired;
        }
        if (expired && (frames.at_boundary() || now() >= until)) // or in the middle of a frame, for too long
            co_return tunnel_end::expired;

        const auto got = read(api_, to_client_, slice);
        received = {slice.data(), got.bytes};
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
    co_return tunnel_end::closed;
}

// When a tunnel without input has idled for too long. What waits for a slow peer to take it is not idle: both
// ends of a transfer count.
steady_time tunnel::idle_end() const noexcept
{
    const bool one_way = client_ended_ || api_refuses_;
    return last_activity_ + (one_way ? std::min(idle_, last_words_timeout) : idle_);
}

// Reads what has come; where nothing has, the slice is given back until something does.
net::transfer tunnel::read(net::stream& from, direction& onward, buffer& slice)
{
    slice.reset();
    slice = buffers_.take_slice();
    const auto got = onward.at_a_stretch.read(from, slice.bytes());
    if (got.how != net::transfer::status::done)
        slice.reset();
    return got;
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

lasting_end tunnel::close_reason(tunnel_end how) const noexcept
{
    switch (how) {
    case tunnel_end::expired:
        return ending_;
    case tunnel_end::idle:
        return api_refuses_ ? api_has_gone() : tunnel_was_idle();
    case tunnel_end::closed:
        break;
    }
    return client_left_ ? client_has_gone() : api_has_gone();
}

// Sends the API a close frame if that goes without waiting; returns whether it went. The random key protects
// proxies between: no client may choose the bytes that they see (RFC 6455 section 10.3).
bool tunnel::tell_api(const lasting_end& why)
{
    if (!api_.is_open() || !to_api_.takes_close())
        return false;
    std::array<char, 4> key{};
    [[maybe_unused]] const auto random = ::getrandom(key.data(), key.size(), 0);
    const auto frame = http::masked_close_frame(why.code, why.text, key);
    net::gather out;
    out.add(frame);
    const bool told = out.send_now(api_);
    api_.shutdown_send();
    return told;
}

net::task<void> tunnel::tell_client(const lasting_end& why)
{
    if (!client_.is_open() || !to_client_.takes_close())
        co_return;
    const auto frame = http::close_frame(why.code, why.text);
    net::gather out;
    out.add(frame);
    const auto sent = co_await out.send(client_, last_words_timeout);
    if (sent == net::transfer::status::done)
        co_await client_.end_sending(now() + last_words_timeout);
}

// Waits for the API to close as well. Not where we are closed in a hurry ourselves.
net::task<void> tunnel::see_off_api()
{
    const auto until = now() + see_off_timeout;
    for (std::size_t discarded = 0; discarded < see_off_bytes && client_.is_open();) {
        const auto got = api_.discard_some();
        if (got.how == net::transfer::status::done) {
            discarded += got.bytes;
            continue;
        }
        if (got.how != net::transfer::status::would_block)
            co_return;
        const auto woken = co_await api_.readable(until);
        if (woken != net::readiness::ready)
            co_return;
    }
}

} // namespace scopegate::gate
