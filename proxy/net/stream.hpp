// One connected socket, TCP or unix, plain or under TLS, as the data plane uses it. Reads and writes never
// block and go straight to the system call. A coroutine can await readiness without a buffer, so an idle
// connection can give its buffers back. One outstanding wait per stream notices a peer that leaves while we
// are busy elsewhere. Confined to its worker's thread; freed when no owner holds it.
#pragma once

#include "net/asio.hpp"
#include "net/deadlines.hpp"
#include "net/poller.hpp"
#include "net/scheduler.hpp"
#include "net/task.hpp"
#include "net/tls_channel.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <coroutine>
#include <cstdint>
#include <memory>
#include <span>

struct iovec;

namespace scopegate::net {

// How a wait ended.
enum class readiness : std::uint8_t { ready, timed_out, closed };

// The result of one read or write.
struct transfer {
    enum class status : std::uint8_t { done, would_block, end, failed };
    status how = status::failed;
    std::size_t bytes = 0; // transferred, if done
};

// Is notified that a stream became readable, its peer left (even behind unread input), or it was closed,
// while no coroutine waited to read it.
class read_observer {
public:
    virtual void on_unawaited_read() noexcept = 0;

protected:
    ~read_observer() = default;
};

class stream final : public boost::intrusive_ref_counter<stream, boost::thread_unsafe_counter>,
                     private pollable,
                     private postponed_reader {
public:
    // Takes over a non-blocking socket (connected, or about to be). `context` and `times` must outlive the
    // stream. Returns null if memory or the kernel's room runs out; then the socket is closed.
    [[nodiscard]] static boost::intrusive_ptr<stream> make(asio::io_context& context, int socket,
                                                           deadlines& times) noexcept;
    // Does the same, but throws std::bad_alloc and leaves the socket open.
    stream(asio::io_context& context, int socket, deadlines& times);
    ~stream();
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    // Does our side of the TLS handshake; from then on everything goes through TLS. Returns false if it was
    // refused, broken or late: tls() then describes the fault, and the stream can only be closed.
    [[nodiscard]] task<bool> handshake(std::unique_ptr<tls_channel> channel, steady_time deadline);
    [[nodiscard]] const tls_channel* tls() const noexcept { return tls_.get(); } // null: plain
    // Returns to plain data, after a handshake that failed before anything was sent, or after end_sending().
    void forget_tls() noexcept
    {
        tls_.reset();
        read_needs_write_ = false;
    }

    // Reads available bytes into `into` (not empty). `end`: the peer has sent everything; under TLS only if
    // it announced that, otherwise `failed`. A read that fills less than `into` has drained the socket, and
    // at once arms the wait for more.
    [[nodiscard]] transfer read_some(std::span<char> into) noexcept;
    // Writes as many of the pieces as possible (at most 64). Under TLS, the unsent rest must be offered
    // again, at most with more after it, or nothing more may be written.
    [[nodiscard]] transfer write_some(std::span<const iovec> pieces) noexcept;

    class wait;
    // Wait until the stream is readable or writable, or until the deadline. At most one reader and one writer
    // may wait at a time.
    [[nodiscard]] wait readable(steady_time deadline) noexcept;
    [[nodiscard]] wait writable(steady_time deadline) noexcept;

    // Arms the wait for input, so that `observer` (or a later readable()) learns of it.
    void arm_read() noexcept;
    // Replaces a read after a long transfer without a pause: the next readable() waits until others were
    // served, and then ends as if input had arrived, which is probable.
    void read_later() noexcept;
    // Does the same as arm_read(), unless that would forget input that TLS already holds.
    void watch_input() noexcept;
    void observe(read_observer* observer) noexcept { observer_ = observer; }
    // Returns whether input or the peer's departure was noticed but not read yet. Makes no system call.
    [[nodiscard]] bool read_pending() const noexcept { return read_.fired; }
    // Examines the socket without taking anything: whether the peer has closed its side, reset, or left
    // input.
    enum class peer_state : std::uint8_t { quiet, input, closed, reset };
    [[nodiscard]] peer_state peek() noexcept;
    // Returns whether the end of the peer's sending was noticed; input may precede it. Makes no system call.
    [[nodiscard]] bool has_ended() const noexcept { return ended_; }
    // Returns whether the connection is unusable in both directions: the peer reset it, or closed a unix
    // socket.
    [[nodiscard]] bool is_broken() const noexcept { return broken_; }
    // Returns the maximum that can still be read of the bytes received so far.
    [[nodiscard]] std::size_t unread_bytes() const noexcept;
    // Copies bytes below TLS to `into` without taking them.
    [[nodiscard]] transfer peek_bytes(std::span<char> into) noexcept;
    // Takes and discards bytes below TLS, for a connection that is about to be closed.
    [[nodiscard]] transfer discard_some() noexcept;

    // Moves the deadline of a waiting reader; does nothing without one.
    void move_read_deadline(steady_time at) noexcept
    {
        if (read_.waiter)
            times_.set_read(index_, at);
    }
    // Does the same for a waiting writer.
    void move_write_deadline(steady_time at) noexcept
    {
        if (write_.waiter)
            times_.set_write(index_, at);
    }
    [[nodiscard]] steady_time read_deadline() const noexcept { return times_.read_at(index_); }

    // Ends the wait of the reader before its deadline, with `how`; does nothing without one.
    void interrupt_read(readiness how) noexcept { resume(read_, how); }
    void interrupt_write(readiness how) noexcept { resume(write_, how); }

    // Ends our side of the connection, as far as possible without waiting.
    void shutdown_send() noexcept;
    // Does the same, and waits for a slow peer: under TLS our end is a message, which may not fit yet.
    [[nodiscard]] task<void> end_sending(steady_time deadline);
    // Closes the socket; waits end with `closed`. `reset`: the peer sees a reset, not an orderly end.
    void close(bool reset = false) noexcept;
    [[nodiscard]] bool is_open() const noexcept { return socket_ >= 0; }
    [[nodiscard]] int native_handle() const noexcept { return socket_; }

private:
    friend class deadlines;
    friend class wait;
    struct side {
        std::coroutine_handle<> waiter;
        readiness outcome = readiness::ready;
        bool fired = false; // readiness was noticed, and nothing was read or written since
    };

    [[nodiscard]] transfer read_tls(std::span<char> into) noexcept;
    [[nodiscard]] transfer write_tls(std::span<const iovec> pieces) noexcept;
    [[nodiscard]] peer_state peek_tls() noexcept;
    [[nodiscard]] transfer receive_below(std::span<char> into, int flags) noexcept;
    void block_read() noexcept;
    void unblock_read(bool closed) noexcept;
    void drained() noexcept;
    void close_socket() noexcept;
    void on_events(std::uint32_t events) noexcept override;
    void on_continue() noexcept override;
    void notify_closed() noexcept;
    void on_closed() noexcept;
    void on_readable(bool closed) noexcept;
    void on_writable(bool closed) noexcept;
    void resume(side& s, readiness how) noexcept;
    void expire(steady_time now) noexcept;

    int socket_; // -1: closed
    // The peer has sent all it will, or the connection failed. No further event reports that.
    bool ended_ = false;
    bool broken_ = false;
    bool read_armed_ = true; // the next event of the poller is for the reader
    bool read_needs_write_ =
        false; // TLS must send something before it reads on (a new key), and waits for that
    scheduler& scheduler_;
    deadlines& times_;
    std::size_t index_;
    read_observer* observer_ = nullptr;
    side read_;
    side write_; // needs no arming: epoll reports when a full socket has room again
    std::unique_ptr<tls_channel> tls_;
};
using stream_ptr = boost::intrusive_ptr<stream>;

// The awaitable of readable() and writable().
class [[nodiscard]] stream::wait final {
public:
    [[nodiscard]] bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> awaiting) noexcept;
    [[nodiscard]] readiness await_resume() noexcept;

private:
    friend class stream;
    wait(stream& s, bool reading, steady_time deadline) noexcept
        : stream_(s), reading_(reading), deadline_(deadline)
    {
    }
    stream& stream_;
    bool reading_;
    steady_time deadline_;
};

} // namespace scopegate::net
