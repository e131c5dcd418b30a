// Extracts exactly one token from the request's credentials, before token validation. Two Authorization
// headers, or tokens in two places, are refused. A scheme other than Bearer, or DPoP unless it is off (RFC
// 9449 section 7.1), counts as no token.
#pragma once

#include "base/errc.hpp"
#include "http/head_parser.hpp"
#include "policy/settings.hpp"

#include <string>
#include <string_view>

namespace scopegate::tokens {

// The places where a request may carry its token. Views: the request must outlive the token that is taken.
struct credentials {
    const http::field_list& fields;
    std::string_view query; // with its `?`, not decoded
    bool websocket = false; // opens a WebSocket; only then its subprotocols are searched
};

struct taken_token {
    std::string_view text;   // a view into the request or the scratch buffer
    bool from_header = true; // otherwise remove it from where it was (tokens/token_places.hpp)
    bool dpop = false;       // with the scheme DPoP: a proof must accompany it
};

// Returns whether `s` is a b64token (RFC 6750 section 2.1): 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" /
// "/" ) *"=". A taken token need not be one: the validator checks the bytes of tokens that it has not seen
// before.
[[nodiscard]] bool is_b64token(std::string_view s) noexcept;

// Returns the token of the one Authorization header, if its scheme is ours (in any letter case, RFC 9110
// section 11.1). `dpop` says whether DPoP is ours. Fails with no_token (no header, or another scheme),
// several_tokens (two Authorization headers, in any spelling) or malformed_credentials (a scheme without a
// token).
[[nodiscard]] result<taken_token> take_token(const http::field_list& fields, bool dpop);

// Returns the token from any of the configured places, of which exactly one may hold a token. Fails with
// no_token, several_tokens (tokens in two places, or a parameter, cookie or `bearer` of that name twice) or
// malformed_credentials (an invalid percent-triplet, or a spelling that an upstream might read as the same
// name). A cookie without a value is not a token: applications clear a cookie this way. Allocates nothing if
// only the header is configured.
[[nodiscard]] result<taken_token> take_token(const policy::token_settings& places, const credentials& from,
                                             std::string& scratch);

} // namespace scopegate::tokens
