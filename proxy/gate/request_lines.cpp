#include "gate/request_lines.hpp"

#include "access/client_address.hpp"
#include "http/forward.hpp"
#include "tokens/places/places.hpp"
#include "tokens/places/removal.hpp"

#include <algorithm>
#include <optional>

namespace scopegate::gate {

namespace {

using http::field_id;

const http::field* find(const http::field_list& fields, field_id id) noexcept
{
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [id](const http::field& f) { return f.id == id && !f.underscore; });
    return found == fields.end() ? nullptr : &*found;
}

void line(std::string& out, std::string_view name, std::string_view value)
{
    out += name;
    out += value;
    out += "\r\n";
}

// The line as it came, where nothing had to change: then it and the fields behind it go out as one piece.
void add_request_line(net::gather& out, const http::request_head& head, const http::request_target& target)
{
    constexpr std::string_view version = " HTTP/1.1\r\n";
    const auto* const behind =
        head.target.data() + head.target.size(); // the parsed line goes on: version and CRLF
    if (target.path.data() == head.target.data() &&
        target.path.size() + target.query.size() == head.target.size() &&
        std::string_view(behind, version.size()) == version) {
        out.add({head.method.data(), static_cast<std::size_t>(behind - head.method.data()) + version.size()});
        return;
    }
    out.add(head.method);
    out.add(" ");
    out.add(target.path);
    out.add(target.query);
    out.add(version);
}

// X-Forwarded-For grows by the peer; what a trusted proxy says of the scheme and host stays.
void add_forwarded_lines(const exchange_context& c, const forwarded_request& request, bool trusted)
{
    auto& out = c.space.lines;
    const auto& fields = c.space.request.fields;
    out += "X-Forwarded-For: ";
    if (trusted)
        for (const auto& f : fields)
            if (f.id == field_id::x_forwarded_for && !f.underscore && !f.value.empty())
                out.append(f.value).append(", ");
    line(out, c.peer.text, {});
    if (!trusted || find(fields, field_id::x_forwarded_proto) == nullptr)
        out += c.downstream.tls() != nullptr ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n";
    if (!request.framing.host.empty() && (!trusted || find(fields, field_id::x_forwarded_host) == nullptr))
        line(out, "X-Forwarded-Host: ", request.framing.host);
}

// The Host of a request whose own does not go on, or that has none (HTTP/1.0): in absolute form its target
// names one.
std::string_view own_host_of(const exchange_context& c, const forwarded_request& request) noexcept
{
    const auto& set = c.policy.policy.upstream.host;
    if (!set.empty())
        return set;
    return request.framing.host.empty() ? std::string_view(c.policy.upstream_host) : request.framing.host;
}

void add_framing_lines(const exchange_context& c, const forwarded_request& request)
{
    switch (request.framing.body.kind) {
    case http::body_kind::length:
        line(c.space.lines,
             "Content-Length: ", find(c.space.request.fields, field_id::content_length)->value);
        break;
    case http::body_kind::chunked:
        c.space.lines += "Transfer-Encoding: chunked\r\n";
        break;
    case http::body_kind::none:
    case http::body_kind::until_close:
        break;
    }
    if (request.framing.upgrade_websocket)
        c.space.lines += "Connection: Upgrade\r\n";
    if (request.framing.expect_continue)
        c.space.lines += "Expect: 100-continue\r\n";
}

} // namespace

result<void> compose_request_head(const exchange_context& c, const forwarded_request& request)
{
    const auto& p = c.policy.policy;
    const auto& head = c.space.request;
    const bool trusted = access::is_trusted_proxy(p, c.peer);

    http::request_rules rules;
    rules.peer_trusted = trusted;
    rules.websocket = request.framing.upgrade_websocket;
    rules.identity = c.policy.identity_names;
    rules.also_drop = {field_id::x_forwarded_for, field_id::x_request_id};
    const bool strip = p.upstream.strip_authorization;
    const bool as_bearer = p.tokens.dpop.as_bearer && request.token != nullptr && request.taken &&
                           request.taken->dpop; // proven: the API need not know how
    if (strip || as_bearer)
        rules.also_drop = rules.also_drop | http::field_set{field_id::authorization, field_id::dpop};
    const bool own_host = !p.upstream.host.empty() || find(head.fields, field_id::host) == nullptr;
    if (own_host)
        rules.also_drop.add(field_id::host);

    auto target = request.target;
    const auto plain_rules = rules;
    std::optional<tokens::places::removal> removal;
    if (!tokens::places::all::only_header(p.tokens)) {
        removal.emplace(p.tokens, head.fields, request.taken ? &*request.taken : nullptr, strip);
        target.query = removal->query(target.query, c.space.query);
        rules.also_drop = rules.also_drop | removal->withheld();
    }

    auto& out = c.space.to_upstream;
    out.clear();
    add_request_line(out, head, target);
    bool fits = true;
    const auto kept =
        http::collect_forwarded(head, rules, [&](std::string_view run) { fits = fits && out.add(run); });
    if (!kept)
        return kept.error();
    if (!fits ||
        !out.has_room(2)) // more scattered pieces than one write takes: no honest request looks like this
        return failure(reason::malformed_request, cause::scattered_headers);

    auto& lines = c.space.lines;
    lines.clear();
    if (own_host)
        line(lines, "Host: ", own_host_of(c, request));
    add_framing_lines(c, request);
    if (as_bearer && !strip)
        tokens::places::header::append_line(request.taken->text, lines);
    if (removal) {
        const auto filter = http::forward_filter::of_request(head, plain_rules);
        if (!filter)
            return filter.error();
        removal->append_lines(lines, *filter);
    }
    if (request.token != nullptr)
        lines += request.token->identity_lines;
    add_forwarded_lines(c, request, trusted);
    if (c.policy.policy.upstream.via)
        lines += head.minor == 0 ? "Via: 1.0 scopegate\r\n"
                                 : "Via: 1.1 scopegate\r\n"; // as received, RFC 9110 7.6.3
    line(lines, "X-Request-Id: ", request.request_id);
    lines += "\r\n";
    out.add(lines);
    return {};
}

} // namespace scopegate::gate
