// The data that a requirement's conditions are checked against.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scopegate::policy {

struct parameters;

using client_address = std::array<std::uint8_t, 16>; // v4 as v4-mapped v6

// Borrows everything for the length of one decision.
struct condition_context {
    const parameters& values;     // of the path
    const json::value* claims;    // null: no token was validated
    const client_address* client; // null: the client has no known address
    wall_time now;
    std::string_view issuer{};    // the exact name of the token's issuer; empty without a token
    std::size_t issuer_index = 0; // in policy::issuers
};

// Returns a claim as `explain` prints it: quoted text, a number, `absent`, `an array`.
[[nodiscard]] std::string spoken(const json::value* claim);
// Returns the text as a JSON string.
[[nodiscard]] std::string quoted(std::string_view text);

} // namespace scopegate::policy
