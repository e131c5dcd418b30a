// Responses that outlive their request (WebSocket tunnels and event streams): when they end, and why.
#include "access/client_address.hpp"
#include "base/text.hpp"
#include "gate/reception.hpp"
#include "gate/tunnel.hpp"
#include "gate/worker.hpp"
#include "http/forward.hpp"
#include "observe/http_date.hpp"
#include "tokens/places/websocket.hpp"

#include <algorithm>

namespace scopegate::gate {

using http::field_id;
using http::find;

namespace {

// Some issuers write the year 9999 for "never". Arithmetic with such a time overflows: it counts as no end.
bool ends(const tokens::validated_token* token)
{
    constexpr auto century = std::chrono::hours(24 * 365 * 100);
    return token != nullptr && token->expires - observe::wall_now() < century;
}

} // namespace

// Returns when such a response has to end: with its token or with its connection, whichever is first.
steady_time reception::expiry() const
{
    if (!ends(request_.token))
        return c_.connection_end;
    const steady_time with_token =
        std::chrono::steady_clock::now() + (request_.token->expires - observe::wall_now());
    return std::min(with_token, c_.connection_end);
}

lasting_end reception::expiry_kind() const noexcept
{
    return expiry() < c_.connection_end ? token_has_expired() : connection_is_too_old();
}

lasting_permit reception::what_lasts(bool is_tunnel) const noexcept
{
    const auto& head = c_.client.head();
    return {head.method,
            request_.judged_path,
            request_.taken ? request_.taken->text : std::string_view{},
            c_.admission,
            c_.policy.serial(),
            is_tunnel,
            access::client_address(c_.policy.policy, *c_.client.connection().peer, head.fields)};
}

result<void> reception::begin_tunnel()
{
    const auto& head = from_.head();
    const auto* protocol = find(head.fields, field_id::upgrade);
    // While the request is still being sent, a second sender would wait for the same connection.
    if (protocol == nullptr || !iequals(protocol->value, "websocket") || up_.is_running())
        return failure(reason::upstream_bad_answer, cause::bad_upgrade);
    const auto nonce = nonce_lines();
    auto passed = rules(nonce);
    passed.websocket = true;
    auto& own = c_.space.response_own_lines;
    own.assign(nonce);
    if (const auto ours = protocol_to_choose(); !ours.empty())
        own.append("Sec-WebSocket-Protocol: ").append(ours).append("\r\n");
    return c_.client.begin_tunnel({head, passed, own, {}});
}

// Relays bytes in both directions as they arrive, after the upstream has accepted a WebSocket.
net::task<void> reception::pass_tunnel()
{
    if (const auto begun = begin_tunnel(); !begun) {
        result_.why = begun.error();
        co_return;
    }
    note_response();
    const auto& timeouts = request_.settings.timeouts;
    const auto sent = co_await wire::flush_all(c_.client, timeouts.body);
    if (sent != wire::flush_result::done) {
        result_.why = reason::client_gone;
        c_.client.cut_response();
        co_return;
    }
    from_.begin_tunnel();
    tunnel way(c_.client, from_, timeouts.stream, expiry(), expiry_kind());
    const lasting open(c_.at, what_lasts(true), [&way](lasting_end how) { way.expire(how); });
    if (c_.at.draining())
        way.expire(server_shuts_down());
    const auto end = co_await way.run();
    result_.bytes_in += way.bytes_in();
    result_.bytes_out += way.bytes_out();
    if (end == tunnel_end::expired)
        result_.why = way.ending().why;
}

// A browser that offered subprotocols fails the connection if none is chosen. Those of the token were for us,
// so we choose one if the upstream chose no other. Empty: choose nothing.
std::string_view reception::protocol_to_choose() const noexcept
{
    if (find(from_.head().fields, field_id::sec_websocket_protocol) != nullptr)
        return {};
    return tokens::places::websocket::own_choice(c_.policy.policy.tokens, c_.client.head().fields);
}

} // namespace scopegate::gate
