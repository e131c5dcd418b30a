// Our side of a memory wire: what both sides of an exchange share. The sides are in support/memory_sides.hpp.
#pragma once

#include "support/memory_wire.hpp"
#include "wire/stream.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <coroutine>
#include <utility>

namespace scopegate::test {

// Holds nothing of its own, so that the peer can look at what happened to it.
template <class Side>
class memory_stream : public Side {
public:
    ~memory_stream() override { at_->free(); }

    wire::body_state take(wire::data& out) final { return at_->take(out); }
    [[nodiscard]] wire::body_state state() const noexcept final { return at_->state_; }
    [[nodiscard]] bool has_received() const noexcept final
    {
        return at_->state_ == wire::body_state::open && (!at_->left_.empty() || at_->last_);
    }
    wire::fill_result fill() final { return at_->fill(); }
    [[nodiscard]] failure fault() const noexcept final
    {
        return {reason::malformed_request, cause::bad_chunk_size};
    }
    [[nodiscard]] std::string_view trailers() const noexcept final { return {}; }
    void limit_body(std::uint64_t bytes) noexcept final { at_->limit_ = bytes; }
    void hold_less(wire::stream& sink) final
    {
        if (at_->left_.empty() && !at_->last_ && sink.keep_unsent(wire::data::capacity))
            at_->held_.reset();
    }

    [[nodiscard]] std::size_t room() const noexcept final
    {
        return wire::data::capacity - std::min(wire::data::capacity, at_->unsent_.size());
    }
    void add(const wire::data& d, bool last, std::string_view trailers) noexcept final
    {
        at_->add(d, last, trailers);
    }
    [[nodiscard]] wire::flush_result flush() noexcept final { return at_->flush(); }
    [[nodiscard]] bool keep_unsent(std::size_t most) final { return at_->keep_unsent(most); }

    void interrupt(wire::direction of, net::readiness how) noexcept final
    {
        at_->resume(at_->side_of(of), how);
    }
    void move_deadline(wire::direction of, steady_time to) noexcept final
    {
        if (at_->waits(of))
            at_->side_of(of).deadline = to;
    }
    [[nodiscard]] steady_time read_deadline() const noexcept final { return at_->reader_.deadline; }

    void observe(wire::departure_observer* observer) noexcept final { at_->observer_ = observer; }
    void look_for_departure() noexcept final { at_->tell(); }
    void watch_departure() noexcept final
    {
        if (at_->ended_)
            net::asio::post(at_->loop_, [at = at_] { at->tell(); });
    }
    [[nodiscard]] bool has_ended() const noexcept final { return at_->ended_; }
    [[nodiscard]] bool has_left() const noexcept final { return at_->broken_ || at_->closed_; }

    void shutdown_send() noexcept final { at_->shut(); }
    [[nodiscard]] net::task<void> end_sending(steady_time) final
    {
        at_->shut();
        co_return;
    }
    void close(bool reset) noexcept final { at_->close(reset); }

protected:
    explicit memory_stream(memory_peer at) noexcept : at_(std::move(at)) {}

    [[nodiscard]] bool is_ready(wire::direction of) noexcept final
    {
        at_->side_of(of).outcome = at_->closed_ ? net::readiness::closed : net::readiness::ready;
        return at_->closed_ ||
               (of == wire::direction::read ? !at_->queue_.empty() : at_->window_ > 0 || at_->broken_);
    }
    void suspend(wire::direction of, std::coroutine_handle<> waiter, steady_time deadline) noexcept final
    {
        at_->side_of(of).waiter = waiter;
        at_->side_of(of).deadline = deadline;
    }
    [[nodiscard]] net::readiness outcome(wire::direction of) noexcept final
    {
        return at_->side_of(of).outcome;
    }

    memory_peer at_; // NOLINT: the sides' own
};

// A connection whose two bodies are its bytes, as in a tunnel, or one body from begin to end.
class memory_bytes final : public memory_stream<wire::stream> {
public:
    // `raw`: the end of the connection completes the body.
    explicit memory_bytes(memory_peer at, bool raw = true) noexcept : memory_stream(std::move(at))
    {
        at_->begin_reading(wire::body_state::open, raw);
    }
};

} // namespace scopegate::test
