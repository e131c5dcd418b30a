#include "tokens/unverified.hpp"

#include "base/json_writer.hpp"
#include "jose/claims.hpp"
#include "jose/jwks.hpp"
#include "jose/spiffe.hpp"
#include "tokens/introspection.hpp"

#include <algorithm>
#include <chrono>

namespace scopegate::tokens {

namespace {

// Joins the values into one text. Stops after longest_unverified bytes, where it would be cut anyway.
template <class List, class Text>
std::string listed(const List& list, Text text)
{
    std::string out;
    for (const auto& each : list) {
        out.append(out.empty() ? "" : ", ").append(text(each));
        if (out.size() > longest_unverified)
            break;
    }
    return out;
}

std::string listed(const std::vector<std::string>& names)
{
    return listed(names, [](const std::string& name) -> const std::string& { return name; });
}

std::string listed(const jose::algorithm_set& algorithms)
{
    std::string out;
    for (std::size_t i = 0; i < jose::algorithm_count; ++i)
        if (const auto a = static_cast<jose::algorithm>(i); algorithms.contains(a))
            out.append(out.empty() ? "" : ", ").append(jose::name(a));
    return out;
}

std::string seconds_of(wall_time at)
{
    return std::to_string(std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
}

// Returns the first entry of `require` that the claims do not meet, or null if they meet all.
const jose::required_claim* unmet(const policy::issuer_settings& issuer, const json::value& claims)
{
    const auto found = std::find_if(issuer.require.begin(), issuer.require.end(), [&](const auto& r) {
        const auto* claim = r.first.find(claims);
        return claim == nullptr || std::find(r.second.begin(), r.second.end(), *claim) == r.second.end();
    });
    return found != issuer.require.end() ? &*found : nullptr;
}

std::string as_text(const json::value& v)
{
    const auto* text = v.if_string();
    return text != nullptr ? *text : json::serialize(v);
}

// Returns the value that would have been accepted, for refusals that concern one issuer's settings.
std::string wanted_by(const policy::issuer_settings& issuer, const refused_token& seen, failure why,
                      wall_time now)
{
    const auto skew = std::to_string(issuer.clock_skew.count());
    switch (why.why) {
    case reason::wrong_audience:
        return listed(issuer.audience);
    case reason::token_expired:
        return "exp later than " + seconds_of(now - issuer.clock_skew) + " (now minus " + skew + " s)";
    case reason::token_not_yet_valid:
        return "at most " + seconds_of(now + issuer.clock_skew) + " (now plus " + skew + " s)";
    case reason::unsupported_algorithm:
        return listed(issuer.algorithms);
    case reason::wrong_token_type:
        return issuer.access_token_only ? "typ at+jwt" : "an access token (JWT, at+jwt)";
    case reason::unknown_key:
    case reason::key_pending:
        return seen.keys != nullptr ? listed(seen.keys->kids()) : std::string();
    case reason::unknown_issuer:
        return issuer.issuer;
    case reason::wrong_claim:
    case reason::missing_claim:
        if (const auto* r = seen.claims != nullptr ? unmet(issuer, *seen.claims) : nullptr;
            r != nullptr &&
            (why.detail == cause::required_claim_differs || why.detail == cause::required_claim_missing))
            return r->first.name() + " " + listed(r->second, as_text);
        return {};
    default:
        return {};
    }
}

std::string wanted(const policy::policy& p, const refused_token& seen, failure why, wall_time now)
{
    if (seen.issuer >= 0)
        return wanted_by(p.issuers[static_cast<std::size_t>(seen.issuer)], seen, why, now);
    if (why.why == reason::unknown_issuer || why.detail == cause::iss_missing)
        return listed(p.issuers, [](const auto& issuer) -> const std::string& { return issuer.issuer; });
    return {};
}

void add_claim(unverified& out, const json::value& claims, const json::path& claim)
{
    const auto& all = out.all();
    const bool is_there =
        std::any_of(all.begin(), all.end(), [&](const auto& m) { return m.first == claim.name(); });
    if (const auto* value = claim.find(claims); value != nullptr && !is_there)
        out.add(claim.name(), *value);
}

void add_claims(unverified& out, const policy::policy& p, const refused_token& seen, failure why)
{
    const auto& claims = *seen.claims;
    const auto add = [&](const json::path& claim) { add_claim(out, claims, claim); };
    static const policy::issuer_settings usual;
    const auto& issuer = seen.issuer >= 0 ? p.issuers[static_cast<std::size_t>(seen.issuer)] : usual;
    add(json::path("iss"));
    if (jose::names_trust_domain(issuer.issuer)) // the subject names it, and there is no issuer
        add(json::path("sub"));
    add(issuer.audience_claim);
    for (const auto* name : {"exp", "nbf", "iat"})
        add(json::path(name));
    for (const auto& scopes : issuer.scope_claims)
        add(scopes.claim);
    if (why.why == reason::wrong_token_type) {
        for (const auto* name : {"token_use", "token_type"})
            add(json::path(name));
        if (const auto* typ = claims.find("typ")) // besides the header's
            out.add("claims.typ", *typ);
    }
    if (why.why == reason::unbound_token)
        add(json::path("cnf"));
    if (why.detail == cause::required_claim_differs)
        if (const auto* r = unmet(issuer, claims))
            add(r->first);
    constexpr std::pair<cause, const char*> others[] = {
        {cause::sub_not_string, "sub"},      {cause::jti_not_string, "jti"},
        {cause::not_in_trust_domain, "sub"}, {cause::client_id_not_string, "client_id"},
        {cause::tid_not_string, "tid"},      {cause::tid_differs, "tid"}};
    for (const auto& [detail, name] : others)
        if (why.detail == detail)
            add(json::path(name));
}

} // namespace

std::string printable(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF", more = "...";
    std::string out;
    std::size_t cut = 0; // the last position where `more` still fits
    for (const char each : text) {
        const auto c = static_cast<unsigned char>(each);
        if (c >= 0x20 && c < 0x7f && c != '\\')
            out += each;
        else
            out.append("\\x").append(1, digits[c >> 4U]).append(1, digits[c & 15U]);
        if (out.size() > longest_unverified) {
            out.resize(cut);
            return out.append(more);
        }
        if (out.size() + more.size() <= longest_unverified)
            cut = out.size();
    }
    return out;
}

void unverified::add(std::string_view name, std::string_view text)
{
    members_.emplace_back(printable(name), printable(text));
}

void unverified::add(std::string_view name, const json::value& value)
{
    add(name, std::string_view(as_text(value)));
}

std::string to_json(const unverified::members& claims)
{
    std::string out;
    json::writer json(out);
    json.open_object();
    for (const auto& [name, value] : claims)
        json.escaped_name(name).value(value);
    json.close_object();
    return out;
}

unverified describe(const policy::policy& p, const refused_token& seen, failure why, wall_time now)
{
    const auto dot = std::min(seen.text.find('.'), seen.text.size());
    const auto rest = seen.text.substr(std::min(dot + 1, seen.text.size()));
    unverified out;
    if (const auto header = object_in(seen.text.substr(0, dot)))
        for (const auto* name : {"alg", "kid", "typ"})
            if (const auto* member = header->find(name))
                out.add(name, *member);
    const auto payload = seen.claims == nullptr ? object_in(rest.substr(0, rest.find('.'))) : std::nullopt;
    auto described = seen;
    if (payload)
        described.claims = &*payload;
    if (described.claims != nullptr)
        add_claims(out, p, described, why);
    if (const auto instead = wanted(p, described, why, now); !instead.empty())
        out.add("wanted", std::string_view(instead));
    return out;
}

} // namespace scopegate::tokens
