// Reads the certificate of a client whose TLS connection ended at a proxy in front of us (`Client-Cert`, RFC
// 9440). Pure. Call it only for requests from a trusted proxy: anybody else can forge the header.
#pragma once

#include "http/head_parser.hpp"

#include <optional>
#include <string>

namespace scopegate::tokens {

// Returns the certificate's SHA-256 thumbprint as base64url (RFC 8705 section 3.1). Returns nothing if the
// header is missing or ambiguous. It is ambiguous if it occurs twice (in any spelling) or is not exactly one
// byte sequence (RFC 8941 section 3.3.5): strict base64, not empty, without parameters. The octets are not
// checked to be a certificate: only the real certificate has its hash.
[[nodiscard]] std::optional<std::string> forwarded_certificate(const http::field_list& fields);

} // namespace scopegate::tokens
