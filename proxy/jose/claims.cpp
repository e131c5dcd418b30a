#include "jose/claims.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace scopegate::jose {

namespace {

// A claim that is a string where it is there: the reason why not, or allowed.
reason string_or_absent(const json::value& claims, std::string_view name)
{
    const auto* claim = claims.find(name);
    return claim == nullptr || claim->if_string() != nullptr ? reason::allowed : reason::malformed_token;
}

struct optional_date {
    reason why = reason::allowed;  // malformed_token: no date
    std::optional<wall_time> time; // nothing: the claim is not there
};

optional_date date_claim(const json::value& claims, std::string_view name)
{
    const auto* claim = claims.find(name);
    if (claim == nullptr)
        return {};
    const auto time = numeric_date(*claim);
    return {time ? reason::allowed : reason::malformed_token, time};
}

bool is_one_of(const std::string* text, std::span<const std::string> known)
{
    return text != nullptr && std::find(known.begin(), known.end(), *text) != known.end();
}

bool is_string(const json::value& v)
{
    return v.if_string() != nullptr;
}

} // namespace

reason check_type(const std::optional<std::string>& typ, bool access_token_only)
{
    if (!typ)
        return access_token_only ? reason::wrong_token_type : reason::allowed;
    constexpr std::string_view prefix = "application/";
    std::string_view type = *typ;
    if (iequals(type.substr(0, prefix.size()), prefix))
        type.remove_prefix(prefix.size());
    const bool fits = iequals(type, "at+jwt") || (!access_token_only && iequals(type, "JWT"));
    return fits ? reason::allowed : reason::wrong_token_type;
}

reason check_issuer(const json::value& claims, std::string_view issuer)
{
    const auto* iss = claims.find("iss");
    if (iss == nullptr)
        return reason::missing_claim;
    const auto* text = iss->if_string();
    if (text == nullptr)
        return reason::malformed_token;
    return *text == issuer ? reason::allowed : reason::unknown_issuer;
}

namespace {

// check_times, but that an `exp` may be left out.
reason check_given_times(const json::value& claims, wall_time now, std::chrono::seconds skew)
{
    const auto exp = date_claim(claims, "exp");
    const auto nbf = date_claim(claims, "nbf");
    const auto iat = date_claim(claims, "iat");
    for (const auto why : {exp.why, nbf.why, iat.why})
        if (why != reason::allowed)
            return why;
    if (exp.time && now >= *exp.time + skew)
        return reason::token_expired;
    for (const auto& start : {nbf.time, iat.time})
        if (start && *start > now + skew)
            return reason::token_not_yet_valid;
    return reason::allowed;
}

} // namespace

reason check_times(const json::value& claims, wall_time now, std::chrono::seconds skew)
{
    const auto why = check_given_times(claims, now, skew);
    const bool no_date = why == reason::malformed_token; // of the wrong type is worse than absent
    return claims.find("exp") == nullptr && !no_date ? reason::missing_claim : why;
}

reason check_audience(const json::value& claims, const json::path& claim,
                      std::span<const std::string> audience)
{
    const auto* found = claim.find(claims);
    if (found == nullptr)
        return reason::missing_claim;
    if (const auto* text = found->if_string(); text != nullptr)
        return is_one_of(text, audience) ? reason::allowed : reason::wrong_audience;
    const auto* items = found->if_array();
    if (items == nullptr || !std::all_of(items->begin(), items->end(), is_string))
        return reason::malformed_token;
    const bool ours = std::any_of(items->begin(), items->end(), [&](const json::value& item) {
        return is_one_of(item.if_string(), audience);
    });
    return ours ? reason::allowed : reason::wrong_audience;
}

reason check_required(const json::value& claims, std::span<const std::pair<json::path, json::value>> required)
{
    for (const auto& [claim, wanted] : required) {
        const auto* found = claim.find(claims);
        if (found == nullptr)
            return reason::missing_claim;
        if (*found != wanted)
            return reason::wrong_claim;
    }
    return reason::allowed;
}

reason check_shape(const json::value& claims, bool access_token_only)
{
    for (const auto* name : {"sub", "jti"})
        if (const auto why = string_or_absent(claims, name); why != reason::allowed)
            return why;
    if (!access_token_only)
        return reason::allowed;
    for (const auto* name : {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"})
        if (claims.find(name) == nullptr)
            return reason::missing_claim;
    return string_or_absent(claims, "client_id");
}

reason check_claims(const json::value& claims, const claim_rules& rules, wall_time now)
{
    if (claims.if_object() == nullptr)
        return reason::malformed_token;
    if (const auto why = check_issuer(claims, rules.issuer); why != reason::allowed)
        return why;
    if (const auto why = check_shape(claims, rules.access_token_only); why != reason::allowed)
        return why;
    if (const auto why = check_times(claims, now, rules.skew); why != reason::allowed)
        return why;
    if (const auto why = check_audience(claims, rules.audience_claim, rules.audience); why != reason::allowed)
        return why;
    return check_required(claims, rules.required);
}

reason check_introspected(const json::value& claims, const claim_rules& rules, wall_time now)
{
    if (claims.if_object() == nullptr)
        return reason::malformed_token;
    if (claims.find("iss") != nullptr)
        if (const auto why = check_issuer(claims, rules.issuer); why != reason::allowed)
            return why;
    if (const auto why = check_shape(claims, false); why != reason::allowed)
        return why;
    if (const auto why = check_given_times(claims, now, rules.skew); why != reason::allowed)
        return why;
    if (!rules.audience.empty())
        if (const auto why = check_audience(claims, rules.audience_claim, rules.audience);
            why != reason::allowed)
            return why;
    return check_required(claims, rules.required);
}

std::optional<wall_time> numeric_date(const json::value& v)
{
    const auto seconds = v.if_number();
    if (!seconds)
        return std::nullopt;
    constexpr double far = 1e12; // seconds: the year 33,658; as milliseconds it is far from an int64's end
    const double cut = std::clamp(*seconds, -far, far);
    return wall_time(std::chrono::milliseconds(static_cast<std::int64_t>(std::floor(cut * 1000))));
}

std::vector<std::string_view> scopes_of(const json::value& claims, std::span<const json::path> scope_claims)
{
    std::vector<std::string_view> scopes;
    std::unordered_set<std::string_view> seen;
    const auto add = [&](std::string_view scope) {
        if (!scope.empty() && seen.insert(scope).second)
            scopes.push_back(scope);
    };
    for (const auto& claim : scope_claims) {
        const auto* found = claim.find(claims);
        if (found == nullptr)
            continue;
        if (const auto* text = found->if_string(); text != nullptr) {
            for (std::string_view rest = *text; !rest.empty();) {
                const auto scope = rest.substr(0, rest.find(' '));
                add(scope);
                rest.remove_prefix(std::min(rest.size(), scope.size() + 1));
            }
        } else if (const auto* items = found->if_array(); items != nullptr) {
            for (const auto& item : *items)
                if (const auto* element = item.if_string(); element != nullptr)
                    add(*element);
        }
    }
    return scopes;
}

} // namespace scopegate::jose
