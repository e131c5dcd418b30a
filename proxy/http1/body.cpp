#include "http1/body.hpp"

#include <algorithm>
#include <charconv>

namespace scopegate::http1 {

using http::body_kind;
using wire::body_state;

void body_reader::begin(http::body_framing framing, const http::chunk_rules& chunks) noexcept
{
    framing_ = framing;
    left_ = framing.length;
    taken_ = limit_ = 0;
    held_ = false;
    const bool empty =
        framing.kind == body_kind::none || (framing.kind == body_kind::length && framing.length == 0);
    state_ = empty ? body_state::complete : body_state::open;
    if (framing.kind == body_kind::chunked)
        decoder_.emplace(chunks);
    else
        decoder_.reset();
}

wire::body_state body_reader::take(std::string_view& received, wire::data& out)
{
    if (state_ != body_state::open || !out.has_room())
        return state_;
    if (framing_.kind == body_kind::chunked)
        return take_chunks(received, out);
    auto size = received.size();
    if (framing_.kind == body_kind::length) {
        size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size));
        left_ -= size;
        if (left_ == 0)
            state_ = body_state::complete;
    }
    out.add(received.substr(0, size));
    received.remove_prefix(size);
    count(size);
    return state_;
}

wire::body_state body_reader::take_chunks(std::string_view& received, wire::data& out)
{
    while (!received.empty() && state_ == body_state::open && out.has_room()) {
        const auto step = decoder_->next(received);
        if (!step) {
            fault_ = step.error();
            return state_ = body_state::malformed;
        }
        received.remove_prefix(step->consumed);
        out.add(step->data);
        if (step->complete)
            state_ = body_state::complete;
        count(step->data.size());
    }
    held_ = !received.empty();
    return state_;
}

void body_reader::count(std::size_t data) noexcept
{
    taken_ += data;
    if (limit_ != 0 && taken_ > limit_)
        state_ = body_state::too_large;
}

bool body_reader::end() noexcept
{
    if (framing_.kind == body_kind::until_close)
        state_ = body_state::complete;
    return state_ == body_state::complete;
}

bool body_reader::skip(std::string_view& received) noexcept
{
    if (state_ == body_state::complete)
        return true;
    if (state_ != body_state::open || framing_.kind != body_kind::length || left_ > received.size())
        return false;
    received.remove_prefix(static_cast<std::size_t>(left_));
    state_ = body_state::complete;
    return true;
}

bool body_reader::lacks_more_than(std::uint64_t bytes) const noexcept
{
    if (state_ == body_state::complete || framing_.kind == body_kind::until_close)
        return false;
    if (framing_.kind == body_kind::length)
        return left_ > bytes;
    return !held_ && bytes == 0;
}

void body_writer::add(const wire::data& d, bool last, std::string_view trailers, net::gather& out) noexcept
{
    constexpr std::string_view line_end = "\r\n", last_chunk = "0\r\n";
    if (finished_)
        return;
    finished_ = last;
    if (!chunked_)
        return d.for_each([&out](std::string_view piece) { out.add(piece); });
    const bool framed = !d.empty();
    if (framed) {
        auto* const end = std::to_chars(size_text_.data(), size_text_.data() + 16, d.bytes(), 16).ptr;
        std::copy(line_end.begin(), line_end.end(), end);
        out.add({size_text_.data(), static_cast<std::size_t>(end - size_text_.data()) + line_end.size()});
    }
    d.for_each([&out](std::string_view piece) { out.add(piece); });
    if (last) {
        out.add(framed ? std::string_view("\r\n0\r\n") : last_chunk);
        out.add(trailers);
        out.add(line_end);
    } else if (framed) {
        out.add(line_end);
    }
}

} // namespace scopegate::http1
