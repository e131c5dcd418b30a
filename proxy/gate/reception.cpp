#include "gate/reception.hpp"

#include "base/text.hpp"
#include "gate/worker.hpp"
#include "http/forward.hpp"
#include "observe/http_date.hpp"
#include "responses/cors.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace scopegate::gate {

namespace {

using http::field_id;
using http::find;
using body_kind = wire::response_body::kind;

// Interim responses (1xx) before the final one; more are an endless stream of nothing.
constexpr int max_interim = 32;

// Returns whether the response must be marked private. Shared caches keep no response to a request with
// Authorization (RFC 9111 section 3.5), but a token in another place does not tell them (RFC 6750
// section 2.3).
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

// Returns the names in a response's Connection, whose fields and trailers end at this hop (RFC 9110 section
// 7.6.1). They are copied, because the body takes the head's place.
std::vector<std::string> named_in_connection(const http::field_list& fields)
{
    std::vector<std::string> names;
    for (const auto& f : fields)
        if (f.id == field_id::connection)
            http::for_each_element(f.value, [&](std::string_view option) { names.emplace_back(option); });
    return names;
}

} // namespace

net::task<void> reception::run()
{
    for (int interim = 0; interim <= max_interim; ++interim) {
        const auto received = co_await receive_head();
        if (!received) {
            result_.why = received.error();
            co_return;
        }
        const auto status = from_.head().status;
        if (status >= 200)
            co_return co_await pass_response();
        if (status == 101 && c_.client.facts().opens_websocket)
            co_return co_await pass_tunnel();
        const auto passed = co_await pass_interim();
        if (!passed) {
            result_.why = passed.error();
            co_return;
        }
    }
    result_.why = bad_response(cause::too_many_interim_responses);
}

net::task<result<void>> reception::receive_head()
{
    for (;;) {
        const auto whole = from_.take_head();
        if (!whole)
            co_return whole.error();
        if (*whole)
            co_return {};
        if (up_.has_failed() || watch_.was_gone()) // possibly before this wait began
            co_return wait_failure(net::readiness::closed);
        const auto woken = co_await from_.readable(response_due());
        if (woken != net::readiness::ready)
            co_return wait_failure(woken);
        const auto filled = from_.fill_head();
        if (!filled)
            co_return filled.error();
    }
}

// Returns when the wait for more of the head ends. While the upload runs, its own timeouts count instead.
steady_time reception::response_due() const noexcept
{
    const auto due =
        up_.is_running() ? net::no_deadline : up_.sent_at() + request_.settings.timeouts.upstream_response;
    return std::min(due, watch_.half_closed_until());
}

// Returns why a wait for the response ended without one.
failure reception::wait_failure(net::readiness woken) const noexcept
{
    switch (up_.end()) {
    case relay_end::source_late:
        return {reason::request_timeout, cause::timeouts_body};
    case relay_end::source_slow:
        return {reason::request_timeout, cause::slow_body};
    case relay_end::source_cut:
        return reason::client_gone;
    case relay_end::source_malformed:
        return c_.client.fault();
    case relay_end::too_large:
        return {reason::body_too_large, cause::limits_body};
    case relay_end::sink_late:
        return {reason::upstream_timeout, cause::timeouts_body};
    case relay_end::complete:
    case relay_end::sink_gone:
    case relay_end::expired: // of responses only
        break;
    }
    if (watch_.was_gone() || watch_.half_close_is_over())
        return reason::client_gone;
    if (woken == net::readiness::timed_out)
        return {reason::upstream_timeout, cause::timeouts_upstream_response};
    return {reason::upstream_unreachable, cause::reset_connection};
}

// An interim response goes on to those that know them (RFC 9110 section 15.2), and makes room for the next.
net::task<result<void>> reception::pass_interim()
{
    const auto framed = from_.frame(c_.client.head().method, false);
    if (!framed)
        co_return framed.error();
    const auto status = from_.head().status;
    if (status == 101) // no upgrade was asked for
        co_return bad_response(cause::unexpected_upgrade);
    if (status == 100)
        up_.expect_body();
    const auto begun = c_.client.begin_interim(from_.head());
    if (!begun)
        co_return begun.error();
    const auto sent = co_await wire::flush_all(c_.client, request_.settings.timeouts.body);
    if (sent != wire::flush_result::done)
        co_return failure(reason::client_gone);
    from_.drop_head();
    co_return {};
}

// Returns the lines with the client's next nonce. They replace the upstream's own nonce if the file asks for
// ours. Otherwise the upstream's is kept: a client that never gets it could never satisfy the upstream.
std::string_view reception::nonce_lines() const noexcept
{
    const bool yields = !request_.nonce_lines.empty() && !c_.policy.policy.tokens.dpop.nonce &&
                        find(from_.head().fields, field_id::dpop_nonce) != nullptr;
    return yields ? std::string_view{} : request_.nonce_lines;
}

http::response_rules reception::rules(std::string_view nonce_lines) noexcept
{
    http::response_rules rules;
    if (!nonce_lines.empty())
        rules.also_drop.add(field_id::dpop_nonce);
    return rules;
}

// Trailers need a body that the client receives without a length.
bool reception::passes_trailers(const wire::response_body& body) const noexcept
{
    return body.how == body_kind::unknown && c_.client.facts().accepts_trailers;
}

void reception::note_response() noexcept
{
    result_.responded = true;
    result_.status = from_.head().status;
    result_.upstream = std::chrono::duration_cast<std::chrono::microseconds>(c_.at.now() - up_.sent_at());
}

result<wire::response_body> reception::begin_response()
{
    const auto& head = from_.head();
    const auto& request = c_.client.head();
    const auto body = from_.frame(request.method, c_.client.facts().accepts_trailers);
    if (!body)
        return body.error();
    const auto nonce = nonce_lines();
    auto passed = rules(nonce);
    passed.trailers = passes_trailers(*body);
    auto& own = c_.space.response_own_lines;
    own.clear();
    own += nonce;
    responses::append_cors_fields(c_.policy.policy.cors, request.fields, head.fields, own);
    if (find(head.fields, field_id::date) == nullptr) // RFC 9110 section 6.6.1
        own.append("Date: ").append(observe::http_date(observe::wall_now())).append("\r\n");
    if (lacks_privacy(head, request_.taken))
        own += "Cache-Control: private\r\n";
    // An upstream that refuses a body, or has responded whole, before the body is there does not want the
    // rest.
    const bool ends_early = up_.is_running() && (head.status >= 400 || from_.is_received_whole());
    const auto begun =
        c_.client.begin_response({head, passed, own, *body, ends_early || up_.end() != relay_end::complete});
    if (!begun)
        return begun.error();
    return body;
}

net::task<void> reception::pass_response()
{
    const auto body = begin_response();
    if (!body) {
        result_.why = body.error();
        co_return;
    }
    note_response();
    up_.take_time();
    std::optional<trailer_filter> trailers;
    if (passes_trailers(*body))
        trailers.emplace(c_.policy.identity_names, named_in_connection(from_.head().fields));
    relay_options options{{}, request_.settings.timeouts.body};
    options.trailers = trailers ? &*trailers : nullptr;
    options.moved = &result_.bytes_out;
    const bool streams = is_event_stream(from_.head());
    if (streams) {
        options.not_after = expiry();
        events_end_ = expiry_kind();
    }
    const auto relaying = watch_.relays(options, streams);
    std::optional<lasting> events;
    if (streams)
        events.emplace(c_.at, what_lasts(false), [this, &options](lasting_end how) {
            events_end_ = how;
            options.not_after = std::chrono::steady_clock::now();
            from_.interrupt(wire::direction::read, net::readiness::timed_out); // last: it may free us
        });
    // The whole of a small response goes out in one write; a larger one is relayed.
    const auto [state, bytes] = move_received(from_, c_.client, options.trailers);
    result_.bytes_out += bytes;
    if (state == wire::body_state::malformed) { // before any of it was sent
        result_.responded = false;
        result_.why = bad_response(from_.fault().detail);
        co_return;
    }
    // A body that goes on is relayed at once: whatever ends it meanwhile must find the relay waiting.
    if (state == wire::body_state::complete)
        co_await c_.at.scheduler().flush_point();
    auto end = relay_end::complete;
    if (state != wire::body_state::complete || c_.client.flush() != wire::flush_result::done)
        end = co_await relay_body(from_, c_.client, options);
    if (end == relay_end::complete)
        co_return;
    result_.why = cut_short(end); // the client must be able to tell
    c_.client.cut_response();
}

// Returns why a response ended before its body did.
failure reception::cut_short(relay_end end) const noexcept
{
    if (end == relay_end::sink_gone || end == relay_end::sink_late || watch_.was_gone())
        return reason::client_gone;
    if (end == relay_end::expired)
        return events_end_.why;
    if (end == relay_end::source_cut && up_.has_failed()) // which has ended the response too
        return wait_failure(net::readiness::closed);
    if (end == relay_end::source_malformed)
        return bad_response(from_.fault().detail);
    return end == relay_end::source_late ? watch_.late_body() : bad_response(cause::cut_body);
}

} // namespace scopegate::gate
