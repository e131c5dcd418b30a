#include "gate/tunnel.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include <sys/random.h>

namespace scopegate::gate {

namespace {

// How long an upstream may take to complete its current frame when the token expires, and a peer to accept
// the last data that is sent to it.
constexpr std::chrono::milliseconds last_words_timeout{5000};

// For how long, and how far, the upstream is read after our close frame: an immediate close could become a
// reset that overtakes the frame.
constexpr std::chrono::milliseconds see_off_timeout{2000};
constexpr std::size_t see_off_bytes = 256UL * 1024;

steady_time now()
{
    return std::chrono::steady_clock::now();
}

// Takes one piece of the received data; empty if there is no data.
std::string_view take_piece(wire::stream& from)
{
    wire::data received(1);
    from.take(received);
    std::string_view piece;
    received.for_each([&piece](std::string_view p) { piece = p; });
    return piece;
}

void prepare(wire::stream& to, std::string_view bytes) noexcept
{
    wire::data piece(1);
    piece.add(bytes);
    to.add(piece, false);
}

} // namespace

net::task<tunnel_end> tunnel::run()
{
    client_.observe(this);
    upward_.start(upward());
    auto end = tunnel_end::closed;
    try {
        end = co_await downward();
    } catch (const std::exception&) { // out of memory: upward() must end before this object does
    }
    stopping_ = true;
    client_.interrupt(wire::direction::read, net::readiness::closed);
    upstream_.interrupt(wire::direction::write, net::readiness::closed);
    co_await upward_.ended();
    client_.observe(nullptr);

    const auto why = close_reason(end);
    const bool upstream_left = end == tunnel_end::closed && !client_left_;
    const bool told = !upstream_left && tell_upstream(why);
    co_await tell_client(why);
    if (told)
        co_await see_off_upstream();
    upstream_.close();
    co_return end;
}

// Each interrupt may end run() and destroy this object.
void tunnel::expire(lasting_end how) noexcept
{
    if (cut_short_ || now() >= expires_)
        return;
    cut_short_ = true;
    ending_ = how;
    expires_ = now();
    client_.move_deadline(wire::direction::write, expires_ + last_words_timeout);
    bool destroyed = false;
    destroyed_ = &destroyed;
    client_.interrupt(wire::direction::read, net::readiness::timed_out);
    if (!destroyed)
        upstream_.interrupt(wire::direction::write, net::readiness::timed_out);
    if (!destroyed)
        upstream_.interrupt(wire::direction::read, net::readiness::timed_out);
    if (!destroyed)
        destroyed_ = nullptr;
}

// Relays from the client to the upstream until the token expires. A client that takes no data, and so can't
// receive the close frame, must not go on giving orders.
net::background::work tunnel::upward()
{
    auto how = step::input;
    try {
        while (how == step::input) {
            const auto received = take_piece(client_);
            to_upstream_.frames.advance(received);
            to_upstream_.bytes += received.size();
            to_upstream_.whole = co_await pass(upstream_, received, upstream_takes_until());
            if (!to_upstream_.whole) {
                how = refusal_of_upstream();
                break;
            }
            how = co_await read(client_, expires_);
            if (now() >= expires_)
                how = step::expired;
        }
    } catch (const std::exception&) { // out of memory
        how = step::broken;
    }
    if (!stopping_)
        end_upward(how);
}

// Returns why the upstream did not take all data: the tunnel has expired, the client has left meanwhile, or
// the upstream refuses more.
tunnel::step tunnel::refusal_of_upstream() const noexcept
{
    if (cut_short_ || now() >= expires_)
        return step::expired;
    const bool gone = client_broken_ || client_.has_ended() || client_.has_left();
    return gone ? step::broken : step::refused;
}

// After a close frame it is up to the upstream to respond to the client's end: the other direction continues
// until the upstream has closed. Without one the client has disconnected. downward() ends an idle or expired
// tunnel.
void tunnel::end_upward(step how)
{
    const bool in_order = how == step::ended && to_upstream_.frames.has_close();
    if (how == step::broken || (how == step::ended && !in_order)) {
        leave_without_client();
    } else if ((in_order || how == step::refused) && !upstream_.has_left()) {
        upstream_.shutdown_send();
        client_ended_ = in_order;
        upstream_refuses_ = !in_order;
        last_activity_ = now();
        upstream_.move_deadline(wire::direction::read, std::min(upstream_.read_deadline(), idle_end()));
    }
}

// The client left while the upstream is slow to take its data. A reset ends the tunnel. After an orderly end
// the upstream has some time left to take the rest, which may contain a close frame.
void tunnel::on_left() noexcept
{
    client_broken_ = true;
    upstream_.interrupt(wire::direction::write, net::readiness::closed);
}

void tunnel::on_ended(bool) noexcept
{
    upstream_.move_deadline(wire::direction::write, upstream_takes_until());
}

steady_time tunnel::upstream_takes_until() const noexcept
{
    return client_.has_ended() ? std::min(expires_, now() + last_words_timeout) : expires_;
}

// downward() may wait for either side, or not have begun yet: then it finds the flag.
void tunnel::leave_without_client() noexcept
{
    client_left_ = true;
    client_.interrupt(wire::direction::write, net::readiness::closed);
    upstream_.interrupt(wire::direction::read, net::readiness::closed); // last: it may destroy this object
}

net::task<tunnel_end> tunnel::downward()
{
    auto& frames = to_client_.frames;
    auto until = expires_;
    bool expired = false; // then only the current frame is completed
    while (!client_left_) {
        auto received = take_piece(upstream_);
        if (!expired && now() >= expires_) {
            expired = true;
            until = now() + last_words_timeout;
        }
        if (!expired)
            frames.advance(received);
        else
            received = received.substr(0, frames.at_boundary() ? 0 : frames.advance_to_boundary(received));
        to_client_.bytes += received.size();
        // On its own line: inside co_await, g++ 12 adds before it tests, and no_deadline overflows.
        const auto late = expired || until == net::no_deadline ? until : until + last_words_timeout;
        to_client_.whole = co_await pass(client_, received, late);
        if (!to_client_.whole) {
            client_left_ = !expired && now() < expires_;
            co_return client_left_ ? tunnel_end::closed : tunnel_end::expired;
        }
        if (expired && (frames.at_boundary() || now() >= until)) // or a frame took too long
            co_return tunnel_end::expired;
        if (!expired && now() >= expires_) // while the client was slow
            continue;

        const auto came = co_await read(upstream_, until);
        if (came == step::ended || came == step::broken)
            co_return tunnel_end::closed;
        if (came == step::idle)
            co_return expired ? tunnel_end::expired : tunnel_end::idle;
    }
    co_return tunnel_end::closed;
}

// Returns when a tunnel without input has idled for too long. A tunnel whose peer is slow to take data is not
// idle: the start and the end of a transfer both count.
steady_time tunnel::idle_end() const noexcept
{
    const bool one_way = client_ended_ || upstream_refuses_;
    return last_activity_ + (one_way ? std::min(idle_, last_words_timeout) : idle_);
}

// Reads from one side, and waits if nothing has arrived. Returns idle only if the other side has been silent
// for as long. After a wait take() may have nothing.
net::task<tunnel::step> tunnel::read(wire::stream& from, steady_time until)
{
    using status = wire::fill_result::status;
    if (from.has_received())
        co_return step::input;
    const auto got = from.fill();
    if (got.how == status::cut)
        co_return step::broken;
    if (got.how == status::ready) {
        last_activity_ = now();
        co_return from.state() == wire::body_state::complete ? step::ended : step::input;
    }
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

// Sends the bytes. Returns false if the peer has left, took nothing for too long, or not all of it until
// then. A peer that takes a little now and then can't delay the end.
net::task<bool> tunnel::pass(wire::stream& to, std::string_view bytes, steady_time until)
{
    prepare(to, bytes);
    auto sent = to.flush();
    if (sent == wire::flush_result::done)
        co_return true;
    while (sent == wire::flush_result::would_block) {
        const auto end = cut_short_ ? std::min(until, expires_ + last_words_timeout) : until;
        const auto late = std::min(end, now() + idle_);
        const auto woken = co_await to.writable(late);
        if (woken != net::readiness::ready)
            break;
        sent = to.flush();
    }
    last_activity_ = now();
    co_return sent == wire::flush_result::done;
}

lasting_end tunnel::close_reason(tunnel_end how) const noexcept
{
    switch (how) {
    case tunnel_end::expired:
        return ending_;
    case tunnel_end::idle:
        return upstream_refuses_ ? upstream_has_gone() : tunnel_was_idle();
    case tunnel_end::closed:
        break;
    }
    return client_left_ ? client_has_gone() : upstream_has_gone();
}

// Sends the upstream a close frame if that needs no waiting; returns whether it was sent. The random key
// protects intermediaries: no client may choose the bytes that they see (RFC 6455 section 10.3).
bool tunnel::tell_upstream(const lasting_end& why)
{
    if (upstream_.has_left() || !to_upstream_.takes_close())
        return false;
    std::array<char, 4> key{};
    if (::getrandom(key.data(), key.size(), 0) != ssize_t(key.size()))
        return false;
    const auto frame = http::masked_close_frame(why.code, why.text, key);
    prepare(upstream_, frame);
    const bool told = upstream_.flush() == wire::flush_result::done;
    upstream_.shutdown_send();
    return told;
}

net::task<void> tunnel::tell_client(const lasting_end& why)
{
    if (client_.has_left() || !to_client_.takes_close())
        co_return;
    const auto frame = http::close_frame(why.code, why.text);
    prepare(client_, frame);
    const auto sent = co_await wire::flush_all(client_, last_words_timeout);
    if (sent == wire::flush_result::done)
        co_await client_.end_sending(now() + last_words_timeout);
}

// Waits for the upstream to close as well, unless the client's connection is gone or closed already.
net::task<void> tunnel::see_off_upstream()
{
    using status = wire::fill_result::status;
    const auto until = now() + see_off_timeout;
    for (std::size_t discarded = 0; discarded < see_off_bytes && !client_.has_left();) {
        static_cast<void>(take_piece(upstream_));
        const auto got = upstream_.fill();
        if (got.how == status::cut || upstream_.state() == wire::body_state::complete)
            co_return;
        discarded += got.bytes;
        if (got.how == status::ready)
            continue;
        const auto woken = co_await upstream_.readable(until);
        if (woken != net::readiness::ready)
            co_return;
    }
}

} // namespace scopegate::gate
