#include "access/cross_origin.hpp"

#include "access/authorities.hpp"
#include "base/text.hpp"
#include "policy/origins.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

namespace scopegate::access {

namespace {

using http::field_id;

constexpr std::string_view safe_methods[] = {"GET", "HEAD", "OPTIONS", "TRACE"}; // RFC 9110 section 9.2.1

bool is_safe(const question& request) noexcept
{
    return !request.websocket && std::find(std::begin(safe_methods), std::end(safe_methods),
                                           request.method) != std::end(safe_methods);
}

// Returns the value of the one Sec-Fetch-Site, an empty text for several, or nothing. A spelling with `_` is
// another field: unlike `Sec-Fetch-Site`, a page may write that.
std::optional<std::string_view> fetch_site(const http::field_list& fields) noexcept
{
    std::optional<std::string_view> found;
    for (const auto& f : fields)
        if (iequals(f.name, "sec-fetch-site"))
            found = found ? std::string_view{} : f.value;
    return found;
}

} // namespace

result<void> check_origin(const policy::policy& p, const question& request)
{
    if (request.fields == nullptr || is_safe(request))
        return {};
    const auto& fields = *request.fields;
    const auto origin = http::only_value(fields, field_id::origin);
    const auto site = fetch_site(fields);
    if (!origin && !site)
        return {};
    if (origin && *origin == "null")
        return failure(reason::cross_origin, cause::null_origin);
    if (origin && origin->empty())
        return failure(reason::cross_origin, cause::several_origins);
    if (origin && policy::lists_origin(p.cors.origins, *origin))
        return {};
    const auto match = origin ? match_origin(p, request, *origin) : origin_match::foreign;
    // A page by plain http may be an attacker's on the way. Its browser tells it apart, if it tells anything.
    if (match == origin_match::own || (match == origin_match::own_host && !site))
        return {};
    if (site == "same-origin")
        return {};
    return failure(reason::cross_origin, origin ? cause::foreign_origin : cause::foreign_fetch_site);
}

} // namespace scopegate::access
