// Extracts exactly one token from the request's credentials, before token validation. Two Authorization
// headers, or tokens in two places, are refused. A scheme other than Bearer, or DPoP unless it is off (RFC
// 9449 section 7.1), counts as no token. tokens/places/ has the places.
#pragma once

#include "tokens/places/place.hpp"

#include <string>
#include <string_view>

namespace scopegate::tokens {

// Returns whether `s` is a b64token (RFC 6750 section 2.1): 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" /
// "/" ) *"=". A taken token need not be one: the validator checks the bytes of tokens that it has not seen
// before.
[[nodiscard]] bool is_b64token(std::string_view s) noexcept;

// Returns the token from any of the configured places, of which exactly one may hold a token. Fails with
// no_token, several_tokens (tokens in two places, or a parameter, cookie or `bearer` of that name twice) or
// malformed_credentials (an invalid percent-triplet, or a spelling that an upstream might read as the same
// name). A cookie without a value is not a token: applications clear a cookie this way. Allocates nothing if
// only the header is configured.
[[nodiscard]] result<taken_token> take_token(const policy::token_settings& from, const credentials& request,
                                             std::string& scratch);

} // namespace scopegate::tokens
