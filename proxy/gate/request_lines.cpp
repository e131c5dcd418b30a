#include "gate/request_lines.hpp"

#include "access/client_address.hpp"
#include "http/forward.hpp"
#include "http1/response_lines.hpp"
#include "tokens/token_places.hpp"

#include <algorithm>
#include <optional>

namespace scopegate::gate {

namespace {

using http::field_id;
using http1::find;

void line(std::string& out, std::string_view name, std::string_view value)
{
    out += name;
    out += value;
    out += "\r\n";
}

// X-Forwarded-For grows by the peer; what a trusted proxy says of the scheme and host stays.
void add_forwarded_lines(const exchange_context& c, bool trusted)
{
    auto& out = c.space.request_lines;
    const auto& fields = c.client.head().fields;
    out += "X-Forwarded-For: ";
    if (trusted)
        for (const auto& f : fields)
            if (f.id == field_id::x_forwarded_for && !f.underscore && !f.value.empty())
                out.append(f.value).append(", ");
    line(out, c.client.connection().peer->text, {});
    if (!trusted || find(fields, field_id::x_forwarded_proto) == nullptr)
        out += c.client.connection().tls ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n";
    if (!c.client.facts().host.empty() && (!trusted || find(fields, field_id::x_forwarded_host) == nullptr))
        line(out, "X-Forwarded-Host: ", c.client.facts().host);
}

// The Host of a request whose own does not go on, or that has none (HTTP/1.0): in absolute form its target
// names one.
std::string_view own_host_of(const exchange_context& c) noexcept
{
    const auto& set = c.policy.policy.upstream.host;
    if (!set.empty())
        return set;
    return c.client.facts().host.empty() ? std::string_view(c.policy.upstream_host) : c.client.facts().host;
}

// What goes on of a request whose token may be in other places than Authorization: what was taken is removed
// where it was, and with `authorization: strip` whatever may be a token; the subprotocol `bearer` never was
// the upstream's, whatever else an upgrade asks for.
class token_removal final {
public:
    token_removal(const exchange_context& c, const forwarded_request& request) noexcept
        : c_(c), places_(c.policy.policy.tokens), taken_(request.taken && !request.taken->from_header),
          strip_(request.settings.strip_authorization), anywhere_(taken_ || strip_),
          protocols_(places_.websocket)
    {
    }

    // The query that goes on, in the workspace where it differs.
    [[nodiscard]] std::string_view query(std::string_view as_it_came) const
    {
        if (!anywhere_ || places_.queries.empty())
            return as_it_came;
        c_.space.query.clear();
        tokens::append_query_without_tokens(as_it_came, places_.queries, c_.space.query);
        return c_.space.query;
    }

    // The fields that are not passed as they are; add_lines() adds what goes on of them.
    [[nodiscard]] http::field_set fields() const noexcept
    {
        http::field_set out;
        if (taken_)
            out.add(field_id::authorization);
        if (anywhere_ && !places_.cookies.empty())
            out.add(field_id::cookie);
        if (protocols_)
            out.add(field_id::sec_websocket_protocol);
        return out;
    }

    // `rules`: those of the request, before fields() was added to what is dropped.
    void add_lines(const http::request_rules& rules, std::string_view token) const
    {
        auto& out = c_.space.request_lines;
        if (taken_ && !strip_)
            line(out, "Authorization: Bearer ", token);
        const auto filter = http::forward_filter::of_request(c_.client.head(), rules);
        if (!filter)
            return;
        std::string left;
        for (const auto& f : c_.client.head().fields)
            if (f.id == field_id::cookie && fields().contains(f.id) && filter->keeps(f)) {
                left.clear();
                tokens::append_cookies_without_tokens(f.value, places_.cookies, left);
                if (!left.empty())
                    line(out, "Cookie: ", left);
            }
        if (!protocols_)
            return;
        left.clear();
        tokens::append_protocols_without_token(c_.client.head().fields, left);
        if (!left.empty())
            line(out, "Sec-WebSocket-Protocol: ", left);
    }

private:
    const exchange_context& c_;
    const policy::token_settings& places_;
    bool taken_;
    bool strip_;
    bool anywhere_;
    bool protocols_;
};

} // namespace

result<void> prepare_request(const exchange_context& c, const forwarded_request& request,
                             wire::upstream_side& to, const http::head_limits& limits)
{
    const auto& p = c.policy.policy;
    const auto& head = c.client.head();
    const auto& facts = c.client.facts();
    const bool trusted = access::is_trusted_proxy(p, *c.client.connection().peer);

    http::request_rules rules;
    rules.peer_trusted = trusted;
    rules.websocket = facts.opens_websocket;
    rules.identity = c.policy.identity_names;
    rules.also_drop = {field_id::x_forwarded_for, field_id::x_request_id};
    const bool strip = request.settings.strip_authorization;
    const bool as_bearer = p.tokens.dpop.as_bearer && request.token != nullptr && request.taken &&
                           request.taken->dpop; // proven: the upstream need not know how
    if (strip || as_bearer)
        rules.also_drop = rules.also_drop | http::field_set{field_id::authorization, field_id::dpop};
    const bool own_host = !p.upstream.host.empty() || find(head.fields, field_id::host) == nullptr;
    if (own_host)
        rules.also_drop.add(field_id::host);

    auto target = request.target;
    const auto plain_rules = rules;
    std::optional<token_removal> removal;
    if (!p.tokens.only_header()) {
        removal.emplace(c, request);
        target.query = removal->query(target.query);
        rules.also_drop = rules.also_drop | removal->fields();
    }

    auto& lines = c.space.request_lines;
    lines.clear();
    if (own_host)
        line(lines, "Host: ", own_host_of(c));
    if (as_bearer && !strip)
        line(lines, "Authorization: Bearer ", request.taken->text);
    if (removal)
        removal->add_lines(plain_rules, request.taken ? request.taken->text : std::string_view{});
    if (request.token != nullptr)
        lines += request.token->identity_lines;
    add_forwarded_lines(c, trusted);
    if (p.upstream.via) { // the version as received, RFC 9110 section 7.6.3
        lines.append("Via: ").append(facts.version).append(" scopegate\r\n");
    }
    line(lines, "X-Request-Id: ", request.request_id);
    return to.begin({head, rules, target, lines, facts}, limits);
}

} // namespace scopegate::gate
