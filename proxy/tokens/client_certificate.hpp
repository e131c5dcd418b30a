// The certificate of a caller whose TLS ended at a proxy in front of us (`Client-Cert`, RFC 9440). Pure. Only
// of a trusted proxy may it be asked: anybody else can write the field.
#pragma once

#include "http/head_parser.hpp"

#include <optional>
#include <string>

namespace scopegate::tokens {

// Its SHA-256 thumbprint as base64url (RFC 8705 section 3.1). Nothing without the field, and where it can't
// be read in one way only: two of them in any spelling, or anything but one byte sequence (RFC 8941
// section 3.3.5) in strict base64, not empty and without parameters. That the octets are a certificate is not
// asked: only one has its hash.
[[nodiscard]] std::optional<std::string> forwarded_certificate(const http::field_list& fields);

} // namespace scopegate::tokens
