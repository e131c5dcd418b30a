// The answer's half of forwarding: its head read and checked as strictly as a request's, its body relayed.
#include "answers/cors.hpp"
#include "base/text.hpp"
#include "gate/forwarding.hpp"
#include "gate/tunnel.hpp"
#include "gate/worker.hpp"
#include "http/forward.hpp"
#include "observe/http_date.hpp"
#include "tokens/token_places.hpp"

#include <algorithm>

namespace scopegate::gate {

namespace {

using http::body_kind;
using http::field_id;

constexpr int interim_most =
    32; // interim answers (1xx) before the final one; more are an endless stream of nothing

const http::field* find(const http::field_list& fields, field_id id) noexcept
{
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [id](const http::field& f) { return f.id == id && !f.underscore; });
    return found == fields.end() ? nullptr : &*found;
}

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

bool is_event_stream(const http::response_head& head) noexcept
{
    const auto* type = find(head.fields, field_id::content_type);
    constexpr std::string_view stream = "text/event-stream";
    return type != nullptr && iequals(type->value.substr(0, stream.size()), stream);
}

// `200 OK` as the API sent it; the space behind the code must not be missing where the phrase is (RFC 9112
// section 4).
void add_status_line(net::gather& out, std::string_view head)
{
    constexpr std::string_view version = "HTTP/1.1 ", end = "\r\n";
    constexpr std::size_t code = 3;
    const auto text = head.substr(version.size(), head.find(end) + end.size() - version.size());
    out.add(version);
    out.add(text.substr(0, code));
    if (text[code] != ' ')
        out.add(" ");
    out.add(text.substr(code));
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
        result_.why = co_await read_answer_head(first_byte_seen);
        if (result_.why != reason::allowed) {
            const bool closed = result_.why == reason::upstream_bad_answer && !first_byte_seen;
            if (closed && reused && may_repeat())
                co_return attempt_end::stale;
            co_return attempt_end::done;
        }
        if (c_.space.response.status >= 200) {
            co_await pass_answer();
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
    result_.why = reason::upstream_bad_answer;
    co_return attempt_end::done;
}

// Reads on until a whole head lies at the start of the response buffer, and parses it.
net::task<reason> forwarding::read_answer_head(bool& first_byte_seen)
{
    const auto& settings = c_.policy.policy.server;
    const http::head_limits limits{settings.limits.headers, settings.limits.header_count};
    const auto buffer = c_.space.response_buffer();
    for (;;) {
        const std::string_view so_far(buffer.data(), answer_bytes_);
        const auto size = http::read_response_head(so_far, answer_scanned_, limits, c_.space.response);
        if (!size)
            co_return reason::upstream_bad_answer;
        head_bytes_ = *size;
        if (head_bytes_ > 0)
            co_return reason::allowed;
        if (answer_bytes_ == buffer.size())
            co_return reason::upstream_bad_answer;
        if (upload_failed()) // before anybody waited here, maybe
            co_return wait_failure(net::readiness::closed);
        const auto woken = co_await upstream_->readable(answer_due());
        if (woken != net::readiness::ready)
            co_return wait_failure(woken);
        const auto got = upstream_->read_some(buffer.subspan(answer_bytes_));
        if (got.how == net::transfer::status::would_block)
            continue;
        if (got.how != net::transfer::status::done) {
            c_.policy.upstream.complain_of(*upstream_);
            co_return reason::upstream_bad_answer;
        }
        answer_bytes_ += got.bytes;
        first_byte_seen = true;
    }
}

// When the wait for more of the head ends. While the body is still going up, the upload's own patience is
// what counts.
steady_time forwarding::answer_due() const
{
    const auto due =
        uploading_ ? net::no_deadline : sent_at_ + c_.policy.policy.server.timeouts.upstream_response;
    return caller_left_ ? std::min(due, std::chrono::steady_clock::now() + half_close_patience) : due;
}

// Why a wait for the answer ended without one.
reason forwarding::wait_failure(net::readiness woken) const noexcept
{
    switch (upload_end_) {
    case relay_end::source_late:
        return reason::request_timeout;
    case relay_end::source_cut:
        return reason::client_gone;
    case relay_end::source_malformed:
        return reason::malformed_request;
    case relay_end::too_large:
        return reason::body_too_large;
    case relay_end::sink_late:
        return reason::upstream_timeout;
    case relay_end::complete:
    case relay_end::sink_gone:
    case relay_end::expired: // of answers only
        break;
    }
    if (caller_left_)
        return reason::client_gone;
    return woken == net::readiness::timed_out ? reason::upstream_timeout : reason::upstream_unreachable;
}

// An interim answer goes on to those that know them (RFC 9110 section 15.2), and makes room for the next.
net::task<reason> forwarding::pass_interim()
{
    const auto& head = c_.space.response;
    const auto framed = http::frame_response(head, c_.space.request.method);
    if (!framed || head.status == 101) // no upgrade was asked for
        co_return reason::upstream_bad_answer;
    const auto buffer = c_.space.response_buffer();
    if (head.status == 100 && uploading_)
        upload_rate_->start(c_.at.turns().now());
    if (c_.space.request.minor >= 1) {
        auto& out = c_.space.to_downstream;
        out.clear();
        add_status_line(out, {buffer.data(), head_bytes_});
        const http::response_rules rules;
        bool fits = true;
        const auto kept =
            http::collect_forwarded(head, rules, [&](std::string_view run) { fits = fits && out.add(run); });
        if (!kept || !fits || !out.add("\r\n"))
            co_return reason::upstream_bad_answer;
        if (co_await out.send(c_.downstream, c_.policy.policy.server.timeouts.body) !=
            net::transfer::status::done)
            co_return reason::client_gone;
    }
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(head_bytes_),
              buffer.begin() + static_cast<std::ptrdiff_t>(answer_bytes_), buffer.begin());
    answer_bytes_ -= head_bytes_;
    answer_scanned_ = 0;
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

void forwarding::compose_answer_head(const http::response_framing& framed, bool chunked_out, bool keep_alive)
{
    const auto& head = c_.space.response;
    auto& out = c_.space.to_downstream;
    out.clear();
    add_status_line(out, {c_.space.response_bytes.get(), head_bytes_});
    http::response_rules rules;
    rules.trailers = chunked_out && request_.framing.accepts_trailers;
    if (!nonce_lines().empty())
        rules.also_drop.add(field_id::dpop_nonce);
    bool fits = true;
    const auto kept =
        http::collect_forwarded(head, rules, [&](std::string_view run) { fits = fits && out.add(run); });
    constexpr std::size_t ours = 5, of_a_chunk = 4; // pieces
    if (!kept || !fits || !out.has_room(ours + of_a_chunk)) {
        result_.why = reason::upstream_bad_answer;
        return;
    }
    out.add(nonce_lines());
    if (chunked_out)
        out.add("Transfer-Encoding: chunked\r\n");
    else if (const auto* length = find(head.fields, field_id::content_length);
             length != nullptr && framed.body.kind != body_kind::chunked && head.status != no_content)
        out.add(length->line);
    auto& lines = c_.space.answer_lines;
    lines.clear();
    answers::append_sharing(c_.policy.policy.cors, c_.space.request.fields, head.fields, lines);
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

net::task<void> forwarding::pass_answer()
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
    const bool keep_alive = request_.framing.keep_alive && !c_.ends_connection() &&
                            !(unsized && !chunked_out) && upload_end_ == relay_end::complete;
    compose_answer_head(*framed, chunked_out, keep_alive);
    if (result_.why != reason::allowed)
        co_return;
    result_.answered = true;
    result_.status = head.status;
    result_.upstream = std::chrono::duration_cast<std::chrono::microseconds>(c_.at.turns().now() - sent_at_);
    take_time_to_upload();

    body_relay down(framed->body, chunked_out, 0);
    if (chunked_out && request_.framing.accepts_trailers)
        down.pass_trailers(c_.policy.identity_names, named_in_connection(head.fields));
    const auto buffer = c_.space.response_buffer();
    std::string_view rest(buffer.data() + head_bytes_, answer_bytes_ - head_bytes_);
    auto& out = c_.space.to_downstream;
    const auto& patience = c_.policy.policy.server.timeouts;
    pauses_ = {patience.body, patience.body};
    streaming_ = is_event_stream(head);
    if (streaming_) {
        pauses_.source = caller_left_ ? half_close_patience : patience.stream;
        pauses_.not_after = expiry();
        events_end_ = expiry_kind();
    }
    std::optional<lasting> events;
    if (streaming_)
        events.emplace(c_.at, what_lasts(), [this](lasting_end how) { end_events(how); });

    // The whole of a small answer goes out in one write; a larger one is relayed.
    std::size_t used = 0;
    auto end = relay_end::complete;
    if (!down.complete() && !rest.empty() && !down.unframe(rest, used, out)) {
        result_.answered = false; // broken before anything of it was passed on
        result_.why = reason::upstream_bad_answer;
        co_return;
    }
    rest.remove_prefix(used);
    if (down.complete()) // of one that goes on, what ends it meanwhile must find it waiting
        co_await c_.at.turns().all_read();
    if (!down.complete() || !out.send_now(c_.downstream))
        end = co_await relay_body(down, *upstream_, c_.downstream, buffer, rest, out, pauses_, rest);

    if (end !=
        relay_end::complete) { // cut short is what it must look like; where only the end says so, by a reset
        result_.why = end == relay_end::expired ? events_end_.why
                      : end == relay_end::sink_gone || end == relay_end::sink_late || caller_left_
                          ? reason::client_gone
                          : reason::upstream_bad_answer;
        result_.then = unsized && !chunked_out ? afterwards::reset : afterwards::close;
        co_return;
    }
    // The rest of a body that the API did not take must not be taken for a request.
    result_.then =
        keep_alive && upload_end_ == relay_end::complete ? afterwards::keep_alive : afterwards::linger;
    if (!uploading_ && upload_end_ == relay_end::complete && framed->keep_alive && rest.empty())
        c_.policy.upstream.keep(std::move(upstream_));
}

// When a stream that outlives its request has to end: with its token, or with its connection where it has
// none, or one that never expires.
steady_time forwarding::expiry() const
{
    if (request_.token == nullptr || request_.token->expires == wall_time::max())
        return c_.connection_end;
    return std::chrono::steady_clock::now() + (request_.token->expires - observe::wall_now());
}

lasting_end forwarding::expiry_kind() const noexcept
{
    const bool has_expiry = request_.token != nullptr && request_.token->expires != wall_time::max();
    return has_expiry ? token_has_expired() : connection_is_too_old();
}

lasting_permit forwarding::what_lasts() const noexcept
{
    return {c_.space.request.method, request_.target.path,
            request_.taken ? request_.taken->text : std::string_view{}, c_.admission, c_.policy.serial()};
}

void forwarding::end_events(lasting_end how) noexcept
{
    events_end_ = how;
    pauses_.not_after = std::chrono::steady_clock::now();
    upstream_->interrupt_read(net::readiness::timed_out); // last: what it wakes may free us
}

// The API agreed to a WebSocket: from here on bytes go both ways as they come.
net::task<void> forwarding::pass_tunnel()
{
    const auto& head = c_.space.response;
    const auto* protocol = find(head.fields, field_id::upgrade);
    auto& out = c_.space.to_downstream;
    out.clear();
    add_status_line(out, {c_.space.response_bytes.get(), head_bytes_});
    http::response_rules rules;
    rules.websocket = true;
    if (!nonce_lines().empty())
        rules.also_drop.add(field_id::dpop_nonce);
    bool fits = true;
    const auto kept =
        http::collect_forwarded(head, rules, [&](std::string_view run) { fits = fits && out.add(run); });
    out.add(nonce_lines());
    if (owes_bearer_protocol())
        out.add("Sec-WebSocket-Protocol: bearer\r\n");
    if (protocol == nullptr || !iequals(protocol->value, "websocket") || !kept || !fits ||
        !out.add("Connection: Upgrade\r\n\r\n")) {
        result_.why = reason::upstream_bad_answer;
        co_return;
    }
    result_.answered = true;
    result_.status = head.status;
    result_.upstream = std::chrono::duration_cast<std::chrono::microseconds>(c_.at.turns().now() - sent_at_);
    const auto& patience = c_.policy.policy.server.timeouts;
    const auto sent = co_await out.send(c_.downstream, patience.body);
    if (sent != net::transfer::status::done) {
        result_.why = reason::client_gone;
        co_return;
    }
    c_.downstream.observe(nullptr); // from here on somebody always reads
    const std::string_view first_bytes(c_.space.response_bytes.get() + head_bytes_,
                                       answer_bytes_ - head_bytes_);
    tunnel way(c_.downstream, *upstream_, patience.stream, expiry(), expiry_kind());
    const lasting open(c_.at, what_lasts(), [&way](lasting_end how) { way.expire(how); });
    const auto end =
        co_await way.run(after_body_, c_.space.upload_buffer(), first_bytes, c_.space.response_buffer());
    if (end == tunnel_end::expired)
        result_.why = way.ending().why;
    result_.then = afterwards::linger;
}

// A browser that offered subprotocols gives up where none of them is chosen. `bearer` never reached the API,
// so that it is ours to choose where the API chose no other.
bool forwarding::owes_bearer_protocol() const noexcept
{
    return c_.policy.policy.tokens.websocket && tokens::offers_bearer(c_.space.request.fields) &&
           find(c_.space.response.fields, field_id::sec_websocket_protocol) == nullptr;
}

} // namespace scopegate::gate
