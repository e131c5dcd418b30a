#include "tokens/token_source.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace scopegate::tokens {

namespace {

constexpr std::string_view bearer = "Bearer";

bool is_b64token_character(char c) noexcept
{
    const char l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~' ||
           c == '+' || c == '/';
}

// RFC 6750 section 2.1: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
bool is_b64token(std::string_view s) noexcept
{
    const auto padding = std::find_if_not(s.begin(), s.end(), is_b64token_character);
    return padding != s.begin() && std::all_of(padding, s.end(), [](char c) { return c == '='; });
}

// The scheme is the leading token: `Bearerx` is another one, `Bearer` alone or `Bearer,` is ours gone wrong.
bool has_scheme(std::string_view credentials) noexcept
{
    return iequals(credentials.substr(0, bearer.size()), bearer) &&
           (credentials.size() == bearer.size() || !http::is_token(credentials.substr(bearer.size(), 1)));
}

} // namespace

result<std::string_view> take_token(const http::field_list& fields)
{
    const http::field* credentials = nullptr;
    for (const auto& f : fields) {
        if (f.id != http::field_id::authorization)
            continue;
        // An application behind CGI or WSGI reads `Authorization` and `authorization_` spellings as one
        // variable and may take the other one: two of any spelling are refused, and one with `_` alone is
        // never looked into.
        if (credentials != nullptr)
            return reason::several_tokens;
        credentials = &f;
    }
    if (credentials == nullptr || credentials->underscore || !has_scheme(credentials->value))
        return reason::no_token;

    const auto rest = credentials->value.substr(bearer.size());
    const auto token = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
    if (token.size() == rest.size() || !is_b64token(token))
        return reason::malformed_credentials;
    return token;
}

} // namespace scopegate::tokens
