// How the control thread reaches an issuer: the HTTPS client's settings, and the bearer token in front of its
// keys.
#pragma once

#include "base/secret.hpp"
#include "net/http_client.hpp"
#include "policy/settings.hpp"

#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace scopegate::tokens {

[[nodiscard]] net::http_access access_to(const policy::issuer_settings& issuer);

// Returns whether a request for `url` may carry the token that belongs to `trusted`: both have the same
// scheme, host and port, and nobody on the way can read it. A discovery document may name keys on any host.
[[nodiscard]] bool may_have_token(std::string_view url, std::string_view trusted);

// Why a file has no token. Never contains a part of it.
struct token_file_problem {
    std::string why;
};
[[noreturn]] void throw_exception_from_error(const token_file_problem& p,
                                             const boost::source_location& where);

// Reads the token that is the only word of a file. Refuses pipes, large files, and a text that is no bearer
// token (RFC 6750 section 2.1).
[[nodiscard]] boost::system::result<secret, token_file_problem> read_token_file(const std::string& path);

// Returns the value of Authorization, a secret.
[[nodiscard]] std::string bearer_authorization(const secret& token);

} // namespace scopegate::tokens
