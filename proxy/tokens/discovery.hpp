// Locates and reads an issuer's metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3). Pure:
// key_fetch does the I/O.
#pragma once

#include "policy/settings.hpp"

#include <boost/system/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::tokens {

// Says, for the log, why a document can't be used.
struct discovery_failure {
    std::string why;
};
[[noreturn]] void throw_exception_from_error(const discovery_failure& f, const boost::source_location& where);

// Returns the URLs to try, in this order: <issuer>/.well-known/openid-configuration, then RFC 8414's
// /.well-known/oauth-authorization-server, inserted before the issuer's path. Empty if the issuer is not a
// URL.
[[nodiscard]] std::vector<std::string> metadata_urls(std::string_view issuer);

// Returns the document's `jwks_uri`. Fails if the document is not a strict JSON object, or if its `issuer`
// differs from the configured one by a single byte. Another issuer's document would bring in another issuer's
// keys (RFC 8414 section 3.3). The document of an issuer that has tenants may name their common pattern
// instead, as the documents of Entra ID's shared endpoints do. Also fails if `jwks_uri` is missing, or is
// neither https nor http on a loopback host. With the issuer's `insecure_http`, http is allowed on every
// host, unless the issuer itself is https: its document must not lead to keys that are less protected than
// itself.
[[nodiscard]] boost::system::result<std::string, discovery_failure>
jwks_uri_of(std::string_view document, const policy::issuer_settings& issuer);

} // namespace scopegate::tokens
