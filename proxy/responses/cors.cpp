#include "responses/cors.hpp"

#include "base/text.hpp"
#include "policy/origins.hpp"

#include <algorithm>

namespace scopegate::responses {

namespace {

using http::field_id;

// Headers of a problem response that a script may read besides those that are always readable.
constexpr std::string_view exposed = "WWW-Authenticate, Retry-After, DPoP-Nonce";

// Returns the method that a preflight asks about, or an empty text if it names none or several.
std::string_view wanted_method(const http::field_list& fields) noexcept
{
    return http::only_value(fields, field_id::access_control_request_method).value_or(std::string_view{});
}

http::field_list::const_iterator find_named(const http::field_list& fields, std::string_view name) noexcept
{
    return std::find_if(fields.begin(), fields.end(),
                        [name](const http::field& f) { return iequals(f.name, name); });
}

// Returns the value of Access-Control-Allow-Origin for this request; empty: omit the header.
std::string_view allowed_origin(const policy::cors_settings& cors, const http::field_list& fields) noexcept
{
    const auto origin = http::only_value(fields, field_id::origin).value_or(std::string_view{});
    if (origin.empty())
        return {};
    if (!cors.origins.empty() && cors.origins.front() == policy::any_origin)
        return policy::any_origin;
    return policy::lists_origin(cors.origins, origin) ? origin : std::string_view{};
}

// Returns whether responses vary by origin, which caches must know.
bool differs_by_origin(const policy::cors_settings& cors) noexcept
{
    return !cors.origins.empty() && cors.origins.front() != policy::any_origin;
}

void allow_origin(const policy::cors_settings& cors, std::string_view origin, response& a)
{
    a.add("Access-Control-Allow-Origin", origin);
    if (origin != policy::any_origin)
        a.add("Vary", "Origin");
    if (cors.credentials)
        a.add("Access-Control-Allow-Credentials", "true");
}

bool contains(std::string_view list, std::string_view wanted)
{
    bool found = false;
    http::for_each_element(list,
                           [&](std::string_view element) { found = found || iequals(element, wanted); });
    return found;
}

void append_element(std::string& list, std::string_view element)
{
    if (!list.empty())
        list += ", ";
    list += element;
}

// Allows every header that a script asks to send, since the upstream judges their values. `*` would not
// suffice: Authorization must be named.
std::string allowed_headers(const http::field_list& fields)
{
    std::string out;
    for (const auto& f : fields)
        if (f.id == field_id::access_control_request_headers && !f.underscore)
            http::for_each_element(f.value, [&](std::string_view name) {
                if (http::is_token(name))
                    append_element(out, name);
            });
    if (!contains(out, "authorization"))
        append_element(out, "authorization");
    return out;
}

// Returns the methods that the route lists, plus the wanted one, which ANY or `unlisted` may admit.
std::string allowed_methods(const policy::route_match& match, std::string_view wanted)
{
    std::string out = match.matched != nullptr ? match.matched->allow : std::string();
    if (!contains(out, wanted))
        append_element(out, wanted);
    return out;
}

policy::denial refusal(failure why, const policy::route* matched = nullptr)
{
    policy::denial d;
    d.why = why;
    d.matched = matched;
    return d;
}

} // namespace

bool is_preflight(const policy::policy& p, std::string_view method, const http::field_list& fields) noexcept
{
    return !p.cors.origins.empty() && method == "OPTIONS" &&
           http::find(fields, field_id::origin) != nullptr && !wanted_method(fields).empty();
}

std::variant<response, policy::denial> respond_to_preflight(const policy::policy& p,
                                                            const http::field_list& fields,
                                                            const result<http::request_target>& target)
{
    response a;
    a.status = 204;
    const auto origin = allowed_origin(p.cors, fields);
    if (origin.empty()) {
        a.add("Vary", "Origin");
        return a;
    }

    const auto wanted = wanted_method(fields);
    if (!http::is_token(wanted))
        return refusal(reason::malformed_request);
    policy::route_match match;
    failure why = reason::no_route;
    if (target) {
        match = p.match(target->path, wanted);
        why = policy::why_unmatched(match);
    } else {
        why = target.error();
    }
    if (match.needs == nullptr && !policy::observe_instead(p, nullptr, why, wanted))
        return refusal(why, match.matched);

    allow_origin(p.cors, origin, a);
    a.add("Access-Control-Allow-Methods", allowed_methods(match, wanted));
    a.add("Access-Control-Allow-Headers", allowed_headers(fields));
    a.add("Access-Control-Max-Age", std::to_string(p.cors.max_age.count()));
    return a;
}

void add_cors_fields(const policy::cors_settings& cors, const http::field_list& fields, response& a)
{
    const auto origin = allowed_origin(cors, fields);
    if (!origin.empty()) {
        allow_origin(cors, origin, a);
        a.add("Access-Control-Expose-Headers", cors.expose_headers.empty()
                                                   ? std::string(exposed)
                                                   : std::string(exposed) + ", " + cors.expose_headers);
    } else if (differs_by_origin(cors)) {
        a.add("Vary", "Origin");
    }
}

void append_cors_fields(const policy::cors_settings& cors, const http::field_list& asked,
                        const http::field_list& answered, std::string& lines)
{
    if (cors.origins.empty() || find_named(answered, "Access-Control-Allow-Origin") != answered.end())
        return;
    const auto origin = allowed_origin(cors, asked);
    // Beside the upstream's own field, our origin would let pages read what cookies get, though the file does
    // not. With `*` no browser lets them. A second field would be `true, true`, which browsers reject.
    const bool has_credentials = find_named(answered, "Access-Control-Allow-Credentials") != answered.end();
    const bool widens = has_credentials && !cors.credentials && origin != policy::any_origin;
    if (!origin.empty() && !widens) {
        lines.append("Access-Control-Allow-Origin: ").append(origin).append("\r\n");
        if (cors.credentials && !has_credentials)
            lines += "Access-Control-Allow-Credentials: true\r\n";
        if (!cors.expose_headers.empty())
            lines.append("Access-Control-Expose-Headers: ").append(cors.expose_headers).append("\r\n");
    }
    if (!differs_by_origin(cors))
        return;
    if (std::none_of(answered.begin(), answered.end(), [](const http::field& f) {
            return iequals(f.name, "Vary") && contains(f.value, "Origin");
        }))
        lines += "Vary: Origin\r\n";
}

} // namespace scopegate::responses
