#include "gate/relay.hpp"

#include "gate/slice_growth.hpp"
#include "gate/stretch.hpp"
#include "http/forward.hpp"

#include <algorithm>
#include <charconv>

namespace scopegate::gate {

namespace {

constexpr std::string_view line_end = "\r\n";

void append_trailers(std::string_view lines, std::span<const std::string> identity,
                     std::span<const std::string> named, std::string& out)
{
    http::field_list trailers;
    if (!http::parse_field_lines(lines, 0, trailers))
        return;
    for (const auto& trailer : trailers)
        if (http::keeps_trailer(trailer, identity) && http::keeps_trailer(trailer, named))
            out += trailer.line;
}

// Keeps the bytes that a slow sink has not taken in a piece of memory of their size.
void hold_little(net::gather& out, buffer_pool& buffers, buffer& slice)
{
    const auto left = out.bytes();
    if (!slice || left > slice.size() / 2)
        return;
    auto smaller = buffers.take(left);
    out.move_to(smaller.bytes());
    slice = std::move(smaller);
}

} // namespace

body_relay::body_relay(http::body_framing framing, bool chunked_out, std::uint64_t limit,
                       const http::chunk_rules& chunks) noexcept
    : framing_(framing), decoder_(chunks), left_(framing.length), limit_(limit), chunked_out_(chunked_out),
      complete_(framing.kind == http::body_kind::none ||
                (framing.kind == http::body_kind::length && framing.length == 0))
{
}

bool body_relay::count(std::size_t data) noexcept
{
    bytes_ += data;
    if (limit_ == 0 || bytes_ <= limit_)
        return true;
    failure_ = relay_end::too_large;
    return false;
}

bool body_relay::unframe(std::string_view received, std::size_t& consumed, net::gather& out)
{
    consumed = 0;
    std::array<std::string_view, net::gather::capacity> pieces;
    std::size_t count_of_pieces = 0;
    std::size_t total = 0;
    if (framing_.kind == http::body_kind::chunked) {
        while (consumed < received.size() && !complete_ && out.has_room(count_of_pieces + 5)) {
            const auto step = decoder_.next(received.substr(consumed));
            if (!step) {
                failure_ = relay_end::source_malformed;
                fault_ = step.error();
                return false;
            }
            consumed += step->consumed;
            complete_ = step->complete;
            if (!step->data.empty()) {
                pieces[count_of_pieces++] = step->data;
                total += step->data.size();
            }
        }
    } else {
        total = consumed = framing_.kind == http::body_kind::until_close
                               ? received.size()
                               : static_cast<std::size_t>(std::min<std::uint64_t>(left_, received.size()));
        pieces[count_of_pieces++] = received.substr(0, total);
        if (framing_.kind == http::body_kind::length) {
            left_ -= total;
            complete_ = left_ == 0;
        }
    }
    held_ = consumed < received.size();
    if (!count(total))
        return false;
    if (total > 0 && chunked_out_) {
        auto* const end = std::to_chars(size_text_.data(), size_text_.data() + 16, total, 16).ptr;
        std::copy(line_end.begin(), line_end.end(), end);
        out.add({size_text_.data(), static_cast<std::size_t>(end - size_text_.data()) + line_end.size()});
    }
    for (std::size_t i = 0; i < count_of_pieces; ++i)
        out.add(pieces[i]);
    if (total > 0 && chunked_out_)
        out.add(line_end);
    if (complete_)
        finish(out);
    return true;
}

void body_relay::source_ended(net::gather& out)
{
    if (framing_.kind == http::body_kind::until_close) {
        complete_ = true;
        finish(out);
    } else {
        failure_ = relay_end::source_cut;
    }
}

void body_relay::finish(net::gather& out)
{
    if (!chunked_out_)
        return;
    last_chunk_ = "0\r\n";
    if (pass_trailers_)
        append_trailers(decoder_.trailers(), identity_, named_, last_chunk_);
    last_chunk_ += line_end;
    out.add(last_chunk_);
}

net::task<relay_end> relay_body(body_relay& body, net::stream& source, net::stream& sink,
                                buffer_pool& buffers, buffer& slice, std::string_view received,
                                net::gather& out, const relay_timeouts& timeouts, std::string_view& leftover)
{
    slice_growth growth(timeouts.grows);
    stretch at_a_stretch;
    for (;;) {
        do {
            std::size_t used = 0;
            if (!received.empty() && !body.complete() && !body.unframe(received, used, out))
                co_return body.failure();
            received.remove_prefix(used);
            if (!out.send_now(sink)) {
                growth.blocked();
                if (timeouts.grows && received.empty())
                    hold_little(out, buffers, slice);
                const auto sent = co_await out.send(sink, timeouts.sink);
                if (sent != net::transfer::status::done)
                    co_return sent == net::transfer::status::failed ? relay_end::sink_gone
                                                                    : relay_end::sink_late;
            }
        } while (!received.empty() && !body.complete());
        if (body.complete()) {
            leftover = received;
            co_return relay_end::complete;
        }

        if (timeouts.not_after != net::no_deadline && std::chrono::steady_clock::now() >= timeouts.not_after)
            co_return relay_end::expired;
        slice.reset();
        slice = buffers.take_slice(growth.next());
        const auto got = at_a_stretch.read(source, slice.bytes());
        switch (got.how) {
        case net::transfer::status::done:
            growth.filled(got.bytes, slice.size());
            received = {slice.data(), got.bytes};
            if (timeouts.rate != nullptr)
                timeouts.rate->received(got.bytes);
            break;
        case net::transfer::status::would_block: {
            slice.reset();
            const auto began = std::chrono::steady_clock::now();
            auto late = began + timeouts.source;
            const auto slow = timeouts.rate != nullptr ? timeouts.rate->deadline(began) : net::no_deadline;
            late = std::min(late, slow);
            const auto woken = co_await source.readable(std::min(late, timeouts.not_after));
            if (timeouts.rate != nullptr)
                timeouts.rate->waited(began, std::chrono::steady_clock::now());
            // Others may have cut the wait short: only the clock says that it was the token.
            if (woken == net::readiness::timed_out && timeouts.not_after < late &&
                std::chrono::steady_clock::now() >= timeouts.not_after)
                co_return relay_end::expired;
            if (woken == net::readiness::timed_out)
                co_return slow <= late ? relay_end::source_slow : relay_end::source_late;
            if (woken != net::readiness::ready)
                co_return relay_end::source_cut;
            break;
        }
        case net::transfer::status::end:
            body.source_ended(out);
            if (!body.complete())
                co_return body.failure();
            break;
        case net::transfer::status::failed:
            co_return relay_end::source_cut;
        }
    }
}

} // namespace scopegate::gate
