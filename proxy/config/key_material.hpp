// What the files that an issuer's settings name must hold.
#pragma once

#include <string>
#include <string_view>

namespace scopegate::config {

// Whether there is a certificate in PEM in it, and none that is broken.
[[nodiscard]] bool holds_certificates(std::string_view text);

// Why it is no JWK set with a usable key in it; empty: it is one.
[[nodiscard]] std::string problem_of_key_set(std::string_view text);

} // namespace scopegate::config
