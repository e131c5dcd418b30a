// `header:NAME`: the token is the value of a header field with one of the configured names, as products in
// front of the API send it: Cf-Access-Jwt-Assertion, X-Forwarded-Access-Token.
#pragma once

#include "tokens/places/place.hpp"

namespace scopegate::tokens::places {

struct named_header {
    static constexpr std::string_view bearer_method{}; // RFC 6750 knows no other fields
    // An API that reads such a field trusts what stands there, so it never gets one.
    static constexpr auto strip = stripped::always;

    [[nodiscard]] static bool is_configured(const policy::token_settings& from) noexcept
    {
        return !from.headers.empty();
    }
    // The value is the token, alone or behind the scheme Bearer. No other scheme is understood: a DPoP proof
    // belongs to the request that the client sent to the product in front. A field without a value is not a
    // token. A list, and a second field of the same name, are two tokens.
    static void find(const policy::token_settings& from, const credentials& request, search& into);
    [[nodiscard]] static field_names names(const policy::token_settings& from) noexcept
    {
        return from.headers;
    }
    static void put(const policy::token_settings& from, std::string_view token, request_builder& made);
};

} // namespace scopegate::tokens::places
