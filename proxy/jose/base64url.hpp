// base64url without padding (RFC 4648 section 5, as used by RFC 7515 section 2). The decoder is strict: it
// refuses padding, line breaks and stray bits in the last character, which decoders treat differently. So
// each token has exactly one spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace scopegate::jose {

// Returns the octets, or nothing if `text` is not exactly their encoding. Empty text decodes to no octets.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

[[nodiscard]] std::string base64url_encode(std::string_view octets);

} // namespace scopegate::jose
