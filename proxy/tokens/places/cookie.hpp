// `cookie:NAME`: the token is the value of a cookie with one of the configured names.
#pragma once

#include "tokens/places/names.hpp"
#include "tokens/places/place.hpp"

namespace scopegate::tokens::places {

struct cookie {
    static constexpr std::string_view bearer_method{}; // RFC 6750 knows no cookies
    static constexpr auto strip = stripped::with_a_token;

    [[nodiscard]] static bool is_configured(const policy::token_settings& from) noexcept
    {
        return !from.cookies.empty();
    }
    // A cookie without a value is not a token: applications clear a cookie this way.
    static void find(const policy::token_settings& from, const credentials& request, search& into);
    [[nodiscard]] static http::field_set withheld(const policy::token_settings& from) noexcept;
    static void append_rest(const policy::token_settings& from, const http::field_list& fields,
                            const http::forward_filter& filter, std::string& out);
    static void put(const policy::token_settings& from, std::string_view token, request_builder& made);

    // Reads one cookie of a Cookie header (between two `;`, trimmed).
    [[nodiscard]] static named_value read(std::string_view part, std::span<const std::string> names) noexcept;
    // Appends the value of a Cookie header without the cookies that may be tokens; every other byte stays.
    static void append_others(std::string_view value, std::span<const std::string> names, std::string& out);
};

// Calls f(part) for each part of a Cookie header's value. Parts keep the whitespace around them.
template <class F>
void for_each_cookie(std::string_view value, F&& f)
{
    for_each_part(value, ';', f);
}

} // namespace scopegate::tokens::places
