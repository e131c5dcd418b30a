// References to scopes in the file.
#pragma once

#include "config/values.hpp"

namespace scopegate::config {

// Returns the declared scope with that name. Reports an error if it is not declared.
[[nodiscard]] std::optional<policy::scope_id> find_scope(compilation& c, const located_text& name);
// Does the same, but also suggests `public` and `authenticated`.
[[nodiscard]] std::optional<policy::scope_id> find_needed_scope(compilation& c, const located_text& name);

// Returns whether `s` matches RFC 6749 section 3.3: 1*( %x21 / %x23-5B / %x5D-7E ).
[[nodiscard]] bool is_scope_token(std::string_view s) noexcept;

} // namespace scopegate::config
