// SPIFFE trust domains as issuers of JWT-SVIDs. Such a token names its trust domain in `sub`, and `iss` means
// nothing in it. Pure.
#pragma once

#include "base/errc.hpp"
#include "base/json.hpp"

#include <string_view>

namespace scopegate::jose {

// Returns whether the name of an issuer is that of a trust domain, valid or not: it begins with `spiffe://`.
[[nodiscard]] bool names_trust_domain(std::string_view issuer) noexcept;

// Returns whether the text is a trust domain as SPIFFE allows it: `spiffe://` and 1 to 255 lower-case
// letters, digits, dots, dashes and underscores, without port and path.
[[nodiscard]] bool is_trust_domain(std::string_view text) noexcept;

// Checks that `sub` is the SPIFFE ID of a workload in the trust domain: its name, `/`, and a path. Fails with
// unknown_issuer otherwise. A path with empty segments, dot segments or characters that no SPIFFE ID has does
// not count, so that two spellings never mean one workload.
[[nodiscard]] result<void> check_trust_domain(const json::value& claims, std::string_view trust_domain);

} // namespace scopegate::jose
