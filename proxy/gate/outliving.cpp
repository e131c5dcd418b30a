// Responses that outlive their request, WebSocket tunnels and event streams: when they end, and why.
#include "access/client_address.hpp"
#include "base/text.hpp"
#include "gate/forwarding.hpp"
#include "gate/response_head.hpp"
#include "gate/tunnel.hpp"
#include "gate/worker.hpp"
#include "http/forward.hpp"
#include "observe/http_date.hpp"
#include "tokens/places/websocket.hpp"

namespace scopegate::gate {

using http::field_id;

namespace {

// Some issuers write a year of four nines for "never". Arithmetic with such a time overflows: it is no end.
bool ends(const tokens::validated_token* token)
{
    constexpr auto century = std::chrono::hours(24 * 365 * 100);
    return token != nullptr && token->expires - observe::wall_now() < century;
}

} // namespace

// When a stream that outlives its request has to end: with its token, or with its connection where it has
// none, or one that never expires.
steady_time forwarding::expiry() const
{
    if (!ends(request_.token))
        return c_.connection_end;
    return std::chrono::steady_clock::now() + (request_.token->expires - observe::wall_now());
}

lasting_end forwarding::expiry_kind() const noexcept
{
    return ends(request_.token) ? token_has_expired() : connection_is_too_old();
}

lasting_permit forwarding::what_lasts(bool is_tunnel) const noexcept
{
    return {c_.space.request.method,
            request_.judged_path,
            request_.taken ? request_.taken->text : std::string_view{},
            c_.admission,
            c_.policy.serial(),
            is_tunnel,
            access::client_address(c_.policy.policy, c_.peer, c_.space.request.fields)};
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
    add_status_line(out, {c_.space.response_bytes.data(), head_bytes_});
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
    failure wrong(reason::allowed);
    if (protocol == nullptr || !iequals(protocol->value, "websocket"))
        wrong = {reason::upstream_bad_answer, cause::bad_upgrade};
    else if (!kept)
        wrong = kept.error();
    else if (!fits || !out.add("Connection: Upgrade\r\n\r\n"))
        wrong = {reason::upstream_bad_answer, cause::scattered_headers};
    if (wrong.why != reason::allowed) {
        result_.why = wrong;
        co_return;
    }
    result_.responded = true;
    result_.status = head.status;
    result_.upstream = std::chrono::duration_cast<std::chrono::microseconds>(c_.at.turns().now() - sent_at_);
    const auto& timeouts = c_.policy.policy.server.timeouts;
    const auto sent = co_await out.send(c_.downstream, timeouts.body);
    if (sent != net::transfer::status::done) {
        result_.why = reason::client_gone;
        co_return;
    }
    const std::string_view first_bytes(c_.space.response_bytes.data() + head_bytes_,
                                       head_buffered_ - head_bytes_);
    tunnel way(c_.downstream, *upstream_, timeouts.stream, expiry(), expiry_kind(), c_.space.buffers);
    const lasting open(c_.at, what_lasts(true), [&way](lasting_end how) { way.expire(how); });
    if (c_.at.draining())
        way.expire(server_shuts_down());
    const auto end =
        co_await way.run(after_body_, c_.space.upload_bytes, first_bytes, c_.space.response_bytes);
    if (end == tunnel_end::expired)
        result_.why = way.ending().why;
    result_.then = disposition::linger;
}

// A browser that offered subprotocols gives up where none of them is chosen. `bearer` never reached the API,
// so that it is ours to choose where the API chose no other.
bool forwarding::owes_bearer_protocol() const noexcept
{
    return tokens::places::websocket::offers_bearer(c_.policy.policy.tokens, c_.space.request.fields) &&
           find(c_.space.response.fields, field_id::sec_websocket_protocol) == nullptr;
}

} // namespace scopegate::gate
