// One connected socket, TCP or unix, plain or under TLS, as the data plane uses it: reads and writes that
// never block and go straight to the system call, and waits for readiness that a coroutine can await. Waiting
// without a buffer is what lets an idle connection give its buffers back, and one outstanding wait per stream
// is what notices a peer that leaves while we are busy elsewhere. Confined to its worker's thread; freed when
// no owner holds it.
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

// The outcome of one read or write.
struct transfer {
    enum class status : std::uint8_t { done, would_block, end, failed };
    status how = status::failed;
    std::size_t bytes = 0; // of done
};

// Told that a stream became readable, its peer left (also behind input that nobody has read), or it was
// closed, while nobody waited to read it.
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
    // Takes over a socket (connected, or about to be) that does not block. `context` and `times` must outlive
    // the stream. Null if memory or the kernel's room runs out; then the socket is closed.
    [[nodiscard]] static boost::intrusive_ptr<stream> make(asio::io_context& context, int socket,
                                                           deadlines& times) noexcept;
    // The same, but throws std::bad_alloc, and the socket stays open.
    stream(asio::io_context& context, int socket, deadlines& times);
    ~stream();
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    // From now on everything goes through TLS: does the handshake, from our side. False: refused, broken or
    // late; then why is in `channel` while that is kept (see tls()), and the stream is only good to be
    // closed.
    [[nodiscard]] task<bool> handshake(std::unique_ptr<tls_channel> channel, steady_time deadline);
    [[nodiscard]] const tls_channel* tls() const noexcept { return tls_.get(); } // null: plain
    // Back to plain, after a handshake that failed before anything was sent, or after our end (end_sending).
    void forget_tls() noexcept
    {
        tls_.reset();
        read_needs_write_ = false;
    }

    // Reads what is there, at most `into` (not empty). `end`: the peer has sent all it will; under TLS only
    // where it said so, otherwise `failed`. A read that fills less than `into` has drained the socket: the
    // wait for more is armed at once.
    [[nodiscard]] transfer read_some(std::span<char> into) noexcept;
    // Writes as much of the pieces as goes (at most 64 of them). Under TLS what did not go must be offered
    // again, with more behind it at most, or nothing more be written.
    [[nodiscard]] transfer write_some(std::span<const iovec> pieces) noexcept;

    class wait;
    // Awaits readability, or writability, until the deadline. One reader and one writer at most may wait at a
    // time.
    [[nodiscard]] wait readable(steady_time deadline) noexcept;
    [[nodiscard]] wait writable(steady_time deadline) noexcept;

    // Arms the wait for input, so that `observer` (or a later readable()) learns of it.
    void arm_read() noexcept;
    // Replaces a read after much was read without a pause: the next readable() waits until others were
    // served, and then ends as if input had come, which is probable.
    void read_later() noexcept;
    // The same as arm_read() where input may have come that arm_read() would forget: under TLS, in the
    // channel.
    void watch_input() noexcept;
    void observe(read_observer* observer) noexcept { observer_ = observer; }
    // Whether input, or the peer's leaving, has been noticed and not been read yet. No system call.
    [[nodiscard]] bool read_pending() const noexcept { return read_.fired; }
    // Looks at the socket without taking anything: whether the peer has closed its side, reset, or left
    // input.
    enum class peer_state : std::uint8_t { quiet, input, closed, reset };
    [[nodiscard]] peer_state peek() noexcept;
    // Whether the peer has sent all it will; input may lie before its end. No system call: as far as noticed.
    [[nodiscard]] bool has_ended() const noexcept { return ended_; }
    // Whether the connection is of no use both ways any more: the peer reset it, or has closed a unix socket.
    [[nodiscard]] bool is_broken() const noexcept { return broken_; }
    // The most that a read may still give of what has come.
    [[nodiscard]] std::size_t unread_bytes() const noexcept;
    // The same for the bytes below TLS, which are put into `into` and not taken.
    [[nodiscard]] transfer peek_bytes(std::span<char> into) noexcept;
    // Takes some of what is there, below TLS, and forgets it: of a connection that is about to be closed.
    [[nodiscard]] transfer discard_some() noexcept;

    // Moves the deadline of a reader that waits now; nothing where nobody waits.
    void move_read_deadline(steady_time at) noexcept
    {
        if (read_.waiter)
            times_.set_read(index_, at);
    }
    // Likewise of a writer.
    void move_write_deadline(steady_time at) noexcept
    {
        if (write_.waiter)
            times_.set_write(index_, at);
    }
    [[nodiscard]] steady_time read_deadline() const noexcept { return times_.read_at(index_); }

    // Ends a wait of the reader before its deadline, with `how`. Nothing where nobody waits.
    void interrupt_read(readiness how) noexcept { resume(read_, how); }
    void interrupt_write(readiness how) noexcept { resume(write_, how); }

    // Ends our side, as far as that goes without waiting.
    void shutdown_send() noexcept;
    // The same, waiting where the peer is slow: under TLS its end has to be told, and may not fit yet.
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
        bool fired = false; // it came true, and nothing was read or written since
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
    bool read_armed_ = true; // the next event of the poller counts for the reader
    bool read_needs_write_ =
        false; // TLS must send something before it reads on (a new key), and waits for that
    scheduler& scheduler_;
    deadlines& times_;
    std::size_t index_;
    read_observer* observer_ = nullptr;
    side read_;
    side write_; // needs no arming: when the socket takes what it refused, that is a change
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
