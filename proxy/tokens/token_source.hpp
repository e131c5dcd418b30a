// Step 4: takes exactly one token from the request's credentials. Two Authorization fields or a token in two
// places are refused; another scheme is no token.
#pragma once

#include "base/errc.hpp"
#include "http/head_parser.hpp"

#include <string_view>

namespace scopegate::tokens {

// The token of the one `Authorization: Bearer` field (scheme in any letter case, RFC 9110 section 11.1;
// b64token, RFC 6750 section 2.1). Fails with no_token (no field, or another scheme), several_tokens (two
// Authorization fields, in any spelling), malformed_credentials (Bearer without a token, with spaces in it,
// or with characters that b64token lacks).
[[nodiscard]] result<std::string_view> take_token(const http::field_list& fields);

} // namespace scopegate::tokens
