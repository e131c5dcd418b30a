// Detects issuers and audiences copied from documentation: `/common/v2.0`, `{tenantid}`, `*`. Tokens are
// compared exactly, so that such a name would refuse every token.
#pragma once

#include <string>
#include <string_view>

namespace scopegate::config {

// Returns why no token names this issuer, and what to write instead. Returns an empty string if a token may.
[[nodiscard]] std::string issuer_problem(std::string_view issuer);

// Does the same for an audience.
[[nodiscard]] std::string audience_problem(std::string_view audience);

} // namespace scopegate::config
