// A stream's half under TLS. A record may have come whole or in part, and several may have come at once: only
// a read that ends with nothing left in the channel may wait for the socket.
#include "net/stream.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace scopegate::net {

using outcome = tls_channel::outcome;

task<bool> stream::handshake(std::unique_ptr<tls_channel> channel, steady_time deadline)
{
    const stream_ptr keep(this);
    tls_ = std::move(channel);
    for (;;) {
        const auto how = tls_->handshake();
        auto woken = readiness::closed;
        if (how == outcome::wants_read) {
            arm_read();
            woken = co_await readable(deadline);
        } else if (how == outcome::wants_write) {
            write_.fired = false;
            woken = co_await writable(deadline);
        } else if (how == outcome::done) {
            // The first request may have come with the handshake's last bytes.
            if (tls_->holds_input())
                read_.fired = true;
            else
                arm_read();
            co_return true;
        }
        if (woken != readiness::ready)
            co_return false;
    }
}

transfer stream::read_tls(std::span<char> into) noexcept
{
    const auto got = tls_->read(into);
    switch (got.then) {
    case outcome::wants_read:
        arm_read();
        break;
    case outcome::wants_write:
        block_read();
        break;
    case outcome::done: // the channel may hold more, which no socket event reports
    case outcome::ended:
    case outcome::failed: // the next read reports it
        read_.fired = true;
        break;
    }
    if (got.bytes > 0)
        return {transfer::status::done, got.bytes};
    if (got.then == outcome::ended)
        return {transfer::status::end, 0};
    return {got.then == outcome::failed ? transfer::status::failed : transfer::status::would_block, 0};
}

// Input, even the peer's end, waits until TLS has sent its output. Asking the socket for input would only
// report the same state again and again.
void stream::block_read() noexcept
{
    read_.fired = false;
    read_needs_write_ = true;
}

void stream::unblock_read(bool closed) noexcept
{
    read_.fired = !closed;
    unlink(); // told now
    if (read_.waiter)
        resume(read_, closed ? readiness::closed : readiness::ready);
    else if (observer_ != nullptr)
        observer_->on_unawaited_read();
}

transfer stream::write_tls(std::span<const iovec> pieces) noexcept
{
    const auto sent = tls_->write(pieces);
    if (sent.then == outcome::done)
        return {transfer::status::done, sent.bytes};
    if (sent.then == outcome::wants_write) {
        write_.fired = false;
        return {transfer::status::would_block, 0};
    }
    return {transfer::status::failed, 0};
}

stream::peer_state stream::peek_tls() noexcept
{
    switch (tls_->peek()) {
    case outcome::done:
        return peer_state::input;
    case outcome::wants_write:
        block_read();
        return peer_state::quiet;
    case outcome::wants_read:
        return peer_state::quiet;
    case outcome::ended:
        return peer_state::closed;
    case outcome::failed:
        break;
    }
    return tls_->is_wire_ended() ? peer_state::closed : peer_state::reset;
}

transfer stream::peek_bytes(std::span<char> into) noexcept
{
    return receive_below(into, MSG_PEEK);
}

transfer stream::discard_some() noexcept
{
    static thread_local std::array<char, 16384> forgotten;
    return receive_below(forgotten, 0);
}

transfer stream::receive_below(std::span<char> into, int flags) noexcept
{
    const auto n = ::recv(socket_, into.data(), into.size(), flags | MSG_DONTWAIT);
    if (n > 0)
        return {transfer::status::done, static_cast<std::size_t>(n)};
    if (n == 0)
        return {transfer::status::end, 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        arm_read();
        return {transfer::status::would_block, 0};
    }
    return {transfer::status::failed, 0};
}

task<void> stream::end_sending(steady_time deadline)
{
    const stream_ptr keep(this);
    while (tls_ && tls_->send_close_notify() == outcome::wants_write) {
        write_.fired = false;
        const auto woken = co_await writable(deadline);
        if (woken != readiness::ready)
            break;
    }
    shutdown_send();
}

} // namespace scopegate::net
