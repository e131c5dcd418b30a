// Checks the content of files that an issuer's settings name.
#pragma once

#include <string>
#include <string_view>

namespace scopegate::config {

// Returns whether the text contains at least one certificate in PEM, and no broken one.
[[nodiscard]] bool holds_certificates(std::string_view text);

// Returns why the text is not a JWK set with a usable key, or an empty string if it is.
[[nodiscard]] std::string problem_of_key_set(std::string_view text);

} // namespace scopegate::config
