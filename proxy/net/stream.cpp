#include "net/stream.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>

namespace scopegate::net {

namespace {

// The memory of a wait's handler lies in the stream itself: one wait per side is outstanding at a time.
template <class T>
struct in_stream_allocator {
    using value_type = T;
    std::byte* memory;
    std::size_t size;
    bool* used;

    in_stream_allocator(std::byte* m, std::size_t s, bool* u) noexcept : memory(m), size(s), used(u) {}
    template <class U>
    explicit in_stream_allocator(const in_stream_allocator<U>& o) noexcept
        : memory(o.memory), size(o.size), used(o.used)
    {
    }

    [[nodiscard]] T* allocate(std::size_t n)
    {
        if (!*used && n * sizeof(T) <= size) {
            *used = true;
            return reinterpret_cast<T*>(memory);
        }
        return static_cast<T*>(::operator new(n * sizeof(T)));
    }
    void deallocate(T* p, std::size_t) noexcept
    {
        if (reinterpret_cast<std::byte*>(p) == memory)
            *used = false;
        else
            ::operator delete(p);
    }
    friend bool operator==(const in_stream_allocator& a, const in_stream_allocator& b) noexcept
    {
        return a.memory == b.memory;
    }
};

} // namespace

template <bool Reading>
struct stream::handler {
    stream_ptr self;

    using allocator_type = in_stream_allocator<std::byte>;
    [[nodiscard]] allocator_type get_allocator() const noexcept
    {
        auto& s = Reading ? self->read_ : self->write_;
        return {s.memory.data(), s.memory.size(), &s.memory_used};
    }
    void operator()(const error_code& failed) const
    {
        self->on_ready(Reading ? self->read_ : self->write_, failed, Reading);
    }
};

stream::stream(socket&& s, deadlines& times) : socket_(std::move(s)), times_(times), index_(times.add(*this))
{
}

stream::~stream()
{
    times_.remove(index_);
}

transfer stream::read_some(std::span<char> into) noexcept
{
    if (tls_)
        return read_tls(into);
    ssize_t n = 0;
    do
        n = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        if (static_cast<std::size_t>(n) < into.size())
            arm_read();
        return {transfer::status::done, static_cast<std::size_t>(n)};
    }
    if (n == 0)
        return {transfer::status::end, 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        arm_read();
        return {transfer::status::would_block, 0};
    }
    return {transfer::status::failed, 0};
}

transfer stream::write_some(std::span<const iovec> pieces) noexcept
{
    if (tls_)
        return write_tls(pieces);
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data()); // sendmsg reads only
    message.msg_iovlen = std::min<std::size_t>(pieces.size(), 64);
    ssize_t n = 0;
    do
        n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return {transfer::status::done, static_cast<std::size_t>(n)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        write_.fired = false;
        return {transfer::status::would_block, 0};
    }
    return {transfer::status::failed, 0};
}

void stream::arm_read() noexcept
{
    read_.fired = false;
    if (read_.armed || read_needs_write_ || !socket_.is_open())
        return;
    read_.armed = true;
    socket_.async_wait(socket::wait_read, handler<true>{stream_ptr(this)});
}

void stream::watch_input() noexcept
{
    if (!tls_ || !tls_->holds_input())
        arm_read();
}

void stream::arm_write() noexcept
{
    if (write_.armed || !socket_.is_open())
        return;
    write_.armed = true;
    socket_.async_wait(socket::wait_write, handler<false>{stream_ptr(this)});
}

void stream::on_ready(side& s, const error_code& failed, bool reading) noexcept
{
    s.armed = false;
    const bool closed = failed == asio::error::operation_aborted || !socket_.is_open();
    s.fired = !closed; // an error shows at the next read or write
    if (tls_) {
        if (reading)
            tls_->forget_drained();
        else if (std::exchange(read_needs_write_, false))
            unblock_read(closed);
    }
    if (s.waiter)
        resume(s, closed ? readiness::closed : readiness::ready);
    else if (reading && observer_ != nullptr)
        observer_->on_unawaited_read();
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
    if (!socket_.is_open())
        return peer_state::reset;
    if (tls_)
        return peek_tls();
    char one = 0;
    const auto n = ::recv(socket_.native_handle(), &one, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0)
        return peer_state::input;
    if (n == 0)
        return peer_state::closed;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? peer_state::quiet : peer_state::reset;
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
        static_cast<void>(tls_->say_goodbye());
    error_code ignored;
    socket_.shutdown(socket::shutdown_send, ignored);
}

void stream::close(bool reset) noexcept
{
    if (!socket_.is_open())
        return;
    error_code ignored;
    if (reset)
        socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    if (tls_) {
        if (!reset)
            static_cast<void>(tls_->say_goodbye());
        tls_->detach();
    }
    socket_.close(ignored);
    const stream_ptr keep(this);
    if (!read_.armed) // otherwise the wait that is outstanding says so
        on_ready(read_, asio::error::operation_aborted, true);
    if (!write_.armed)
        on_ready(write_, asio::error::operation_aborted, false);
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
        if (!s.armed)
            stream_.arm_read();
    } else {
        stream_.times_.set_write(stream_.index_, deadline_);
        stream_.arm_write();
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
