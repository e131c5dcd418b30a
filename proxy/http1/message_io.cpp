#include "http1/message_io.hpp"

#include <algorithm>
#include <limits>

namespace scopegate::http1 {

wire::fill_result message_io::fill()
{
    using status = wire::fill_result::status;
    auto& slice = memory_.slice;
    if (slice.size() != growth_.next() || memory_.buffers.pressure() != memory_pressure::low) {
        slice.reset();
        slice = memory_.buffers.take_slice(growth_.next());
    }
    const auto got = at_a_stretch_.read(*connection_, slice.bytes());
    if (got.how == net::transfer::status::done) {
        growth_.filled(got.bytes, slice.size());
        received_ = {slice.data(), got.bytes};
        return {status::ready, got.bytes};
    }
    slice.reset();
    if (got.how == net::transfer::status::would_block)
        return {status::would_block};
    const bool whole = got.how == net::transfer::status::end && reader_.end();
    return {whole ? status::ready : status::cut};
}

void message_io::hold_less(wire::stream& sink)
{
    growth_.blocked();
    if (grows_ && received_.empty() && memory_.slice && sink.keep_unsent(memory_.slice.size() / 2))
        memory_.slice.reset();
}

// There is only one chunk frame, so the next chunk waits until that has been sent.
std::size_t message_io::room() const noexcept
{
    if (framed_)
        return 0;
    const auto pieces = memory_.out.room();
    return pieces > body_writer::framing_pieces ? pieces - body_writer::framing_pieces : 0;
}

void message_io::add(const wire::data& d, bool last, std::string_view trailers) noexcept
{
    framed_ = framed_ || (writer_.is_chunked() && !d.empty());
    writer_.add(d, last, trailers, memory_.out);
}

wire::flush_result message_io::flush() noexcept
{
    if (memory_.out.send_now(*connection_)) {
        framed_ = false;
        held_.reset();
        return wire::flush_result::done;
    }
    return memory_.out.has_failed() ? wire::flush_result::failed : wire::flush_result::would_block;
}

bool message_io::keep_unsent(std::size_t most)
{
    const auto left = memory_.out.bytes();
    if (left > most)
        return false;
    auto smaller = memory_.buffers.take(left);
    memory_.out.move_to(smaller.bytes());
    held_ = std::move(smaller);
    framed_ = false;
    return true;
}

void message_io::interrupt(wire::direction of, net::readiness how) noexcept
{
    if (of == wire::direction::read)
        connection_->interrupt_read(how);
    else
        connection_->interrupt_write(how);
}

void message_io::move_deadline(wire::direction of, steady_time at) noexcept
{
    if (of == wire::direction::read)
        connection_->move_read_deadline(at);
    else
        connection_->move_write_deadline(at);
}

void message_io::observe(wire::departure_observer* observer) noexcept
{
    observer_ = observer;
    connection_->observe(observer != nullptr ? this : nullptr);
}

void message_io::look_for_departure() noexcept
{
    if (observer_ != nullptr && (!connection_->is_open() || connection_->read_pending()))
        look();
}

// The most that may still come of what the peer has sent.
std::uint64_t message_io::unread_bytes() const noexcept
{
    const std::uint64_t unread = connection_->unread_bytes();
    return unread +
           std::min<std::uint64_t>(received_.size(), std::numeric_limits<std::uint64_t>::max() - unread);
}

void message_io::on_unawaited_read() noexcept
{
    look();
}

// The end of the peer's sending (FIN, or close_notify under TLS) may follow input that was not read yet.
void message_io::look() noexcept
{
    if (connection_->is_broken()) // unread input may remain
        return observer_->on_left();
    switch (connection_->peek()) {
    case net::stream::peer_state::quiet:
        connection_->arm_read();
        break;
    case net::stream::peer_state::input: // of the body or the next request; read later
        if (connection_->has_ended())
            observer_->on_ended(reader_.lacks_more_than(unread_bytes()));
        break;
    case net::stream::peer_state::closed:
        observer_->on_ended(reader_.lacks_more_than(received_.size()));
        break;
    case net::stream::peer_state::reset:
        observer_->on_left();
        break;
    }
}

} // namespace scopegate::http1
