// Where an issuer's metadata lies and what it says (OpenID Connect Discovery 1.0 section 4, RFC 8414 section
// 3). Pure: the fetching is key_store's.
#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::tokens {

// Why a document is of no use, in words for the log.
struct discovery_failure {
    std::string why;
};
[[noreturn]] void throw_exception_from_error(const discovery_failure& f, const boost::source_location& where);

// The places to look at, in this order: <issuer>/.well-known/openid-configuration, then RFC 8414's
// /.well-known/oauth-authorization-server before the issuer's path. Empty where the issuer is no URL.
[[nodiscard]] std::vector<std::string> metadata_urls(std::string_view issuer);

// The document's `jwks_uri`. Fails where the document is no strict JSON object, where its `issuer` differs
// from the configured one in a single byte (another issuer's document would bring another issuer's keys: RFC
// 8414 section 3.3), or where jwks_uri is missing or neither https nor http on a loopback host.
[[nodiscard]] boost::system::result<std::string, discovery_failure> jwks_uri_of(std::string_view document,
                                                                                std::string_view issuer);

} // namespace scopegate::tokens
