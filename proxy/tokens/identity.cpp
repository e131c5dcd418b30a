#include "tokens/identity.hpp"

#include "http/fields.hpp"
#include "observe/log.hpp"
#include "tokens/identity_value.hpp"
#include "tokens/places/places.hpp"
#include "tokens/unverified.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::tokens {

namespace {

using source = policy::identity_header::source;

const json::value* client_claim(const json::value& claims)
{
    const json::value* found = nullptr;
    for (const auto name : {"azp", "client_id"})
        if (const auto* claim = claims.find(name); claim != nullptr && claim->scalar_text())
            found = claim;
    return found;
}

json::value names_of(const policy::policy& p, const policy::scope_set& scopes)
{
    json::array names;
    scopes.for_each([&](policy::scope_id id) { names.emplace_back(p.scopes[id].name); });
    return json::value(std::move(names));
}

// An upstream that misses a header of a signed-in user can't tell why. The log can. The value may be private.
void report_left_out(const policy::policy& p, const policy::identity_header& header, const json::value& value,
                     std::string_view why)
{
    if (p.log.at == policy::log_settings::level::debug)
        observe::log_repeated(
            observe::level::warn, "identity_header_left_out",
            {{"header", header.name}, {"why", why}, {"value", printable(json::serialize(value))}});
    else
        observe::log_repeated(observe::level::warn, "identity_header_left_out",
                              {{"header", header.name}, {"why", why}});
}

// Returns how many bytes the identity headers of a request may have. An encoding makes a claim up to six
// times as long, and the file may name it several times.
std::size_t most_bytes(const policy::policy& p) noexcept
{
    constexpr std::size_t most = 63 * 1024;
    const auto limit = p.server.limits.headers;
    return limit == 0 ? most : limit;
}

// Appends the header's line, or nothing.
void append_line(const policy::policy& p, const policy::identity_header& header, const json::value& value,
                 std::string& lines)
{
    const auto line = lines.size();
    lines.append(header.name).append(": ");
    const auto begin = lines.size();
    auto why = append_identity_value(header, value, lines);
    const bool empty = lines.size() == begin;
    lines += "\r\n";
    if (why.empty() && !empty && lines.size() > most_bytes(p))
        why = "the identity headers would exceed server.limits.headers";
    if (!why.empty())
        report_left_out(p, header, value, why);
    if (!why.empty() || empty)
        lines.resize(line);
}

bool sets_issuer_header(const policy::policy& p) noexcept
{
    const auto& headers = p.upstream.headers;
    return std::any_of(headers.begin(), headers.end(), [](const policy::identity_header& h) {
        return http::same_field_name(h.name, issuer_header);
    });
}

// Returns the issuer's name, or nothing if all tokens have the same issuer. The name of a tenant of
// `tenants: any` is the token's own.
std::string_view name_in_header(const policy::policy& p, std::size_t issuer, const json::value& claims)
{
    if (issuer >= p.issuers.size())
        return {};
    const auto& settings = p.issuers[issuer];
    if (!settings.any_tenant())
        return p.issuers.size() > 1 ? std::string_view(settings.issuer) : std::string_view{};
    const auto* iss = claims.find("iss");
    const auto* name = iss != nullptr ? iss->if_string() : nullptr;
    return name != nullptr && settings.is_named(*name) ? std::string_view(*name) : std::string_view{};
}

} // namespace

std::vector<std::string> identity_names(const policy::policy& p)
{
    std::vector<std::string> names;
    for (const auto& header : p.upstream.headers)
        names.push_back(header.name);
    if (!sets_issuer_header(p))
        names.emplace_back(issuer_header);
    places::all::for_each([&]<class Place>() {
        if constexpr (places::strips_names<Place>)
            for (const auto& name : Place::names(p.tokens))
                names.push_back(name);
    });
    return names;
}

std::string identity_lines(const policy::policy& p, std::size_t issuer, const json::value& claims,
                           const policy::scope_set& effective)
{
    std::string lines;
    for (const auto& header : p.upstream.headers) {
        if (header.from == source::scopes)
            append_line(p, header, names_of(p, effective), lines);
        else if (const auto* claim =
                     header.from == source::claim ? header.claim.find(claims) : client_claim(claims))
            append_line(p, header, *claim, lines);
    }
    // Which issuer vouches for the rest must never be missing for lack of space.
    if (const auto name = name_in_header(p, issuer, claims); !name.empty() && !sets_issuer_header(p)) {
        std::string last;
        append_line(p, {.name = std::string(issuer_header), .claim = {}}, json::value(std::string(name)),
                    last);
        lines += last;
    }
    return lines;
}

std::string client_id_of(const json::value& claims)
{
    const auto* claim = client_claim(claims);
    return claim != nullptr ? std::string(*claim->scalar_text()) : std::string();
}

} // namespace scopegate::tokens
