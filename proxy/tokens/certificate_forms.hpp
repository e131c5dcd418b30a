// The forms in which proxies write a client's certificate into a header. Each is read strictly: a value that
// two readers could read differently has no certificate. The octets are not checked to be a certificate: only
// the real certificate has its hash.
#pragma once

#include "policy/settings.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::tokens {

// The longest value that is read, in bytes. A chain of certificates fits; limits.headers is often less.
constexpr std::size_t max_certificate_value = 64UL * 1024;

// Returns the SHA-256 thumbprint of the client's certificate as base64url, or nothing if the value is not
// well-formed or too long. The forms are:
// - rfc9440: exactly one byte sequence (RFC 8941 section 3.3.5), `:BASE64:`, without parameters.
// - pem_percent: PEM, percent-encoded. `+` is no space. A chain may follow the certificate.
// - base64: DER in base64 with padding, perhaps percent-encoded; a chain may follow, separated by commas.
// - xfcc: exactly one element of pairs `Key=Value` separated by semicolons. Values may be quoted. It has
//   `Hash` (SHA-256 in hexadecimal digits), `Cert` (one certificate in PEM, percent-encoded), or both of the
//   same certificate. More elements are refused: Envoy does not quote the names that it copies from a
//   certificate, so a comma in one of them could begin an element with another client's hash.
// In a chain the client's own certificate is the first, as in TLS.
[[nodiscard]] std::optional<std::string> certificate_thumbprint(std::string_view value,
                                                                policy::client_cert_header::form form);

} // namespace scopegate::tokens
