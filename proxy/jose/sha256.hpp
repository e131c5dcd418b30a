// SHA-256 in the form that JOSE uses: the digest as base64url.
#pragma once

#include <string>
#include <string_view>

namespace scopegate::jose {

// Throws std::runtime_error if OpenSSL runs out of memory.
[[nodiscard]] std::string sha256_base64url(std::string_view octets);

} // namespace scopegate::jose
