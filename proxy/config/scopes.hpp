// Scope names where the file uses them.
#pragma once

#include "config/values.hpp"

namespace scopegate::config {

// The declared scope of that name; the error is said where there is none.
[[nodiscard]] std::optional<policy::scope_id> find_scope(compilation& c, const placed_text& name);
// The same where `public` or `authenticated` could be meant as well.
[[nodiscard]] std::optional<policy::scope_id> find_needed_scope(compilation& c, const placed_text& name);

// RFC 6749 section 3.3: 1*( %x21 / %x23-5B / %x5D-7E ).
[[nodiscard]] bool is_scope_token(std::string_view s) noexcept;

} // namespace scopegate::config
