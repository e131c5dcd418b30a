// Step 4: takes exactly one token from the request's credentials. Two Authorization fields or a token in two
// places are refused; another scheme than Bearer and, unless it is off, DPoP (RFC 9449 section 7.1) is no
// token.
#pragma once

#include "base/errc.hpp"
#include "http/head_parser.hpp"
#include "policy/settings.hpp"

#include <string>
#include <string_view>

namespace scopegate::tokens {

// Where a request may carry its token. Views: must outlive what was taken.
struct credentials {
    const http::field_list& fields;
    std::string_view query; // with its `?`, as it came
    bool websocket = false; // the request would open a WebSocket: only then its subprotocols count
};

struct taken_token {
    std::string_view text;   // into the request, or into the scratch
    bool from_header = true; // otherwise it has to be removed where it was (tokens/token_places.hpp)
    bool dpop = false;       // under the scheme DPoP: a proof has to come with it
};

// What RFC 6750 section 2.1 calls a b64token: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=".
// What is taken need not be one yet: the validator looks at the bytes of tokens that it has not seen before.
[[nodiscard]] bool is_b64token(std::string_view s) noexcept;

// The token of the one Authorization field, of one of our schemes (in any letter case, RFC 9110
// section 11.1); DPoP is ours where `dpop`. Fails with no_token (no field, or another scheme), several_tokens
// (two Authorization fields, in any spelling), malformed_credentials (a scheme without a token).
[[nodiscard]] result<taken_token> take_token(const http::field_list& fields, bool dpop);

// The same from any of the configured places, of which exactly one may hold a token. Fails with no_token,
// several_tokens (in two places, or a parameter, cookie or `bearer` of that name twice),
// malformed_credentials (a percent-triplet gone wrong, or a name spelled in another way that an API might
// read as the same). A cookie without a value is no token: that is how applications clear one. Allocates
// nothing where only the header is configured.
[[nodiscard]] result<taken_token> take_token(const policy::token_settings& places, const credentials& from,
                                             std::string& scratch);

} // namespace scopegate::tokens
