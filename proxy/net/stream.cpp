#include "net/stream.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace scopegate::net {

namespace {

// A head and a small body are copied together: that costs less than to have the kernel take over a list of
// pieces. Empty: they are too much for it. Good until the next call of this thread.
std::string_view as_one_piece(std::span<const iovec> pieces) noexcept
{
    static thread_local std::array<char, 4096> together;
    if (pieces.size() == 1)
        return {static_cast<const char*>(pieces.front().iov_base), pieces.front().iov_len};
    std::size_t bytes = 0;
    for (const auto& piece : pieces) {
        if (piece.iov_len > together.size() - bytes)
            return {};
        std::memcpy(together.data() + bytes, piece.iov_base, piece.iov_len);
        bytes += piece.iov_len;
    }
    return {together.data(), bytes};
}

} // namespace

stream::stream(asio::io_context& context, int socket, deadlines& times)
    : socket_(socket), scheduler_(scheduler::of(context)), times_(times), index_(times.add(*this))
{
    if (scheduler_.poller().add(socket, *this))
        return;
    times_.remove(index_);
    throw std::bad_alloc();
}

stream_ptr stream::make(asio::io_context& context, int socket, deadlines& times) noexcept
{
    try {
        return new stream(context, socket, times);
    } catch (const std::bad_alloc&) {
        ::close(socket);
        return nullptr;
    }
}

stream::~stream()
{
    if (is_open())
        close_socket();
    times_.remove(index_);
}

transfer stream::read_some(std::span<char> into) noexcept
{
    if (tls_)
        return read_tls(into);
    ssize_t n = 0;
    do
        n = ::recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        if (static_cast<std::size_t>(n) < into.size())
            drained();
        return {transfer::status::done, static_cast<std::size_t>(n)};
    }
    if (n == 0)
        return {transfer::status::end, 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        if (ended_)
            arm_read();
        else
            drained();
        return {transfer::status::would_block, 0};
    }
    return {transfer::status::failed, 0};
}

transfer stream::write_some(std::span<const iovec> pieces) noexcept
{
    if (tls_)
        return write_tls(pieces);
    const auto whole = as_one_piece(pieces);
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data()); // sendmsg reads only
    message.msg_iovlen = std::min<std::size_t>(pieces.size(), 64);
    ssize_t n = 0;
    do
        n = whole.empty() ? ::sendmsg(socket_, &message, MSG_NOSIGNAL | MSG_DONTWAIT)
                          : ::send(socket_, whole.data(), whole.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return {transfer::status::done, static_cast<std::size_t>(n)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        write_.fired = false;
        return {transfer::status::would_block, 0};
    }
    return {transfer::status::failed, 0};
}

// The socket is empty, so any further input is a change that epoll reports. Its end is not reported if it
// came with the last bytes.
void stream::drained() noexcept
{
    read_.fired = ended_;
    read_armed_ = !ended_;
}

void stream::arm_read() noexcept
{
    read_.fired = false;
    if (read_armed_ || read_needs_write_ || !is_open() || is_linked()) // it is reported anyway
        return;
    read_armed_ = true;
    scheduler_.poller().ask_again(socket_, *this);
}

void stream::watch_input() noexcept
{
    if (!tls_ || !tls_->holds_input())
        arm_read();
}

// Not armed meanwhile, because a fast sender would wake us at the next poll.
void stream::read_later() noexcept
{
    if (!is_open())
        return;
    read_.fired = read_armed_ = false;
    scheduler_.postpone(*this);
}

void stream::on_continue() noexcept
{
    if (is_open()) {
        on_readable(false);
    } else { // by notify_closed()
        const stream_ptr keep(this, false);
        on_closed();
    }
}

void stream::on_events(std::uint32_t events) noexcept
{
    constexpr std::uint32_t broken = EPOLLHUP | EPOLLERR;
    const stream_ptr keep(this);
    const bool leaves =
        (!ended_ && (events & (EPOLLRDHUP | broken)) != 0) || (!broken_ && (events & broken) != 0);
    if (leaves) {
        ended_ = true;
        broken_ = (events & broken) != 0;
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | broken)) != 0 && read_armed_)
        on_readable(false);
    else if (leaves && observer_ != nullptr && !read_.waiter)
        observer_->on_unawaited_read();
    if ((events & (EPOLLOUT | broken)) != 0 && is_open())
        on_writable(false);
}

// Calls on_closed(), but not from within close(), whose caller may not expect to be freed.
void stream::notify_closed() noexcept
{
    try {
        asio::post(scheduler_.executor(), [keep = stream_ptr(this)] { keep->on_closed(); });
        scheduler_.poller().return_to_asio();
    } catch (const std::bad_alloc&) { // postponing needs no memory
        intrusive_ptr_add_ref(this);  // on_continue() takes it
        scheduler_.postpone(*this);
    }
}

void stream::on_closed() noexcept
{
    on_readable(true);
    on_writable(true);
}

void stream::on_readable(bool closed) noexcept
{
    read_armed_ = false;
    read_.fired = !closed; // an error shows at the next read
    if (tls_)
        tls_->forget_drained();
    if (read_.waiter)
        resume(read_, closed ? readiness::closed : readiness::ready);
    else if (observer_ != nullptr)
        observer_->on_unawaited_read();
}

void stream::on_writable(bool closed) noexcept
{
    write_.fired = !closed;
    if (std::exchange(read_needs_write_, false))
        unblock_read(closed);
    resume(write_, closed ? readiness::closed : readiness::ready);
}

// Not inline: g++ 12 then takes `keep` for the last reference, and warns of a use after free.
[[gnu::noinline]] void stream::resume(side& s, readiness how) noexcept
{
    if (!s.waiter)
        return;
    s.outcome = how;
    const stream_ptr keep(this); // the coroutine may let go of us
    std::exchange(s.waiter, {}).resume();
}

stream::peer_state stream::peek() noexcept
{
    if (!is_open())
        return peer_state::reset;
    if (tls_)
        return peek_tls();
    char one = 0;
    const auto n = ::recv(socket_, &one, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0)
        return peer_state::input;
    if (n == 0)
        return peer_state::closed;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? peer_state::quiet : peer_state::reset;
}

std::size_t stream::unread_bytes() const noexcept
{
    int below = 0;
    if (::ioctl(socket_, FIONREAD, &below) != 0 || below < 0)
        return std::numeric_limits<std::size_t>::max();
    return static_cast<std::size_t>(below) + (tls_ ? tls_channel::max_held : 0);
}

void stream::expire(steady_time now) noexcept
{
    const auto read_due = read_.waiter && times_.read_at(index_) <= now;
    const auto write_due = write_.waiter && times_.write_at(index_) <= now;
    const stream_ptr keep(this);
    if (read_due)
        resume(read_, readiness::timed_out);
    if (write_due)
        resume(write_, readiness::timed_out);
}

void stream::shutdown_send() noexcept
{
    if (tls_)
        static_cast<void>(tls_->send_close_notify());
    if (is_open())
        ::shutdown(socket_, SHUT_WR);
}

void stream::close(bool reset) noexcept
{
    if (!is_open())
        return;
    if (reset) {
        const linger at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    if (tls_) {
        if (!reset)
            static_cast<void>(tls_->send_close_notify());
        tls_->detach();
    }
    close_socket();
    read_.fired = write_.fired = false;
    if (read_.waiter || write_.waiter || observer_ != nullptr)
        notify_closed();
}

void stream::close_socket() noexcept
{
    scheduler_.poller().forget(socket_, *this);
    unlink(); // from the postponed readers
    ::close(std::exchange(socket_, -1));
}

stream::wait stream::readable(steady_time deadline) noexcept
{
    return {*this, true, deadline};
}

stream::wait stream::writable(steady_time deadline) noexcept
{
    return {*this, false, deadline};
}

bool stream::wait::await_ready() noexcept
{
    auto& s = reading_ ? stream_.read_ : stream_.write_;
    s.outcome = stream_.is_open() ? readiness::ready : readiness::closed;
    return s.fired || !stream_.is_open();
}

void stream::wait::await_suspend(std::coroutine_handle<> awaiting) noexcept
{
    auto& s = reading_ ? stream_.read_ : stream_.write_;
    s.waiter = awaiting;
    if (reading_) {
        stream_.times_.set_read(stream_.index_, deadline_);
        if (!stream_.read_armed_)
            stream_.arm_read();
    } else {
        stream_.times_.set_write(stream_.index_, deadline_);
    }
}

readiness stream::wait::await_resume() noexcept
{
    auto& s = reading_ ? stream_.read_ : stream_.write_;
    if (reading_)
        stream_.times_.set_read(stream_.index_, no_deadline);
    else
        stream_.times_.set_write(stream_.index_, no_deadline);
    return s.outcome;
}

} // namespace scopegate::net
