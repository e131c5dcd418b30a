#include "cli/presented_request.hpp"

#include "access/client_address.hpp"
#include "base/percent.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/commands.hpp"
#include "http/chars.hpp"
#include "http/forward.hpp"
#include "http/framing.hpp"
#include "jose/claims.hpp"
#include "tokens/introspection.hpp"
#include "tokens/issuer_rules.hpp"
#include "tokens/places/places.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::cli {

namespace {

// Returns the authority of an absolute-form target. Empty for a mere path, which leaves the host open.
std::string_view host_of(std::string_view target) noexcept
{
    const auto parts = split_url(target);
    return parts ? parts->authority : std::string_view{};
}

} // namespace

presented_request::presented_request(std::string_view method, std::string_view target)
    : method_(method), builder_{std::string(target), {}}
{
}

void presented_request::add_header(std::string_view line)
{
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || line.find_first_of("\r\n") != std::string_view::npos ||
        !http::is_token(line.substr(0, colon)))
        throw usage_error("--header needs a name and a value, such as 'Origin: https://app.example'");
    const auto value = line.substr(colon + 1);
    builder_.add(line.substr(0, colon), value.substr(std::min(value.find_first_not_of(" \t"), value.size())));
}

void presented_request::set_peer(const std::string& address)
{
    const auto parsed = net::parse_address(address);
    if (!parsed)
        throw usage_error("--from needs an IP address, not '" + address + "'");
    auto& peer = peer_.emplace();
    peer.text = address;
    peer.is_ip = true;
    peer.address = *parsed;
}

void presented_request::add_token(const policy::token_settings& from, std::string_view token)
{
    bool done = false;
    tokens::places::all::for_each_configured(from, [&]<class Place>() {
        if (!std::exchange(done, true))
            Place::put(from, token, builder_);
    });
}

result<access::question> presented_request::as_question(const policy::policy& p)
{
    head_ = {};
    if (const auto parsed = http::parse_field_lines(builder_.lines, 0, head_.fields); !parsed)
        throw usage_error("a --header is malformed (" + std::string(name(parsed.error().detail)) + ")");
    head_.method = method_;
    head_.target = builder_.target;
    head_.minor = 1;
    auto framed_head = head_;
    const auto authority = host_of(builder_.target);
    const bool names_host = http::find(head_.fields, http::field_id::host) != nullptr;
    if (!names_host) { // the proxy wants one, and here it may be left open
        auto& host = framed_head.fields.emplace_back();
        host.name = "Host";
        host.id = http::field_id::host;
        host.value = authority.empty() ? "localhost" : authority;
    }
    const auto framed = http::frame_request(framed_head);
    if (!framed)
        return framed.error();
    access::question asked;
    asked.method = method_;
    asked.target = builder_.target;
    asked.host = names_host ? framed->host : authority;
    asked.fields = &head_.fields;
    asked.client.tls = p.server.tls.has_value();
    if (peer_)
        asked.client.peer = &*peer_;
    asked.websocket = framed->upgrade_websocket;
    return asked;
}

result<void> presented_request::forward(const policy::policy& p) const
{
    http::request_rules rules;
    rules.peer_trusted = peer_ && access::is_trusted_proxy(p, *peer_);
    if (p.server.client_cert.alone)
        rules.certificate = p.server.client_cert.name;
    const auto filter = http::forward_filter::of_request(head_, rules);
    return filter ? result<void>() : filter.error();
}

std::optional<std::size_t> issuer_in(const policy::policy& p, const json::value& claims)
{
    if (const auto named = p.issuer_named(tokens::iss_of(claims)))
        return named;
    const auto found = tokens::issuer_of(p, claims); // a trust domain, which the subject names
    return found ? std::optional(*found) : std::nullopt;
}

std::optional<std::size_t> issuer_in(const policy::policy& p, std::string_view token)
{
    const auto rest = token.substr(std::min(token.find('.'), token.size() - 1) + 1);
    const auto claims = tokens::object_in(rest.substr(0, rest.find('.')));
    return claims ? issuer_in(p, *claims) : std::nullopt;
}

} // namespace scopegate::cli
