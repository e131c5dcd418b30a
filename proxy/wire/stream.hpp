// One exchange's connection to one peer, whatever version of HTTP it speaks: body data from it, body data to
// it, and the news that it left. An HTTP/1.1 connection implements this while one request is under way on it.
// No exchange sees a socket, a chunk or a frame. Confined to one worker's thread.
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

// Pieces of body data, in order. Views: see stream::take.
class data final {
public:
    static constexpr std::size_t capacity = 56;

    // Takes `limit` pieces at most.
    explicit data(std::size_t limit = capacity) noexcept : limit_(limit < capacity ? limit : capacity) {}

    [[nodiscard]] bool has_room() const noexcept { return count_ < limit_; }
    // Ignores an empty piece. There must be room.
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

// How far a body has been read. too_large: beyond limit_body(). malformed: see stream::fault.
enum class body_state : std::uint8_t { open, complete, too_large, malformed };

// What a read gave. ready: take() has something new to give, if only that the body is complete. cut: the peer
// ended or failed within the body.
struct fill_result {
    enum class status : std::uint8_t { ready, would_block, cut };
    status how = status::would_block;
    std::size_t bytes = 0; // that were read
};

enum class flush_result : std::uint8_t { done, would_block, failed };

// Told that the peer left, while nobody waits to read from it.
class departure_observer {
public:
    // The peer is gone for certain: it reset the connection, or the connection was closed on our side.
    virtual void on_left() noexcept = 0;
    // The peer sends nothing more, but may wait for what we send. `within_body`: its body is not complete.
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

    // Adds to `out` what has been received of the body, as far as there is room. The views are valid until
    // the next fill(). After malformed or too_large nothing more is read.
    virtual body_state take(data& out) = 0;
    [[nodiscard]] virtual body_state state() const noexcept = 0;
    // Whether take() would give something without a fill().
    [[nodiscard]] virtual bool has_received() const noexcept = 0;
    // Reads what has come, without waiting, where take() has nothing more to give. Long transfers are
    // interrupted by would_block, so that other connections are served.
    virtual fill_result fill() = 0;
    // Describes the malformed body.
    [[nodiscard]] virtual failure fault() const noexcept = 0;
    // The trailer section of a complete body: field lines as received, each with its CRLF. May be empty.
    [[nodiscard]] virtual std::string_view trailers() const noexcept = 0;
    // From now on a body of more than `bytes` is too large; 0: no limit.
    virtual void limit_body(std::uint64_t bytes) noexcept = 0;
    // Called when `sink` takes what was read here more slowly than it comes: holds less memory.
    virtual void hold_less(stream& sink) = 0;

    // --- the body that is sent to the peer ---

    // The number of pieces that add() takes now.
    [[nodiscard]] virtual std::size_t room() const noexcept = 0;
    // Prepares data to be sent, behind what has not been sent yet. The views must be valid until then.
    // `last`: the body is complete, with these trailer lines. Calls after the last do nothing.
    virtual void add(const data& d, bool last, std::string_view trailers = {}) noexcept = 0;
    // Sends what was prepared, without waiting.
    [[nodiscard]] virtual flush_result flush() noexcept = 0;
    // Copies the unsent bytes to memory of their size, so that what they are views of can be freed; returns
    // whether it did. Does nothing if more than `most` bytes are unsent: that would save no memory.
    [[nodiscard]] virtual bool keep_unsent(std::size_t most) = 0;

    // --- waiting ---

    class wait;
    // Awaits that fill() or flush() can go on, until the deadline. At most one waits for each at a time.
    [[nodiscard]] wait readable(steady_time deadline) noexcept;
    [[nodiscard]] wait writable(steady_time deadline) noexcept;
    // Ends such a wait before its deadline, with `how`. Does nothing where nobody waits. What is resumed may
    // destroy this object.
    virtual void interrupt(direction of, net::readiness how) noexcept = 0;
    // Moves the deadline of such a wait. Does nothing where nobody waits.
    virtual void move_deadline(direction of, steady_time at) noexcept = 0;
    [[nodiscard]] virtual steady_time read_deadline() const noexcept = 0;

    // --- departure ---

    virtual void observe(departure_observer* observer) noexcept = 0;
    // Tells the observer, within this call, of what happened before it observed. Makes no system call where
    // nothing has happened.
    virtual void look_for_departure() noexcept = 0;
    // The body will not be read any further: the observer learns when the peer leaves.
    virtual void watch_departure() noexcept = 0;
    // Whether the peer has sent all it will, as far as noticed.
    [[nodiscard]] virtual bool has_ended() const noexcept = 0;
    // Whether the peer is gone for certain, as far as noticed, or the connection is closed.
    [[nodiscard]] virtual bool has_left() const noexcept = 0;

    // --- the end ---

    // Ends our side, as far as that goes without waiting.
    virtual void shutdown_send() noexcept = 0;
    // Ends our side, and waits until the peer was told.
    [[nodiscard]] virtual net::task<void> end_sending(steady_time deadline) = 0;
    // Closes the connection, in both directions; waits end with `closed`. `reset`: the peer sees a reset.
    virtual void close(bool reset = false) noexcept = 0;

protected:
    // These implement the waits: see wait.
    [[nodiscard]] virtual bool is_ready(direction of) noexcept = 0;
    virtual void suspend(direction of, std::coroutine_handle<> waiter, steady_time deadline) noexcept = 0;
    [[nodiscard]] virtual net::readiness outcome(direction of) noexcept = 0;
};

// What co_await needs. Made by readable() and writable() only.
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

// Sends what was prepared, and waits for a slow peer: at most `pause` between two writes. Returns done,
// would_block (it took nothing for that long) or failed.
[[nodiscard]] net::task<flush_result> flush_all(stream& to, std::chrono::milliseconds pause);

} // namespace scopegate::wire
