// The peer at the other end of a wire without sockets, HTTP or chunks, and what both sides of that wire
// share: a second implementation of the contract in proxy/wire. Bodies are queues of pieces. Each event takes
// effect, and resumes who waits for it, within its call, so that a test can place it exactly between two
// others.
#pragma once

#include "wire/stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::test {

// One connection. The test holds it, and it outlives the object that the gate holds.
class memory_wire final : public std::enable_shared_from_this<memory_wire> {
public:
    // Waits that a close() ends are resumed by `loop`, as those of sockets are.
    explicit memory_wire(net::asio::io_context& loop) noexcept : loop_(loop) {}

    // --- what the peer does ---
    // A piece of the body comes. `last`: the body is complete with it.
    void arrives(std::string bytes, bool last = false) { come({event::body, std::move(bytes), {}, last}); }
    void completes() { arrives({}, true); }
    // Malformed body data comes.
    void garbles() { come({event::garbage, {}, {}, false}); }
    // A response head comes, or a part of one, and the beginning of the body with it.
    void responds(std::string head, std::string body = {}, bool last = false)
    {
        come({event::head, std::move(head), std::move(body), last});
    }
    // The peer sends nothing more. A body that is not complete is cut, but for a tunnel's.
    void ends()
    {
        ended_ = true;
        come({event::end, {}, {}, false});
    }
    // The same, but the news has not been told yet: only a read and is_quiet(true) find it.
    void ends_unnoticed() { queue_.push_back({event::end, {}, {}, false}); }
    void resets()
    {
        ended_ = broken_ = true;
        queue_.clear();
        const auto keep = shared_from_this();
        come({event::reset, {}, {}, false});
        resume(writer_, net::readiness::ready);
    }
    // Takes so many bytes more than so far. At first it takes everything.
    void takes(std::size_t bytes)
    {
        window_ += bytes;
        resume(writer_, net::readiness::ready);
    }
    void takes_all()
    {
        window_ = unlimited;
        resume(writer_, net::readiness::ready);
    }
    void takes_nothing() noexcept { window_ = 0; }
    // The deadline of a wait comes. Returns whether anybody waited.
    bool expires(wire::direction of)
    {
        const bool waited = waits(of);
        resume(side_of(of), net::readiness::timed_out);
        return waited;
    }

    // --- what the peer sees ---
    // Everything in order: heads as <GET /path> or <200 LENGTH>, data as it is, and <end>, <shut>, <closed>,
    // <reset>.
    [[nodiscard]] const std::string& saw() const noexcept { return saw_; }
    // The field lines of the last head that was prepared for it.
    [[nodiscard]] const std::string& lines() const noexcept { return lines_; }
    [[nodiscard]] bool waits(wire::direction of) noexcept { return static_cast<bool>(side_of(of).waiter); }
    // Returns how long the wait may still last. Hours if it has no deadline.
    [[nodiscard]] std::chrono::seconds time_left(wire::direction of) noexcept
    {
        return std::chrono::round<std::chrono::seconds>(side_of(of).deadline -
                                                        std::chrono::steady_clock::now());
    }
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }
    // Whether our side of it was destroyed.
    [[nodiscard]] bool is_freed() const noexcept { return freed_; }

private:
    template <class Side>
    friend class memory_stream;
    friend class memory_bytes;
    friend class memory_client;
    friend class memory_upstream;

    static constexpr auto unlimited = std::numeric_limits<std::size_t>::max();

    struct event {
        enum kind : std::uint8_t { body, garbage, head, end, reset } what;
        std::string text;
        std::string behind; // a head
        bool last;
    };
    struct side {
        std::coroutine_handle<> waiter;
        net::readiness outcome = net::readiness::ready;
        steady_time deadline = net::no_deadline;
    };
    struct piece {
        std::string own;        // a mark or a copy
        std::string_view bytes; // of others, where nothing is our own
        bool is_mark = false;   // takes nothing of the window
        [[nodiscard]] std::string_view text() const noexcept { return own.empty() ? bytes : own; }
    };

    [[nodiscard]] side& side_of(wire::direction of) noexcept
    {
        return of == wire::direction::read ? reader_ : writer_;
    }
    void resume(side& s, net::readiness how)
    {
        if (!s.waiter)
            return;
        const auto keep = shared_from_this();
        s.outcome = how;
        s.deadline = net::no_deadline;
        std::exchange(s.waiter, {}).resume();
    }
    void come(event e)
    {
        const bool leaves = e.what == event::end || e.what == event::reset;
        queue_.push_back(std::move(e));
        noticed_ = true;
        if (reader_.waiter)
            resume(reader_, net::readiness::ready);
        else if (leaves)
            tell();
    }
    void tell()
    {
        if (observer_ == nullptr)
            return;
        if (closed_ || broken_)
            return observer_->on_left();
        const bool whole = state_ == wire::body_state::complete || last_ ||
                           std::any_of(queue_.begin(), queue_.end(), [](const event& e) { return e.last; });
        if (ended_)
            observer_->on_ended(!whole);
    }

    // --- reading ---
    void hold(std::string_view bytes, bool last)
    {
        held_ = std::make_unique<char[]>(bytes.size()); // so that a view of what was there before is invalid
        std::copy(bytes.begin(), bytes.end(), held_.get());
        left_ = {held_.get(), bytes.size()};
        last_ = last;
    }
    wire::fill_result fill()
    {
        using status = wire::fill_result::status;
        hold({}, false);
        if (closed_ || broken_)
            return {status::cut};
        if (queue_.empty())
            return {status::would_block};
        const auto next = queue_.front();
        if (next.what == event::end && raw_)
            state_ = wire::body_state::complete;
        if (next.what == event::end)
            return {raw_ ? status::ready : status::cut};
        queue_.pop_front();
        if (next.what == event::body)
            hold(next.text, next.last);
        else
            state_ = wire::body_state::malformed;
        return {status::ready, next.text.size()};
    }
    wire::body_state take(wire::data& out)
    {
        if (state_ == wire::body_state::open && !left_.empty() && out.has_room()) {
            taken_ += left_.size();
            if (limit_ != 0 && taken_ > limit_)
                return state_ = wire::body_state::too_large;
            out.add(std::exchange(left_, {}));
        }
        if (state_ == wire::body_state::open && left_.empty() && last_)
            state_ = wire::body_state::complete;
        return state_;
    }

    // --- writing ---
    void mark(std::string text) { unsent_.push_back({std::move(text), {}, true}); }
    void add(const wire::data& d, bool last, std::string_view trailers)
    {
        if (finished_)
            return;
        d.for_each([this](std::string_view bytes) { unsent_.push_back({{}, bytes}); });
        finished_ = last;
        if (last)
            mark(trailers.empty() ? "<end>" : "<end " + std::string(trailers) + ">");
    }
    wire::flush_result flush()
    {
        while (!unsent_.empty()) {
            if (closed_ || broken_ || shut_)
                return wire::flush_result::failed;
            if (window_ == 0)
                return wire::flush_result::would_block;
            auto& first = unsent_.front();
            const auto text = first.text();
            const auto sent = first.is_mark ? text.size() : std::min(text.size(), window_);
            saw_ += text.substr(0, sent);
            window_ -= first.is_mark || window_ == unlimited ? 0 : sent;
            if (sent == text.size())
                unsent_.pop_front();
            else if (first.own.empty())
                first.bytes.remove_prefix(sent);
            else
                first.own.erase(0, sent);
        }
        return wire::flush_result::done;
    }
    bool keep_unsent(std::size_t most)
    {
        std::size_t bytes = 0;
        for (const auto& p : unsent_)
            bytes += p.is_mark ? 0 : p.text().size();
        if (bytes > most)
            return false;
        for (auto& p : unsent_)
            p.own = std::string(p.text());
        return true;
    }

    // --- one message after the other ---
    void begin_reading(wire::body_state state, bool raw = false) noexcept
    {
        state_ = state;
        raw_ = raw;
        last_ = last_ && !raw;
        taken_ = 0;
    }
    void shut()
    {
        if (!std::exchange(shut_, true) && !closed_ && !broken_)
            saw_ += "<shut>";
    }
    void close(bool reset)
    {
        if (std::exchange(closed_, true))
            return;
        saw_ += reset ? "<reset>" : "<closed>";
        unsent_.clear();
        net::asio::post(loop_, [keep = shared_from_this()] {
            if (keep->reader_.waiter)
                keep->resume(keep->reader_, net::readiness::closed);
            else
                keep->tell();
            keep->resume(keep->writer_, net::readiness::closed);
        });
    }
    void free()
    {
        observer_ = nullptr;
        close(false);
        freed_ = true;
    }

    net::asio::io_context& loop_;
    std::deque<event> queue_; // and not read
    bool noticed_ = false;    // something of it
    bool ended_ = false, broken_ = false, closed_ = false, shut_ = false, freed_ = false;
    side reader_, writer_;
    wire::departure_observer* observer_ = nullptr;
    std::unique_ptr<char[]> held_;
    std::string_view left_; // of it
    bool last_ = false;     // the body is complete behind it
    bool raw_ = false;      // the end of the connection completes the body
    wire::body_state state_ = wire::body_state::complete;
    std::uint64_t taken_ = 0, limit_ = 0;
    std::size_t window_ = unlimited;
    std::deque<piece> unsent_;
    bool finished_ = false;
    std::string saw_, lines_;
};
using memory_peer = std::shared_ptr<memory_wire>;

} // namespace scopegate::test
