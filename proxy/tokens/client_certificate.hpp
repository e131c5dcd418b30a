// Reads the certificate of a client whose TLS connection ended at a proxy in front of us. Pure. Call it only
// for requests from a trusted proxy: anybody else can forge the header.
#pragma once

#include "http/fields.hpp"
#include "policy/settings.hpp"

#include <cstdint>
#include <string>

namespace scopegate::tokens {

struct certificate_header {
    enum class state : std::uint8_t { absent, unreadable, read };
    state how = state::absent;
    std::string thumbprint; // SHA-256 as base64url (RFC 8705 section 3.1); set for `read`
};

// Finds the header and reads it in its form (tokens/certificate_forms.hpp). An empty header is absent. It is
// unreadable if it occurs twice (in any spelling), is spelled with `_`, or is not well-formed.
[[nodiscard]] certificate_header forwarded_certificate(const http::field_list& fields,
                                                       const policy::client_cert_header& header);

} // namespace scopegate::tokens
