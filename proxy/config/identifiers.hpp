// Issuers and audiences as documentation writes them: `/common/v2.0`, `{tenantid}`, `*`. Tokens are compared
// exactly, so that each of them would only refuse every token.
#pragma once

#include <string>
#include <string_view>

namespace scopegate::config {

// Returns why no token names this issuer, and what to write; empty if one may.
[[nodiscard]] std::string why_no_issuer(std::string_view issuer);

// The same for an audience.
[[nodiscard]] std::string why_no_audience(std::string_view audience);

} // namespace scopegate::config
