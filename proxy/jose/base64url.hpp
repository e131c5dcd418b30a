// base64url without padding (RFC 4648 section 5 as RFC 7515 section 2 uses it), read strictly: what two
// decoders could read in two ways (padding, line breaks, stray bits in the last character) is refused, so
// that one token has one spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace scopegate::jose {

// The octets, or nothing where the text is not exactly their encoding. Empty text is empty octets.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

[[nodiscard]] std::string base64url_encode(std::string_view octets);

} // namespace scopegate::jose
