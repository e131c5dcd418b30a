// The answer's half of forwarding: its head read and checked as strictly as a request's, its body relayed.
#include "base/text.hpp"
#include "gate/forwarding.hpp"
#include "gate/response_head.hpp"
#include "gate/worker.hpp"
#include "http/forward.hpp"
#include "http/keep_alive.hpp"
#include "observe/http_date.hpp"
#include "responses/cors.hpp"

#include <algorithm>

namespace scopegate::gate {

namespace {

using http::body_kind;
using http::field_id;

constexpr int interim_most =
    32; // interim answers (1xx) before the final one; more are an endless stream of nothing

// RFC 9110 section 8.6: no length with it; who believed one would wait for a body, or take the next answer
// for it.
constexpr unsigned no_content = 204;

// Shared caches keep no answer to a request with Authorization (RFC 9111 section 3.5). The API saw one where
// the token came otherwise, and who sent the request did not: RFC 6750 section 2.3.
bool lacks_privacy(const http::response_head& head, const std::optional<tokens::taken_token>& taken) noexcept
{
    const auto& fields = head.fields;
    return taken && !taken->from_header && head.status / 100 == 2 &&
           std::none_of(fields.begin(), fields.end(),
                        [](const http::field& f) { return iequals(f.name, "cache-control"); });
}

failure bad_response(cause detail) noexcept
{
    return {reason::upstream_bad_answer, detail};
}

bool is_event_stream(const http::response_head& head) noexcept
{
    const auto* type = find(head.fields, field_id::content_type);
    constexpr std::string_view stream = "text/event-stream";
    return type != nullptr && iequals(type->value.substr(0, stream.size()), stream);
}

// What an answer's Connection makes this hop's own matter, as fields and as trailers (RFC 9110
// section 7.6.1). Copies: the body takes the head's place.
std::vector<std::string> named_in_connection(const http::field_list& fields)
{
    std::vector<std::string> names;
    for (const auto& f : fields)
        if (f.id == field_id::connection)
            http::for_each_element(f.value, [&](std::string_view option) { names.emplace_back(option); });
    return names;
}

} // namespace

net::task<forwarding::attempt_end> forwarding::receive(bool reused)
{
    for (int interim = 0; interim <= interim_most; ++interim) {
        bool first_byte_seen = interim > 0;
        result_.why = co_await receive_head(first_byte_seen);
        if (result_.why != reason::allowed) {
            const bool closed = result_.why == reason::upstream_bad_answer && !first_byte_seen;
            if (closed && reused && may_repeat())
                co_return attempt_end::stale;
            co_return attempt_end::done;
        }
        if (c_.space.response.status >= 200) {
            co_await pass_response();
            co_return attempt_end::done;
        }
        if (c_.space.response.status == 101 && request_.framing.upgrade_websocket) {
            co_await pass_tunnel();
            co_return attempt_end::done;
        }
        result_.why = co_await pass_interim();
        if (result_.why != reason::allowed)
            co_return attempt_end::done;
    }
    result_.why = bad_response(cause::too_many_interim_responses);
    co_return attempt_end::done;
}

// Reads on until a whole head lies at the start of the response buffer, and parses it.
net::task<failure> forwarding::receive_head(bool& first_byte_seen)
{
    const auto& settings = c_.policy.policy.server;
    const http::head_limits limits{settings.limits.headers, settings.limits.header_count};
    const auto most = std::max(limits.bytes + 4096, buffer_pool::slice_bytes);
    auto& buffer = c_.space.response_bytes;
    for (;;) {
        const std::string_view so_far(buffer.data(), head_buffered_);
        const auto size = http::read_response_head(so_far, head_scanned_, limits, c_.space.response);
        if (!size)
            co_return bad_response(size.error().detail);
        head_bytes_ = *size;
        if (head_bytes_ > 0)
            co_return reason::allowed;
        if (head_buffered_ == most)
            co_return bad_response(cause::limits_headers);
        if (upload_failed() || client_gone_) // before anybody waited here, maybe
            co_return wait_failure(net::readiness::closed);
        const auto woken = co_await upstream_->readable(response_due());
        if (woken != net::readiness::ready)
            co_return wait_failure(woken);
        make_room_for_head(most);
        const auto got = upstream_->read_some(buffer.bytes().subspan(head_buffered_));
        if (got.how == net::transfer::status::would_block) {
            if (head_buffered_ == 0)
                buffer.reset();
            continue;
        }
        if (got.how != net::transfer::status::done) {
            c_.policy.upstream.complain_of(*upstream_);
            co_return ended_before_head(got.how);
        }
        head_buffered_ += got.bytes;
        first_byte_seen = true;
    }
}

// Names the fault of a connection that ended before a whole head had come.
failure forwarding::ended_before_head(net::transfer::status how) const noexcept
{
    const auto* const tls = upstream_->tls();
    if (tls != nullptr && tls->fault() != cause::none)
        return bad_response(tls->fault());
    const bool reset = how == net::transfer::status::failed && (tls == nullptr || !tls->is_wire_ended());
    if (reset)
        return bad_response(cause::reset_connection);
    return bad_response(head_buffered_ > 0 ? cause::cut_head : cause::closed_without_response);
}

// A buffer is taken when the first bytes are there to be read, and grows with a head that fills it.
void forwarding::make_room_for_head(std::size_t most)
{
    auto& buffer = c_.space.response_bytes;
    if (!buffer) {
        buffer = c_.space.buffers.take_slice();
    } else if (head_buffered_ == buffer.size()) {
        auto larger = c_.space.buffers.take(std::min(2 * buffer.size(), most));
        std::copy_n(buffer.data(), head_buffered_, larger.data());
        buffer = std::move(larger);
    }
}

// When the wait for more of the head ends. While the body is still going up, the upload's own patience is
// what counts.
steady_time forwarding::response_due() const
{
    const auto due =
        uploading_ ? net::no_deadline : sent_at_ + c_.policy.policy.server.timeouts.upstream_response;
    return std::min(due, half_closed_until_);
}

// Why a wait for the answer ended without one.
failure forwarding::wait_failure(net::readiness woken) const noexcept
{
    switch (upload_end_) {
    case relay_end::source_late:
        return {reason::request_timeout, cause::timeouts_body};
    case relay_end::source_slow:
        return {reason::request_timeout, cause::slow_body};
    case relay_end::source_cut:
        return reason::client_gone;
    case relay_end::source_malformed:
        return up_->fault();
    case relay_end::too_large:
        return {reason::body_too_large, cause::limits_body};
    case relay_end::sink_late:
        return {reason::upstream_timeout, cause::timeouts_body};
    case relay_end::complete:
    case relay_end::sink_gone:
    case relay_end::expired: // of answers only
        break;
    }
    if (client_gone_ || half_close_is_over())
        return reason::client_gone;
    if (woken == net::readiness::timed_out)
        return {reason::upstream_timeout, cause::timeouts_upstream_response};
    return {reason::upstream_unreachable, cause::reset_connection};
}

// An interim answer goes on to those that know them (RFC 9110 section 15.2), and makes room for the next.
net::task<failure> forwarding::pass_interim()
{
    const auto& head = c_.space.response;
    const auto framed = http::frame_response(head, c_.space.request.method);
    if (!framed)
        co_return framed.error();
    if (head.status == 101) // no upgrade was asked for
        co_return bad_response(cause::unexpected_upgrade);
    const auto buffer = c_.space.response_bytes.bytes();
    if (head.status == 100 && uploading_)
        upload_rate_->start(c_.at.now());
    if (c_.space.request.minor >= 1) {
        auto& out = c_.space.to_downstream;
        out.clear();
        add_status_line(out, {buffer.data(), head_bytes_});
        const http::response_rules rules;
        bool fits = true;
        const auto kept =
            http::collect_forwarded(head, rules, [&](std::string_view run) { fits = fits && out.add(run); });
        if (!kept)
            co_return kept.error();
        if (!fits || !out.add("\r\n"))
            co_return bad_response(cause::scattered_headers);
        if (co_await out.send(c_.downstream, c_.policy.policy.server.timeouts.body) !=
            net::transfer::status::done)
            co_return reason::client_gone;
    }
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(head_bytes_),
              buffer.begin() + static_cast<std::ptrdiff_t>(head_buffered_), buffer.begin());
    head_buffered_ -= head_bytes_;
    head_scanned_ = 0;
    co_return reason::allowed;
}

// The client's next nonce, in place of the API's own where the file asks for ours. Otherwise the API's has
// the last word: a client that never gets it could never satisfy the API.
std::string_view forwarding::nonce_lines() const noexcept
{
    const bool yields = !c_.policy.policy.tokens.dpop.nonce &&
                        find(c_.space.response.fields, field_id::dpop_nonce) != nullptr;
    return yields ? std::string_view{} : request_.nonce_lines;
}

// Why a response ended before its body did.
failure forwarding::cut_short(relay_end end, const body_relay& body) const noexcept
{
    if (end == relay_end::sink_gone || end == relay_end::sink_late || client_gone_)
        return reason::client_gone;
    if (end == relay_end::expired)
        return events_end_.why;
    if (end == relay_end::source_cut && upload_failed()) // which has ended the response too
        return wait_failure(net::readiness::closed);
    if (end == relay_end::source_malformed)
        return bad_response(body.fault().detail);
    return end == relay_end::source_late ? late_body() : bad_response(cause::cut_body);
}

void forwarding::compose_response_head(const http::response_framing& framed, bool chunked_out,
                                       bool keep_alive)
{
    const auto& head = c_.space.response;
    auto& out = c_.space.to_downstream;
    out.clear();
    add_status_line(out, {c_.space.response_bytes.data(), head_bytes_});
    http::response_rules rules;
    rules.trailers = chunked_out && request_.framing.accepts_trailers;
    if (!nonce_lines().empty())
        rules.also_drop.add(field_id::dpop_nonce);
    bool fits = true;
    const auto kept =
        http::collect_forwarded(head, rules, [&](std::string_view run) { fits = fits && out.add(run); });
    constexpr std::size_t ours = 5, of_a_chunk = 4; // pieces
    if (!kept || !fits || !out.has_room(ours + of_a_chunk)) {
        result_.why = kept ? bad_response(cause::scattered_headers) : kept.error();
        return;
    }
    out.add(nonce_lines());
    auto& lines = c_.space.response_lines;
    lines.clear();
    if (chunked_out)
        out.add("Transfer-Encoding: chunked\r\n");
    else if (const auto* length = find(head.fields, field_id::content_length);
             length != nullptr && framed.body.kind != body_kind::chunked && head.status != no_content) {
        if (length->value == framed.length)
            out.add(length->line);
        else // a list of equal lengths goes on as one
            lines.append("Content-Length: ").append(framed.length).append("\r\n");
    }
    responses::append_sharing(c_.policy.policy.cors, c_.space.request.fields, head.fields, lines);
    if (find(head.fields, field_id::date) == nullptr) // RFC 9110 section 6.6.1
        lines.append("Date: ").append(observe::http_date(observe::wall_now())).append("\r\n");
    if (lacks_privacy(head, request_.taken))
        lines += "Cache-Control: private\r\n";
    out.add(lines);
    if (!keep_alive)
        out.add("Connection: close\r\n");
    else if (c_.space.request.minor == 0)
        out.add("Connection: keep-alive\r\n");
    out.add("\r\n");
}

net::task<void> forwarding::pass_response()
{
    const auto& head = c_.space.response;
    const auto framed = http::frame_response(head, c_.space.request.method);
    if (!framed) {
        result_.why = framed.error();
        co_return;
    }
    // What has no length of its own goes on in chunks, so that its end can be told from its breaking off;
    // HTTP/1.0 callers know only the connection's end.
    const bool unsized =
        framed->body.kind == body_kind::chunked || framed->body.kind == body_kind::until_close;
    const bool chunked_out = unsized && c_.space.request.minor >= 1;
    // An API that refuses a body, or has responded whole, before the body is there does not want the rest.
    const auto& body = framed->body;
    const bool whole = body.kind == body_kind::none ||
                       (body.kind == body_kind::length && body.length <= head_buffered_ - head_bytes_);
    const bool ends_early = uploading_ && (head.status >= 400 || whole);
    const bool keep_alive = request_.framing.keep_alive && !c_.ends_connection() && !ends_early &&
                            !(unsized && !chunked_out) && upload_end_ == relay_end::complete;
    compose_response_head(*framed, chunked_out, keep_alive);
    if (result_.why != reason::allowed)
        co_return;
    result_.responded = true;
    result_.status = head.status;
    result_.upstream = std::chrono::duration_cast<std::chrono::microseconds>(c_.at.now() - sent_at_);
    take_time_to_upload();

    const bool trailers = chunked_out && request_.framing.accepts_trailers;
    body_relay down(framed->body, chunked_out, 0, chunk_rules(true, trailers));
    if (trailers)
        down.pass_trailers(c_.policy.identity_names, named_in_connection(head.fields));
    const auto announced = http::keep_alive_timeout(head.fields); // before the body takes the head's place
    const auto& buffer = c_.space.response_bytes;
    std::string_view rest(buffer.data() + head_bytes_, head_buffered_ - head_bytes_);
    auto& out = c_.space.to_downstream;
    const auto& timeouts = c_.policy.policy.server.timeouts;
    streaming_ = is_event_stream(head);
    pauses_ = {longest_pause(), timeouts.body};
    if (streaming_) {
        pauses_.not_after = expiry();
        events_end_ = expiry_kind();
        if (half_closed_)
            leave_without_client();
    }
    std::optional<lasting> events;
    if (streaming_)
        events.emplace(c_.at, what_lasts(false), [this](lasting_end how) { end_events(how); });

    // The whole of a small answer goes out in one write; a larger one is relayed.
    std::size_t used = 0;
    auto end = relay_end::complete;
    if (!down.complete() && !rest.empty() && !down.unframe(rest, used, out)) {
        result_.responded = false; // broken before anything of it was passed on
        result_.why = bad_response(down.fault().detail);
        co_return;
    }
    rest.remove_prefix(used);
    if (down.complete()) // of one that goes on, what ends it meanwhile must find it waiting
        co_await c_.at.scheduler().flush_point();
    if (!down.complete() || !out.send_now(c_.downstream))
        end = co_await relay_body(down, *upstream_, c_.downstream, c_.space.buffers, c_.space.response_bytes,
                                  rest, out, pauses_, rest);

    if (end !=
        relay_end::complete) { // cut short is what it must look like; where only the end says so, by a reset
        result_.why = cut_short(end, down);
        result_.then = unsized && !chunked_out ? disposition::reset : disposition::close;
        co_return;
    }
    // The rest of a body that the API did not take must not be taken for a request.
    result_.then =
        keep_alive && upload_end_ == relay_end::complete ? disposition::keep_alive : disposition::linger;
    if (!uploading_ && upload_end_ == relay_end::complete && framed->keep_alive && rest.empty() &&
        !down.is_repaired())
        c_.policy.upstream.keep(std::move(upstream_), announced);
}

} // namespace scopegate::gate
