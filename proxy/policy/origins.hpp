// The origins of browser applications (`cors.origins`), exact or as patterns, and their comparison with the
// Origin of a request (RFC 6454 section 7). Pure.
//
//   https://app.example.com     this origin, byte for byte
//   https://*.example.com       every name below example.com, at any depth, with this scheme and port
//   http://localhost:*          this host with any port, or without one
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::policy {

inline constexpr std::string_view any_origin = "*";

// Returns whether a listed origin or pattern covers `origin`, as a request has it. `*` alone covers none
// here: it means that anybody may read responses, and names nobody. Browsers send lower case, no default
// port, no path and no final dot; an origin with one of them is covered only if it is listed in this
// spelling.
[[nodiscard]] bool covers_origin(std::string_view listed, std::string_view origin) noexcept;

// Returns whether one of them does. `null` is never covered.
[[nodiscard]] bool lists_origin(const std::vector<std::string>& listed, std::string_view origin) noexcept;

} // namespace scopegate::policy
