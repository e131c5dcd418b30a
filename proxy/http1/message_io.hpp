// The code that both sides of HTTP/1.1 share: one connection while one exchange uses it. Bodies are relayed
// without copies: the bytes stay in a slice of pooled memory until they are sent.
#pragma once

#include "http1/body.hpp"
#include "http1/slice_growth.hpp"
#include "http1/stretch.hpp"
#include "net/buffer.hpp"
#include "net/gather.hpp"
#include "net/stream.hpp"
#include "wire/stream.hpp"

#include <cstddef>
#include <string_view>

namespace scopegate::http1 {

// The memory that an exchange's connection borrows.
struct message_memory {
    net::buffer_pool& buffers;
    net::buffer& slice; // body data; bytes that were received earlier may lie in it
    net::gather& out;   // prepared and unsent output
};

// Confined to the worker's thread.
class message_io final : private net::read_observer {
public:
    // `grows`: slices begin small, and a slow sink reduces the memory held (see slice_growth).
    message_io(net::stream_ptr connection, const message_memory& memory, bool grows) noexcept
        : connection_(std::move(connection)), memory_(memory), growth_(grows), grows_(grows)
    {
    }
    message_io(const message_io&) = delete;
    message_io& operator=(const message_io&) = delete;
    ~message_io() { connection_->observe(nullptr); }

    [[nodiscard]] net::stream& connection() const noexcept { return *connection_; }

    // --- for the message's head ---
    void begin_reading(http::body_framing framing, const http::chunk_rules& chunks,
                       std::string_view received) noexcept
    {
        reader_.begin(framing, chunks);
        received_ = received;
    }
    void begin_writing(const body_writer& body) noexcept
    {
        writer_ = body;
        framed_ = false;
    }
    [[nodiscard]] const body_reader& reader() const noexcept { return reader_; }
    [[nodiscard]] const body_writer& writer() const noexcept { return writer_; }
    // Returns received bytes not taken yet. After a complete body they belong to the next message.
    [[nodiscard]] std::string_view received() const noexcept { return received_; }
    // Skips the rest of the body; see body_reader::skip.
    [[nodiscard]] bool skip_body() noexcept { return reader_.skip(received_); }

    // --- see wire::stream ---
    wire::body_state take(wire::data& out) { return reader_.take(received_, out); }
    [[nodiscard]] bool has_received() const noexcept
    {
        return !received_.empty() && reader_.state() == wire::body_state::open;
    }
    wire::fill_result fill();
    void limit_body(std::uint64_t bytes) noexcept { reader_.limit(bytes); }
    void hold_less(wire::stream& sink);

    [[nodiscard]] std::size_t room() const noexcept;
    void add(const wire::data& d, bool last, std::string_view trailers) noexcept;
    [[nodiscard]] wire::flush_result flush() noexcept;
    [[nodiscard]] bool keep_unsent(std::size_t most);

    [[nodiscard]] bool is_ready(wire::direction of) noexcept { return wait_for(of).await_ready(); }
    void suspend(wire::direction of, std::coroutine_handle<> waiter, steady_time deadline) noexcept
    {
        wait_for(of, deadline).await_suspend(waiter);
    }
    [[nodiscard]] net::readiness outcome(wire::direction of) noexcept { return wait_for(of).await_resume(); }
    void interrupt(wire::direction of, net::readiness how) noexcept;
    void move_deadline(wire::direction of, steady_time at) noexcept;

    void observe(wire::departure_observer* observer) noexcept;
    void look_for_departure() noexcept;

private:
    void on_unawaited_read() noexcept override;
    [[nodiscard]] net::stream::wait wait_for(wire::direction of, steady_time deadline = {}) noexcept
    {
        return of == wire::direction::read ? connection_->readable(deadline)
                                           : connection_->writable(deadline);
    }
    void look() noexcept;
    [[nodiscard]] std::uint64_t unread_bytes() const noexcept;

    net::stream_ptr connection_;
    message_memory memory_;
    body_reader reader_;
    std::string_view received_; // not taken yet; in the slice, or after a head
    slice_growth growth_;
    bool grows_;
    stretch at_a_stretch_;
    body_writer writer_;
    bool framed_ = false; // the writer's chunk frame is still unsent
    net::buffer held_;    // a copy of unsent bytes, once the slice was given back
    wire::departure_observer* observer_ = nullptr;
};

// Implements the part of wire::stream that both sides share.
template <class Side>
class message_stream : public Side {
public:
    wire::body_state take(wire::data& out) final { return io_.take(out); }
    [[nodiscard]] wire::body_state state() const noexcept final { return io_.reader().state(); }
    [[nodiscard]] bool has_received() const noexcept final { return io_.has_received(); }
    wire::fill_result fill() final { return io_.fill(); }
    [[nodiscard]] failure fault() const noexcept final { return io_.reader().fault(); }
    [[nodiscard]] std::string_view trailers() const noexcept final { return io_.reader().trailers(); }
    void limit_body(std::uint64_t bytes) noexcept final { io_.limit_body(bytes); }
    void hold_less(wire::stream& sink) final { io_.hold_less(sink); }

    [[nodiscard]] std::size_t room() const noexcept final { return io_.room(); }
    void add(const wire::data& d, bool last, std::string_view trailers) noexcept final
    {
        io_.add(d, last, trailers);
    }
    [[nodiscard]] wire::flush_result flush() noexcept final { return io_.flush(); }
    [[nodiscard]] bool keep_unsent(std::size_t most) final { return io_.keep_unsent(most); }

    void interrupt(wire::direction of, net::readiness how) noexcept final { io_.interrupt(of, how); }
    void move_deadline(wire::direction of, steady_time at) noexcept final { io_.move_deadline(of, at); }
    [[nodiscard]] steady_time read_deadline() const noexcept final
    {
        return io_.connection().read_deadline();
    }

    void observe(wire::departure_observer* observer) noexcept final { io_.observe(observer); }
    void look_for_departure() noexcept final { io_.look_for_departure(); }
    void watch_departure() noexcept final { io_.connection().watch_input(); }
    [[nodiscard]] bool has_ended() const noexcept final { return io_.connection().has_ended(); }
    [[nodiscard]] bool has_left() const noexcept final
    {
        return io_.connection().is_broken() || !io_.connection().is_open();
    }

    void shutdown_send() noexcept final { io_.connection().shutdown_send(); }
    [[nodiscard]] net::task<void> end_sending(steady_time deadline) final
    {
        return io_.connection().end_sending(deadline);
    }
    void close(bool reset) noexcept final { io_.connection().close(reset); }

protected:
    message_stream(net::stream_ptr connection, const message_memory& memory, bool grows) noexcept
        : io_(std::move(connection), memory, grows)
    {
    }

    [[nodiscard]] bool is_ready(wire::direction of) noexcept final { return io_.is_ready(of); }
    void suspend(wire::direction of, std::coroutine_handle<> waiter, steady_time deadline) noexcept final
    {
        io_.suspend(of, waiter, deadline);
    }
    [[nodiscard]] net::readiness outcome(wire::direction of) noexcept final { return io_.outcome(of); }

    message_io io_; // NOLINT: the sides' own
};

} // namespace scopegate::http1
