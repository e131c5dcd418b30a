// SHA-256 as JOSE writes it: the digest as base64url.
#pragma once

#include <string>
#include <string_view>

namespace scopegate::jose {

// Throws std::runtime_error where OpenSSL has no memory.
[[nodiscard]] std::string sha256_base64url(std::string_view octets);

} // namespace scopegate::jose
