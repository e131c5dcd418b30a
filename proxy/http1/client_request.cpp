#include "http1/client_request.hpp"

#include "http1/response_lines.hpp"
#include "observe/http_date.hpp"

#include <utility>

namespace scopegate::http1 {

namespace {

using http::body_kind;
using wire::disposition;

wire::request_facts facts_of(const http::request_head& head, const http::request_framing& framing) noexcept
{
    wire::request_facts facts;
    facts.host = framing.host;
    facts.version = head.minor == 0 ? "1.0" : "1.1";
    facts.has_body = framing.body.kind != body_kind::none;
    if (framing.body.kind == body_kind::length)
        facts.body_length = framing.body.length;
    facts.expects_continue = framing.expect_continue;
    facts.accepts_trailers = framing.accepts_trailers && head.minor >= 1; // they need chunks
    facts.opens_websocket = framing.upgrade_websocket;
    return facts;
}

access::client_connection client_of(const net::stream& connection, const net::peer& peer) noexcept
{
    const auto* const tls = connection.tls();
    return {&peer, tls != nullptr,
            tls != nullptr ? std::string_view(tls->peer_certificate()) : std::string_view{}};
}

} // namespace

client_request::client_request(net::stream_ptr connection, const net::peer& peer,
                               wire::request_memory& memory, const wire::connection_end& end,
                               const http::request_framing& framing, const http::head_limits& limits)
    : message_stream(std::move(connection), {memory.buffers, memory.upload_bytes, memory.to_downstream},
                     true),
      memory_(memory), client_(client_of(io_.connection(), peer)), end_(end), keep_alive_(framing.keep_alive),
      facts_(facts_of(memory.request, framing))
{
    memory_.to_downstream.clear();
    // Trailers of a request are not forwarded, so they are not kept.
    io_.begin_reading(framing.body, trailer_rules(limits, false), memory.received);
}

// The rest of a refused request's body must not be parsed as the next request. If it has a length and all of
// it has arrived, it is skipped. Otherwise the connection closes.
net::task<void> client_request::respond(const responses::response& r, std::chrono::milliseconds pause)
{
    begun_ = progress::own_response;
    until_close_ = false;
    keeps_ = keep_alive_ && !end_.is_due() && io_.skip_body();
    compose(r, keeps_);
    keeps_ = keeps_ && !r.close;
    auto& out = memory_.to_downstream;
    out.clear();
    out.add(memory_.response_lines);
    io_.begin_writing(body_writer(false));
    const auto sent = flush();
    if (sent == wire::flush_result::done)
        co_return;
    cut_ = sent == wire::flush_result::failed ||
           co_await wire::flush_all(*this, pause) != wire::flush_result::done;
}

void client_request::compose(const responses::response& r, bool keep_alive)
{
    auto& out = memory_.response_lines;
    out.clear();
    const auto date = observe::http_date(observe::wall_now());
    const bool head_only = memory_.request.method == "HEAD";
    if (!keep_alive || r.close || memory_.request.minor != 0)
        return responses::write(r, head_only, keep_alive, date, out);
    auto told = r; // without the field below, an HTTP/1.0 client waits for the close
    told.add("Connection", "keep-alive");
    responses::write(told, head_only, keep_alive, date, out);
}

// Adds the status line and the forwarded fields. `more` is the number of pieces that the caller adds later.
result<void> client_request::add_fields(const http::response_head& head, const http::response_rules& rules,
                                        std::size_t more)
{
    auto& out = memory_.to_downstream;
    out.clear();
    add_status_line(out, head, memory_.status_line);
    bool fits = true;
    const auto kept =
        http::collect_forwarded(head, rules, [&](std::string_view run) { fits = fits && out.add(run); });
    if (!kept)
        return kept.error();
    if (!fits || !out.has_room(more))
        return failure(reason::upstream_bad_answer, cause::scattered_headers);
    return {};
}

// A body without a length is sent in chunks, so that the client can distinguish its end from a broken
// connection. HTTP/1.0 has no chunks: there the end of the connection ends the body.
result<void> client_request::begin_response(const wire::response_head& r)
{
    const bool unsized = r.body.how == wire::response_body::kind::unknown;
    const bool chunked = unsized && memory_.request.minor >= 1;
    until_close_ = unsized && !chunked;
    keeps_ = keep_alive_ && !end_.is_due() && !r.last && !until_close_;
    constexpr std::size_t own_pieces = 5;
    const auto added = add_fields(r.head, r.rules, own_pieces + body_writer::framing_pieces);
    if (!added)
        return added.error();
    auto& out = memory_.to_downstream;
    out.add(r.own);
    if (chunked)
        out.add("Transfer-Encoding: chunked\r\n");
    else if (!r.body.length.empty())
        add_length_line(out, r.head.fields, r.body.length, memory_.response_lines);
    if (!keeps_)
        out.add("Connection: close\r\n");
    else if (memory_.request.minor == 0)
        out.add("Connection: keep-alive\r\n");
    out.add("\r\n");
    io_.begin_writing(body_writer(chunked));
    begun_ = progress::response;
    return {};
}

result<void> client_request::begin_tunnel(const wire::response_head& r)
{
    const auto added = add_fields(r.head, r.rules, 2);
    if (!added)
        return added.error();
    memory_.to_downstream.add(r.own);
    memory_.to_downstream.add("Connection: Upgrade\r\n\r\n");
    io_.begin_writing(body_writer(false));
    io_.begin_reading({body_kind::until_close, 0}, {}, io_.received());
    begun_ = progress::tunnel;
    return {};
}

// HTTP/1.0 has no interim responses (RFC 9110 section 15.2).
result<void> client_request::begin_interim(const http::response_head& head)
{
    if (memory_.request.minor == 0)
        return {};
    const auto added = add_fields(head, {}, 1);
    if (!added)
        return added.error();
    memory_.to_downstream.add("\r\n");
    io_.begin_writing(body_writer(false));
    return {};
}

disposition client_request::finish() noexcept
{
    const bool whole = !cut_ && (begun_ == progress::own_response || io_.writer().is_finished());
    switch (begun_) {
    case progress::nothing:
        return disposition::close;
    case progress::tunnel:
        return cut_ ? disposition::close : disposition::linger;
    case progress::own_response:
    case progress::response:
        break;
    }
    if (!whole)
        return until_close_ ? disposition::reset : disposition::close;
    // The unread rest of a body must not be parsed as a request.
    if (!keeps_ || state() != wire::body_state::complete)
        return disposition::linger;
    memory_.received = io_.received();
    return disposition::keep_alive;
}

} // namespace scopegate::http1
