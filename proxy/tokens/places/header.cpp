#include "tokens/places/header.hpp"

#include "base/text.hpp"
#include "http/chars.hpp"

#include <algorithm>

namespace scopegate::tokens::places {

namespace {

constexpr std::string_view bearer = "Bearer", proof_of_possession = "DPoP";

} // namespace

bool has_scheme(std::string_view credentials, std::string_view scheme) noexcept
{
    // Nearly all clients spell it as it is registered, which is the cheaper comparison.
    return (credentials.starts_with(scheme) || iequals(credentials.substr(0, scheme.size()), scheme)) &&
           (credentials.size() == scheme.size() ||
            !http::is(http::char_class::tchar, credentials[scheme.size()]));
}

std::string_view behind_scheme(std::string_view credentials, std::string_view scheme) noexcept
{
    const auto rest = credentials.substr(scheme.size());
    const auto token = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
    return token.size() == rest.size() ? std::string_view{} : token;
}

result<taken_token> header::take(const http::field_list& fields, bool dpop)
{
    const http::field* credentials = nullptr;
    for (const auto& f : fields) {
        if (f.id != http::field_id::authorization)
            continue;
        // An application behind CGI or WSGI may read `Authorization` and a spelling with `_` as the same
        // variable, and may pick the other one. So two of any spelling are refused, and one with `_` is never
        // read.
        if (credentials != nullptr)
            return failure{reason::several_tokens, cause::several_authorization_fields};
        credentials = &f;
    }
    if (credentials == nullptr || credentials->underscore)
        return reason::no_token;
    const bool is_bearer = has_scheme(credentials->value, bearer);
    const bool is_dpop = !is_bearer && dpop && has_scheme(credentials->value, proof_of_possession);
    if (!is_bearer && !is_dpop)
        return failure{reason::no_token, cause::other_auth_scheme};

    const auto token = behind_scheme(credentials->value, is_dpop ? proof_of_possession : bearer);
    if (token.empty())
        return failure{reason::malformed_credentials, cause::credentials_empty};
    return taken_token{token, true, is_dpop};
}

void header::find(const policy::token_settings& from, const credentials& request, search& into)
{
    const auto taken = take(from, request.fields);
    if (taken)
        into.found(*taken);
    else if (taken.error() == reason::several_tokens)
        into.found_several(taken.error().detail);
    else if (taken.error() == reason::malformed_credentials)
        into.found_malformed(taken.error().detail);
}

http::field_set header::withheld(const policy::token_settings&) noexcept
{
    return {http::field_id::authorization};
}

void header::append_rest(const policy::token_settings&, const http::field_list&, const http::forward_filter&,
                         std::string&)
{
}

void header::append_line(std::string_view token, std::string& out)
{
    out.append("Authorization: Bearer ").append(token).append("\r\n");
}

void header::put(const policy::token_settings&, std::string_view token, request_builder& made)
{
    append_line(mask_delimiters(token), made.lines);
}

} // namespace scopegate::tokens::places
