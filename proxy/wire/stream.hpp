// One exchange's connection to one peer, in any version of HTTP. It receives and sends body data, and reports
// that the peer has left. An HTTP/1.1 connection implements it while one request is in progress. Exchanges
// never see a socket, a chunk or a frame. Confined to one worker's thread.
#pragma once

#include "base/cause.hpp"
#include "base/clock.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scopegate::wire {

// Pieces of body data, in order. They are views; stream::take() and add() say how long they must be valid.
class data final {
public:
    static constexpr std::size_t capacity = 56;

    // Holds at most `limit` pieces.
    explicit data(std::size_t limit = capacity) noexcept : limit_(limit < capacity ? limit : capacity) {}

    [[nodiscard]] bool has_room() const noexcept { return count_ < limit_; }
    // Appends a piece, and ignores an empty one. Requires has_room().
    void add(std::string_view bytes) noexcept
    {
        if (bytes.empty())
            return;
        pieces_[count_++] = {bytes.data(), bytes.size()};
        bytes_ += bytes.size();
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    // Calls f(std::string_view) for each piece.
    template <class F>
    void for_each(F&& f) const
    {
        for (std::size_t i = 0; i < count_; ++i)
            f(std::string_view(pieces_[i].at, pieces_[i].size));
    }

private:
    struct piece {
        const char* at;
        std::size_t size;
    };
    std::array<piece, capacity> pieces_; // not initialized: most bodies have one piece
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    std::size_t limit_;
};

enum class direction : std::uint8_t { read, write };

// How far a body has been read. too_large: it exceeds limit_body(). malformed: see stream::fault.
enum class body_state : std::uint8_t { open, complete, too_large, malformed };

// The result of a read. ready: take() has something new, possibly only that the body is complete. cut: the
// peer ended or failed within the body.
struct fill_result {
    enum class status : std::uint8_t { ready, would_block, cut };
    status how = status::would_block;
    std::size_t bytes = 0; // number of bytes read
};

enum class flush_result : std::uint8_t { done, would_block, failed };

// Is notified that the peer has left while no coroutine waits to read from it.
class departure_observer {
public:
    // The peer is certainly gone: it reset the connection, or the connection was closed on our side.
    virtual void on_left() noexcept = 0;
    // The peer sends nothing more, but may wait for our data. `within_body`: its own body is incomplete.
    virtual void on_ended(bool within_body) noexcept = 0;

protected:
    ~departure_observer() = default;
};

class stream {
public:
    stream() = default;
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;
    virtual ~stream() = default;

    // --- the body that the peer sends ---

    // Adds the received body data to `out`, as far as there is room; if `out` has room afterwards, none is
    // left. The views are valid until the next fill(). After malformed or too_large nothing more is read.
    virtual body_state take(data& out) = 0;
    [[nodiscard]] virtual body_state state() const noexcept = 0;
    // Returns whether take() would add data without a fill().
    [[nodiscard]] virtual bool has_received() const noexcept = 0;
    // Reads available data without waiting. Call it when take() has nothing more. Interrupts long transfers
    // with would_block, so that other connections are served.
    virtual fill_result fill() = 0;
    // Returns why the body is malformed.
    [[nodiscard]] virtual failure fault() const noexcept = 0;
    // Returns the trailer section of a complete body: field lines as received, with CRLF. May be empty.
    [[nodiscard]] virtual std::string_view trailers() const noexcept = 0;
    // Makes a body of more than `bytes` too large from now on; 0: no limit.
    virtual void limit_body(std::uint64_t bytes) noexcept = 0;
    // Reduces the memory held here. Call it when `sink` is slow to take the data that was read here.
    virtual void hold_less(stream& sink) = 0;

    // --- the body that is sent to the peer ---

    // Returns how many pieces add() accepts now.
    [[nodiscard]] virtual std::size_t room() const noexcept = 0;
    // Prepares data to be sent after all earlier data. The views must stay valid until then. `last` completes
    // the body, with these trailer lines. Calls after the last one do nothing.
    virtual void add(const data& d, bool last, std::string_view trailers = {}) noexcept = 0;
    // Sends the prepared data without waiting.
    [[nodiscard]] virtual flush_result flush() noexcept = 0;
    // Copies the unsent bytes to memory of their size, so that the memory they lie in can be freed. If more
    // than `most` bytes are unsent, copying would save no memory: does nothing, and returns false.
    [[nodiscard]] virtual bool keep_unsent(std::size_t most) = 0;

    // --- waiting ---

    class wait;
    // Wait until fill() or flush() can continue, or until the deadline. At most one coroutine waits for each.
    [[nodiscard]] wait readable(steady_time deadline) noexcept;
    [[nodiscard]] wait writable(steady_time deadline) noexcept;
    // Ends such a wait before its deadline, with `how`; does nothing without a waiter. The resumed coroutine
    // may destroy this object.
    virtual void interrupt(direction of, net::readiness how) noexcept = 0;
    // Moves the deadline of such a wait; does nothing without a waiter.
    virtual void move_deadline(direction of, steady_time at) noexcept = 0;
    [[nodiscard]] virtual steady_time read_deadline() const noexcept = 0;

    // --- departure ---

    virtual void observe(departure_observer* observer) noexcept = 0;
    // Reports to the observer, within this call, a departure that preceded observe(). Makes no system call if
    // nothing has happened.
    virtual void look_for_departure() noexcept = 0;
    // Lets the observer learn when the peer leaves, once the body will not be read any further.
    virtual void watch_departure() noexcept = 0;
    // Returns whether the end of the peer's sending has been noticed.
    [[nodiscard]] virtual bool has_ended() const noexcept = 0;
    // Returns whether the peer is known to be gone for certain, or the connection is closed.
    [[nodiscard]] virtual bool has_left() const noexcept = 0;

    // --- the end ---

    // Ends our side of the connection, as far as possible without waiting.
    virtual void shutdown_send() noexcept = 0;
    // Ends our side, and waits until the peer has been notified, at most until the deadline.
    [[nodiscard]] virtual net::task<void> end_sending(steady_time deadline) = 0;
    // Closes the connection in both directions; waits end with `closed`. `reset`: the peer sees a reset.
    virtual void close(bool reset = false) noexcept = 0;

protected:
    // Implement `wait`.
    [[nodiscard]] virtual bool is_ready(direction of) noexcept = 0;
    virtual void suspend(direction of, std::coroutine_handle<> waiter, steady_time deadline) noexcept = 0;
    [[nodiscard]] virtual net::readiness outcome(direction of) noexcept = 0;
};

// The awaitable of readable() and writable().
class [[nodiscard]] stream::wait final {
public:
    wait(stream& s, direction of, steady_time deadline) noexcept : stream_(s), of_(of), deadline_(deadline) {}
    [[nodiscard]] bool await_ready() noexcept { return stream_.is_ready(of_); }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { stream_.suspend(of_, waiter, deadline_); }
    [[nodiscard]] net::readiness await_resume() noexcept { return stream_.outcome(of_); }

private:
    stream& stream_;
    direction of_;
    steady_time deadline_;
};

inline stream::wait stream::readable(steady_time deadline) noexcept
{
    return {*this, direction::read, deadline};
}

inline stream::wait stream::writable(steady_time deadline) noexcept
{
    return {*this, direction::write, deadline};
}

// Sends the prepared data and waits for a slow peer, at most `pause` between two writes. Returns done,
// would_block (the peer took nothing for that long) or failed.
[[nodiscard]] net::task<flush_result> flush_all(stream& to, std::chrono::milliseconds pause);

} // namespace scopegate::wire
