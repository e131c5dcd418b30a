#include "gate/relay.hpp"

#include "http/forward.hpp"

#include <algorithm>

namespace scopegate::gate {

namespace {

using wire::body_state;

// Returns why a wait for more of the body ended; `complete` if some may have arrived. `late` is the deadline
// of the wait, and `slow` the one at which the source falls below its rate.
relay_end end_of_wait(net::readiness woken, const relay_options& options, steady_time slow,
                      steady_time late) noexcept
{
    // Only the clock shows that the token has expired: the wait can be interrupted for other reasons.
    if (woken == net::readiness::timed_out && options.not_after < late &&
        std::chrono::steady_clock::now() >= options.not_after)
        return relay_end::expired;
    if (woken == net::readiness::timed_out)
        return slow <= late ? relay_end::source_slow : relay_end::source_late;
    return woken == net::readiness::ready ? relay_end::complete : relay_end::source_cut;
}

// Moves what was received, of a body that has not been taken whole. Sets `more` if the sink had no room for
// all of it.
moved take_and_add(wire::stream& source, wire::stream& sink, trailer_filter* trailers, bool& more)
{
    wire::data received(sink.room());
    const auto state = source.take(received);
    const bool complete = state == body_state::complete;
    if (complete && trailers != nullptr)
        sink.add(received, true, trailers->keep(source.trailers()));
    else if (complete || (state == body_state::open && !received.empty()))
        sink.add(received, complete);
    more = !received.has_room();
    return {state, received.bytes()};
}

} // namespace

std::string_view trailer_filter::keep(std::string_view lines)
{
    kept_.clear();
    http::field_list trailers;
    if (lines.empty() || !http::parse_field_lines(lines, 0, trailers))
        return {};
    for (const auto& trailer : trailers)
        if (http::keeps_trailer(trailer, identity_) && http::keeps_trailer(trailer, named_))
            kept_ += trailer.line;
    return kept_;
}

moved move_received(wire::stream& source, wire::stream& sink, trailer_filter* trailers)
{
    if (source.state() == body_state::complete && trailers == nullptr) { // most requests have no body
        sink.add(wire::data(0), true);
        return {body_state::complete, 0};
    }
    bool more = false;
    return take_and_add(source, sink, trailers, more);
}

net::task<relay_end> relay_body(wire::stream& source, wire::stream& sink, const relay_options& options)
{
    auto state = source.state();
    for (bool has_received = source.has_received();;) {
        if (sink.flush() != wire::flush_result::done) {
            source.hold_less(sink);
            const auto sent = co_await wire::flush_all(sink, options.sink);
            if (sent != wire::flush_result::done)
                co_return sent == wire::flush_result::failed ? relay_end::sink_gone : relay_end::sink_late;
        }
        if (state == body_state::complete)
            co_return relay_end::complete;
        if (!has_received) {
            if (options.not_after != net::no_deadline &&
                std::chrono::steady_clock::now() >= options.not_after)
                co_return relay_end::expired;
            const auto got = source.fill();
            if (got.how == wire::fill_result::status::cut)
                co_return relay_end::source_cut;
            if (options.rate != nullptr && got.bytes > 0)
                options.rate->received(got.bytes);
            if (got.how == wire::fill_result::status::would_block) {
                const auto began = std::chrono::steady_clock::now();
                const auto slow = options.rate != nullptr ? options.rate->deadline(began) : net::no_deadline;
                const auto late = std::min(began + options.source, slow);
                const auto woken = co_await source.readable(std::min(late, options.not_after));
                if (options.rate != nullptr)
                    options.rate->waited(began, std::chrono::steady_clock::now());
                const auto came = end_of_wait(woken, options, slow, late);
                if (came != relay_end::complete)
                    co_return came;
                continue;
            }
        }
        const auto now_moved = take_and_add(source, sink, options.trailers, has_received);
        state = now_moved.state;
        if (options.moved != nullptr)
            *options.moved += now_moved.bytes;
        if (state == body_state::too_large)
            co_return relay_end::too_large;
        if (state == body_state::malformed)
            co_return relay_end::source_malformed;
    }
}

} // namespace scopegate::gate
