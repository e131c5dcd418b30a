#include "access/authorities.hpp"

#include "access/client_address.hpp"
#include "base/text.hpp"
#include "http/host.hpp"
#include "http/target_uri.hpp"

#include <algorithm>

namespace scopegate::access {

namespace {

using http::field_id;

// The scheme is not compared: a client that writes the default port, and one that leaves it out, mean the
// same.
bool is_listed(const policy::policy& p, std::string_view host) noexcept
{
    const auto& all = p.server.authorities;
    return http::is_host(host) &&
           std::any_of(all.begin(), all.end(), [host](const policy::own_authority& own) {
               return http::same_origin(own.authority, host, false) ||
                      http::same_origin(own.authority, host, true);
           });
}

// Returns the scheme and authority that the client used. If a trusted proxy contradicts itself, the authority
// is empty, and no URI names it.
http::target_uri seen_by_client(const policy::policy& p, const question& request, std::string_view path)
{
    http::target_uri seen{request.client.tls, request.host, {}, path};
    if (!speaks_for_clients(p, request.client))
        return seen;
    if (const auto host = only_value(*request.fields, field_id::x_forwarded_host))
        seen.authority = *host;
    if (const auto scheme = only_value(*request.fields, field_id::x_forwarded_proto)) {
        seen.tls = iequals(*scheme, "https");
        if (!seen.tls && !iequals(*scheme, "http"))
            seen.authority = {};
    }
    return seen;
}

} // namespace

bool speaks_for_clients(const policy::policy& p, const client_connection& client) noexcept
{
    return client.peer != nullptr && is_trusted_proxy(p, *client.peer);
}

bool is_misdirected(const policy::policy& p, const question& request) noexcept
{
    if (p.server.hosts.empty() || request.host.empty() || is_listed(p, request.host))
        return false;
    const auto forwarded = request.fields != nullptr && speaks_for_clients(p, request.client)
                               ? only_value(*request.fields, field_id::x_forwarded_host)
                               : std::nullopt;
    return !forwarded || !is_listed(p, *forwarded);
}

bool names_request(std::string_view uri, const policy::policy& p, const question& request,
                   std::string_view path, std::string& scratch)
{
    const auto written = http::read_target_uri(uri, p.paths, scratch);
    if (!written)
        return false;
    const auto seen = seen_by_client(p, request, path);
    if (seen.authority.empty() && !request.host.empty()) // trusted proxies contradict themselves
        return false;
    const auto& own = p.server.authorities;
    if (own.empty())
        return http::names_target(*written, seen);
    return std::any_of(own.begin(), own.end(), [&](const policy::own_authority& name) {
        const http::target_uri known{name.tls.value_or(seen.tls), name.authority, name.prefix, path};
        return http::names_target(*written, known);
    });
}

origin_match match_origin(const policy::policy& p, const question& request, std::string_view origin) noexcept
{
    constexpr std::string_view secure = "https://", plain = "http://";
    const bool tls = origin.starts_with(secure);
    if (!tls && !origin.starts_with(plain))
        return origin_match::foreign;
    const auto authority = origin.substr(tls ? secure.size() : plain.size());
    if (!http::is_host(authority))
        return origin_match::foreign;
    const auto& outside = p.server.external_url;
    if (outside && outside->tls == tls && http::same_origin(authority, outside->authority, tls))
        return origin_match::own;
    const auto seen = seen_by_client(p, request, {});
    if (!http::is_host(seen.authority) || !http::same_origin(authority, seen.authority, tls))
        return origin_match::foreign;
    // For the authority of external_url its scheme applies, and the origin has the other one.
    if (outside && http::same_origin(seen.authority, outside->authority, outside->tls))
        return origin_match::foreign;
    const bool told =
        request.client.tls || (speaks_for_clients(p, request.client) &&
                               only_value(*request.fields, field_id::x_forwarded_proto).has_value());
    if (!told)
        return origin_match::own_host;
    return seen.tls == tls ? origin_match::own : origin_match::foreign;
}

} // namespace scopegate::access
