#include "gate/request_lines.hpp"

#include "access/client_address.hpp"
#include "gate/workspace.hpp"
#include "http/forward.hpp"
#include "tokens/places/places.hpp"
#include "tokens/places/removal.hpp"

#include <algorithm>
#include <optional>

namespace scopegate::gate {

namespace {

using http::field_id;
using http::find;

void line(std::string& out, std::string_view name, std::string_view value)
{
    out += name;
    out += value;
    out += "\r\n";
}

// Appends the peer to X-Forwarded-For, and keeps the scheme and host that a trusted proxy reports.
void add_forwarded_lines(const exchange_context& c, const access::client_connection& client, bool trusted)
{
    auto& out = c.space.request_lines;
    const auto& fields = c.client.head().fields;
    out += "X-Forwarded-For: ";
    if (trusted)
        for (const auto& f : fields)
            if (f.id == field_id::x_forwarded_for && !f.underscore && !f.value.empty())
                out.append(f.value).append(", ");
    line(out, client.peer->text, {});
    if (!trusted || find(fields, field_id::x_forwarded_proto) == nullptr)
        out += client.tls ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n";
    const auto host = c.client.facts().host;
    if (!host.empty() && (!trusted || find(fields, field_id::x_forwarded_host) == nullptr))
        line(out, "X-Forwarded-Host: ", host);
}

// Returns the Host for a request whose own is not forwarded, or that has none (HTTP/1.0). A target in
// absolute form names one.
std::string_view own_host_of(const exchange_context& c) noexcept
{
    const auto& set = c.policy.policy.upstream.host;
    if (!set.empty())
        return set;
    return c.client.facts().host.empty() ? std::string_view(c.policy.upstream_host) : c.client.facts().host;
}

} // namespace

result<void> prepare_request(const exchange_context& c, const forwarded_request& request,
                             wire::upstream_side& to, const http::head_limits& limits)
{
    const auto& p = c.policy.policy;
    const auto& head = c.client.head();
    const auto& facts = c.client.facts();
    const auto client = c.client.connection();
    const bool trusted = access::is_trusted_proxy(p, *client.peer);

    http::request_rules rules;
    rules.peer_trusted = trusted;
    rules.websocket = facts.opens_websocket;
    rules.identity = c.policy.identity_names;
    if (p.server.client_cert.alone)
        rules.certificate = p.server.client_cert.name;
    rules.also_drop = {field_id::x_forwarded_for, field_id::x_request_id};
    const bool strip = request.settings.strip_authorization;
    const bool as_bearer = p.tokens.dpop.as_bearer && request.token != nullptr && request.taken &&
                           request.taken->dpop; // the proof was checked here
    if (strip || as_bearer)
        rules.also_drop = rules.also_drop | http::field_set{field_id::authorization, field_id::dpop};
    const bool own_host = !p.upstream.host.empty() || find(head.fields, field_id::host) == nullptr;
    if (own_host)
        rules.also_drop.add(field_id::host);

    auto target = request.target;
    std::optional<http::request_rules> plain_rules; // set together with `removal`
    std::optional<tokens::places::removal> removal;
    if (!tokens::places::all::only_header(p.tokens)) {
        removal.emplace(p.tokens, head.fields, request.taken ? &*request.taken : nullptr, strip);
        target.query = removal->query(target.query, c.space.query);
        plain_rules = rules;
        rules.also_drop = rules.also_drop | removal->withheld();
    }

    auto& lines = c.space.request_lines;
    lines.clear();
    if (own_host)
        line(lines, "Host: ", own_host_of(c));
    if (as_bearer && !strip)
        tokens::places::header::append_line(request.taken->text, lines);
    if (removal) {
        const auto filter = http::forward_filter::of_request(head, *plain_rules);
        if (!filter)
            return filter.error();
        removal->append_lines(lines, *filter);
    }
    if (request.token != nullptr)
        lines += request.token->identity_lines;
    add_forwarded_lines(c, client, trusted);
    const bool usual = facts.version == "1.1"; // Via has the version as received, RFC 9110 section 7.6.3
    if (p.upstream.via && !usual)
        lines.append("Via: ").append(facts.version).append(" scopegate\r\n");
    line(lines, p.upstream.via && usual ? "Via: 1.1 scopegate\r\nX-Request-Id: " : "X-Request-Id: ",
         request.request_id);
    return to.begin({head, rules, target, lines, facts}, limits);
}

} // namespace scopegate::gate
