// Finds tokens in the places besides `Authorization` that the policy allows (`tokens: {from: [...]}`): a
// query, a cookie or a WebSocket's subprotocols. Removes them from what is forwarded to the upstream. Names
// are compared as a careless upstream might read them, so that no second token passes under another spelling.
#pragma once

#include "http/head_parser.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace scopegate::tokens {

// Classifies one part of a query or a Cookie header.
struct named_value {
    enum class match : std::uint8_t {
        none,
        exact, // the configured name as it is written
        alike, // another spelling, or the name after a separator that only some readers accept
    };
    match name = match::none;
    std::string_view value; // of an exact match; still encoded
};

// Read one `name=value` of a query (between two `&`) or of a Cookie header (between two `;`, trimmed).
[[nodiscard]] named_value read_parameter(std::string_view part, std::span<const std::string> names) noexcept;
[[nodiscard]] named_value read_cookie(std::string_view part, std::span<const std::string> names) noexcept;

// Returns whether a careless reader would take `written` for `name`. Such a reader percent-decodes, ignores
// letter case and an index in brackets, and reads the same characters as `_` that PHP does.
[[nodiscard]] bool is_alike(std::string_view written, std::string_view name) noexcept;

// Calls f(part) for each part of a query (without its `?`), including empty ones.
template <class F>
void for_each_parameter(std::string_view query, F&& f)
{
    for (;;) {
        const auto end = query.find('&');
        f(query.substr(0, end));
        if (end == std::string_view::npos)
            return;
        query.remove_prefix(end + 1);
    }
}

// Calls f(part) for each part of a Cookie header's value. Parts keep the whitespace around them.
template <class F>
void for_each_cookie(std::string_view value, F&& f)
{
    for (;;) {
        const auto end = value.find(';');
        f(value.substr(0, end));
        if (end == std::string_view::npos)
            return;
        value.remove_prefix(end + 1);
    }
}

// Describes `Sec-WebSocket-Protocol: bearer, TOKEN` in a request; several such headers form one list.
struct offered_bearer {
    unsigned times = 0;     // how often `bearer` occurs, in any letter case
    bool exact = true;      // whether each is spelled so: the response must repeat the offered spelling
    std::string_view token; // follows the first `bearer`; empty if nothing does
};
[[nodiscard]] offered_bearer find_offered_bearer(const http::field_list& fields) noexcept;
[[nodiscard]] bool offers_bearer(const http::field_list& fields) noexcept;

// Append the input without the parameters, cookies or subprotocols that may be tokens; every other byte
// stays. `query` includes its `?`. If nothing else remains, nothing is appended, not even the `?`.
void append_query_without_tokens(std::string_view query, std::span<const std::string> names,
                                 std::string& out);
void append_cookies_without_tokens(std::string_view value, std::span<const std::string> names,
                                   std::string& out);
void append_protocols_without_token(const http::field_list& fields, std::string& out);

} // namespace scopegate::tokens
