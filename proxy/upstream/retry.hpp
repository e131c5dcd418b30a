// The retry rule: whether a request may be sent once more, on another connection.
#pragma once

#include <string_view>

namespace scopegate::upstream {

// Returns whether a method is idempotent (RFC 9110 section 9.2.2): applying it twice has the effect of once.
[[nodiscard]] constexpr bool is_idempotent(std::string_view method) noexcept
{
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
           method == "OPTIONS";
}

// Returns whether a request can be sent again after its connection has ended without a response. The upstream
// may have acted on it, so its method must be idempotent. Its body must be empty, because body bytes that
// were read are gone. After the end of a new connection the request goes to another address only.
[[nodiscard]] constexpr bool may_repeat(std::string_view method, bool body_is_empty) noexcept
{
    return body_is_empty && is_idempotent(method);
}

} // namespace scopegate::upstream
