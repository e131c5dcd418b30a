#include "jose/claims.hpp"

#include "base/text.hpp"
#include "jose/spiffe.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace scopegate::jose {

namespace {

// Fails with malformed_token and this cause if the claim is present and no string.
result<void> string_or_absent(const json::value& claims, std::string_view name, cause otherwise)
{
    const auto* claim = claims.find(name);
    if (claim == nullptr || claim->if_string() != nullptr)
        return {};
    return failure(reason::malformed_token, otherwise);
}

// Returns the claim's time, or nothing if it is absent. Fails with malformed_token if it is no date.
result<std::optional<wall_time>> date_claim(const json::value& claims, std::string_view name, cause otherwise)
{
    const auto* claim = claims.find(name);
    if (claim == nullptr)
        return std::optional<wall_time>();
    const auto time = numeric_date(*claim);
    if (!time)
        return failure(reason::malformed_token, otherwise);
    return time;
}

bool is_one_of(const std::string* text, std::span<const std::string> known)
{
    return text != nullptr && std::find(known.begin(), known.end(), *text) != known.end();
}

bool is_string(const json::value& v)
{
    return v.if_string() != nullptr;
}

// Detects the usual mistake in copying an issuer's name: https://a.example and https://a.example/.
bool differ_by_slash(std::string_view a, std::string_view b)
{
    return a.size() > b.size() ? a.ends_with('/') && a.substr(0, a.size() - 1) == b
                               : b.ends_with('/') && b.substr(0, b.size() - 1) == a;
}

} // namespace

result<void> check_type(const std::optional<std::string>& typ, bool access_token_only, bool svid)
{
    if (!typ && !access_token_only)
        return {};
    if (!typ)
        return failure(reason::wrong_token_type, cause::typ_missing);
    constexpr std::string_view prefix = "application/";
    std::string_view type = *typ;
    if (iequals(type.substr(0, prefix.size()), prefix))
        type.remove_prefix(prefix.size());
    const bool fits = iequals(type, "at+jwt") || (!access_token_only && iequals(type, "JWT")) ||
                      (svid && iequals(type, "JOSE"));
    if (!fits)
        return failure(reason::wrong_token_type, cause::typ_not_access_token);
    return {};
}

result<void> check_issuer(const json::value& claims, std::string_view issuer)
{
    const auto* iss = claims.find("iss");
    const bool trust_domain = names_trust_domain(issuer);
    if (iss == nullptr && trust_domain)
        return check_trust_domain(claims, issuer);
    if (iss == nullptr)
        return failure(reason::missing_claim, cause::iss_missing);
    const auto* text = iss->if_string();
    if (text == nullptr)
        return failure(reason::malformed_token, cause::iss_not_string);
    if (*text == issuer)
        return trust_domain ? check_trust_domain(claims, issuer) : result<void>();
    const bool slash = differ_by_slash(*text, issuer);
    return failure(reason::unknown_issuer, slash ? cause::iss_differs_by_slash : cause::none);
}

result<void> check_tenant(const json::value& claims, std::string_view tenant)
{
    const auto* tid = claims.find("tid");
    if (tid == nullptr)
        return {};
    if (tid->if_string() == nullptr)
        return failure(reason::malformed_token, cause::tid_not_string);
    return *tid->if_string() == tenant ? result<void>() : failure(reason::wrong_claim, cause::tid_differs);
}

namespace {

// Does the same as check_times, except that `exp` may be absent.
result<void> check_given_times(const json::value& claims, wall_time now, std::chrono::seconds skew)
{
    const auto exp = date_claim(claims, "exp", cause::exp_not_number);
    const auto nbf = date_claim(claims, "nbf", cause::nbf_not_number);
    const auto iat = date_claim(claims, "iat", cause::iat_not_number);
    for (const auto* date : {&exp, &nbf, &iat})
        if (!*date)
            return date->error();
    if (*exp && now >= **exp + skew)
        return reason::token_expired;
    if (*nbf && **nbf > now + skew)
        return failure(reason::token_not_yet_valid, cause::nbf_in_future);
    if (*iat && **iat > now + skew)
        return failure(reason::token_not_yet_valid, cause::iat_in_future);
    return {};
}

// The names that servers use for access tokens (RFC 6749 section 7.1, RFC 9068, RFC 8693 section 3, and
// practice). Every other kind is refused: a refresh token lives for months, and an ID token is shown to
// applications that may not call the API.
result<void> check_kind(const json::value& result)
{
    static constexpr std::string_view uses[] = {"access", "access_token"};
    static constexpr std::string_view types[] = {"bearer",
                                                 "dpop",
                                                 "pop",
                                                 "mac",
                                                 "n_a",
                                                 "jwt",
                                                 "at+jwt",
                                                 "application/at+jwt",
                                                 "access",
                                                 "access_token",
                                                 "urn:ietf:params:oauth:token-type:access_token",
                                                 "urn:ietf:params:oauth:token-type:jwt"};
    const auto is_among = [&](std::string_view name, std::span<const std::string_view> known) {
        const auto* member = result.find(name);
        const auto* text = member != nullptr ? member->if_string() : nullptr;
        return member == nullptr ||
               (text != nullptr &&
                std::any_of(known.begin(), known.end(), [&](auto kind) { return iequals(*text, kind); }));
    };
    if (!is_among("token_use", uses))
        return failure(reason::wrong_token_type, cause::token_use_not_access);
    if (!is_among("typ", types))
        return failure(reason::wrong_token_type, cause::typ_not_access_token);
    if (!is_among("token_type", types))
        return failure(reason::wrong_token_type, cause::token_type_not_access);
    return {};
}

} // namespace

result<void> check_times(const json::value& claims, wall_time now, std::chrono::seconds skew)
{
    const auto given = check_given_times(claims, now, skew);
    const bool no_date = !given && given.error() == reason::malformed_token;
    if (claims.find("exp") == nullptr && !no_date) // a claim of the wrong type is the worse error
        return failure(reason::missing_claim, cause::exp_missing);
    return given;
}

result<void> check_audience(const json::value& claims, const json::path& claim,
                            std::span<const std::string> audience)
{
    const auto* found = claim.find(claims);
    if (found == nullptr)
        return failure(reason::missing_claim, cause::aud_missing);
    if (const auto* text = found->if_string(); text != nullptr)
        return is_one_of(text, audience) ? result<void>() : reason::wrong_audience;
    const auto* items = found->if_array();
    if (items == nullptr || !std::all_of(items->begin(), items->end(), is_string))
        return failure(reason::malformed_token, cause::aud_not_string);
    const bool ours = std::any_of(items->begin(), items->end(), [&](const json::value& item) {
        return is_one_of(item.if_string(), audience);
    });
    return ours ? result<void>() : reason::wrong_audience;
}

result<void> check_required(const json::value& claims, std::span<const required_claim> required)
{
    for (const auto& [claim, any_of] : required) {
        const auto* found = claim.find(claims);
        if (found == nullptr)
            return failure(reason::missing_claim, cause::required_claim_missing);
        if (std::find(any_of.begin(), any_of.end(), *found) == any_of.end())
            return failure(reason::wrong_claim, cause::required_claim_differs);
    }
    return {};
}

result<void> check_shape(const json::value& claims, bool access_token_only)
{
    if (const auto ok = string_or_absent(claims, "sub", cause::sub_not_string); !ok)
        return ok;
    if (const auto ok = string_or_absent(claims, "jti", cause::jti_not_string); !ok)
        return ok;
    if (!access_token_only)
        return {};
    constexpr std::pair<std::string_view, cause> needed[] = {{"iss", cause::iss_missing},
                                                             {"exp", cause::exp_missing},
                                                             {"aud", cause::aud_missing},
                                                             {"sub", cause::sub_missing},
                                                             {"client_id", cause::client_id_missing},
                                                             {"iat", cause::iat_missing},
                                                             {"jti", cause::jti_missing}};
    for (const auto& [name, otherwise] : needed)
        if (claims.find(name) == nullptr)
            return failure(reason::missing_claim, otherwise);
    return string_or_absent(claims, "client_id", cause::client_id_not_string);
}

result<void> check_claims(const json::value& claims, const claim_rules& rules, wall_time now)
{
    if (claims.if_object() == nullptr)
        return reason::malformed_token;
    if (const auto ok = check_issuer(claims, rules.issuer); !ok)
        return ok;
    if (!rules.tenant.empty())
        if (const auto ok = check_tenant(claims, rules.tenant); !ok)
            return ok;
    if (const auto ok = check_shape(claims, rules.access_token_only); !ok)
        return ok;
    if (const auto ok = check_times(claims, now, rules.skew); !ok)
        return ok;
    if (const auto ok = check_audience(claims, rules.audience_claim, rules.audience); !ok)
        return ok;
    return check_required(claims, rules.required);
}

result<void> check_introspected(const json::value& claims, const claim_rules& rules, wall_time now)
{
    if (claims.if_object() == nullptr)
        return reason::malformed_token;
    if (claims.find("iss") != nullptr)
        if (const auto ok = check_issuer(claims, rules.issuer); !ok)
            return ok;
    if (const auto ok = check_kind(claims); !ok)
        return ok;
    if (const auto ok = check_shape(claims, false); !ok)
        return ok;
    if (const auto ok = check_given_times(claims, now, rules.skew); !ok)
        return ok;
    if (!rules.audience.empty())
        if (const auto ok = check_audience(claims, rules.audience_claim, rules.audience); !ok)
            return ok;
    return check_required(claims, rules.required);
}

json::value without_nulls(json::value object)
{
    const auto* members = object.if_object();
    if (members == nullptr)
        return object;
    const auto is_dropped = [](const json::member& m) { return m.second.is_null() && m.first != "cnf"; };
    if (std::none_of(members->begin(), members->end(), is_dropped))
        return object;
    auto kept = *members;
    std::erase_if(kept, is_dropped);
    return json::value(std::move(kept));
}

std::optional<wall_time> numeric_date(const json::value& v)
{
    const auto seconds = v.if_number();
    if (!seconds)
        return std::nullopt;
    constexpr double far = 1e12; // seconds: the year 33,658; in milliseconds, far below an int64's maximum
    const double cut = std::clamp(*seconds, -far, far);
    return wall_time(std::chrono::milliseconds(static_cast<std::int64_t>(std::floor(cut * 1000))));
}

std::vector<std::string_view> scopes_of(const json::value& claims, std::span<const names_claim> scope_claims)
{
    std::vector<std::string_view> scopes;
    std::unordered_set<std::string_view> seen;
    for (const auto& claim : scope_claims)
        for (const auto scope : names_in(claims, claim).names)
            if (seen.insert(scope).second)
                scopes.push_back(scope);
    return scopes;
}

} // namespace scopegate::jose
