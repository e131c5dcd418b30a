// `header`: the token is in `Authorization`, with the scheme Bearer, or DPoP unless it is off (RFC 9449
// section 7.1). This is also where the upstream gets a token that was found elsewhere.
#pragma once

#include "tokens/places/place.hpp"

namespace scopegate::tokens::places {

// Returns whether credentials have this scheme, in any letter case (RFC 9110 section 11.1). The scheme is the
// leading token: `Bearerx` is another scheme; `Bearer` alone or `Bearer,` is ours, malformed.
[[nodiscard]] bool has_scheme(std::string_view credentials, std::string_view scheme) noexcept;

// Returns the token behind the scheme that these credentials have. Empty if nothing follows, or something
// other than a space.
[[nodiscard]] std::string_view behind_scheme(std::string_view credentials, std::string_view scheme) noexcept;

struct header {
    static constexpr std::string_view bearer_method = "header";
    static constexpr auto strip = stripped::with_a_token;

    [[nodiscard]] static bool is_configured(const policy::token_settings& from) noexcept
    {
        return from.header;
    }
    // Returns the token of the one Authorization header, if its scheme is ours (in any letter case, RFC 9110
    // section 11.1). `dpop` says whether DPoP is ours. Fails with no_token (no header, or another scheme),
    // several_tokens (two Authorization headers, in any spelling) or malformed_credentials (a scheme without
    // a token). Allocates nothing.
    [[nodiscard]] static result<taken_token> take(const http::field_list& fields, bool dpop);
    [[nodiscard]] static result<taken_token> take(const policy::token_settings& from,
                                                  const http::field_list& fields)
    {
        return take(fields, from.dpop.how != policy::dpop_settings::mode::off);
    }
    static void find(const policy::token_settings& from, const credentials& request, search& into);

    // Other credentials, too, make way for the token that is put there.
    [[nodiscard]] static http::field_set withheld(const policy::token_settings& from) noexcept;
    static void append_rest(const policy::token_settings& from, const http::field_list& fields,
                            const http::forward_filter& filter, std::string& out);

    // Appends the field's line for the upstream.
    static void append_line(std::string_view token, std::string& out);
    static void put(const policy::token_settings& from, std::string_view token, request_builder& made);
};

} // namespace scopegate::tokens::places
