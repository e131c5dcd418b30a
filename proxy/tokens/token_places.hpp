// The places besides `Authorization` that a token may come in (`tokens: {from: [...]}`): finding one in a
// query, a cookie or the subprotocols of a WebSocket, and leaving it out of what goes on to the API. Names
// are compared as a careless API might read them, so that no second token passes under another spelling.
#pragma once

#include "http/head_parser.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace scopegate::tokens {

// What a part of a query or a Cookie field has to do with a token.
struct named_value {
    enum class match : std::uint8_t {
        none,
        exact, // the configured name as it is written
        alike, // another spelling, or a name behind a separator that only some readers know
    };
    match name = match::none;
    std::string_view value; // of an exact one; still encoded
};

// `name=value` out of a query (between two `&`) or a Cookie field (between two `;`, no blanks around it).
[[nodiscard]] named_value read_parameter(std::string_view part, std::span<const std::string> names) noexcept;
[[nodiscard]] named_value read_cookie(std::string_view part, std::span<const std::string> names) noexcept;

// Whether a reader that is careless about names would take `written` for `name`: percent-decoded, in any
// letter case, with what PHP reads as `_`, an index in brackets left out.
[[nodiscard]] bool is_alike(std::string_view written, std::string_view name) noexcept;

// Calls f(part) for each part of a query (without its `?`), empty ones too.
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

// The same of a Cookie field's value; parts keep the blanks around them.
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

// `Sec-WebSocket-Protocol: bearer, TOKEN` in a request's fields, which make one list.
struct offered_bearer {
    unsigned times = 0;     // `bearer`, in any letter case
    bool exact = true;      // spelled like that: what is answered must be what was offered
    std::string_view token; // behind the first; empty where nothing follows
};
[[nodiscard]] offered_bearer find_offered_bearer(const http::field_list& fields) noexcept;
[[nodiscard]] bool offers_bearer(const http::field_list& fields) noexcept;

// What is left without the parameters, cookies or subprotocols that may be tokens, every other byte in its
// place. A query has its `?`; one of which nothing is left is empty, like the other two.
void append_query_without_tokens(std::string_view query, std::span<const std::string> names,
                                 std::string& out);
void append_cookies_without_tokens(std::string_view value, std::span<const std::string> names,
                                   std::string& out);
void append_protocols_without_token(const http::field_list& fields, std::string& out);

} // namespace scopegate::tokens
