// A parameter's value is its percent-decoded segment. Decisions compare it without making a decoded copy.
#pragma once

#include <string>
#include <string_view>

namespace scopegate::policy {

// Removes the next character from the front of a percent-encoded text, which must not be empty. Returns the
// octet that a triplet encodes. A malformed triplet stays as it is.
[[nodiscard]] char take_decoded(std::string_view& encoded) noexcept;

// Returns whether `encoded`, percent-decoded, equals `plain`.
[[nodiscard]] bool decodes_to(std::string_view encoded, std::string_view plain) noexcept;
// Does the same, ignoring letter case (http/letter_case.hpp). Both texts are UTF-8.
[[nodiscard]] bool decodes_to_ignoring_case(std::string_view encoded, std::string_view plain) noexcept;

// Returns the decoded text, for messages.
[[nodiscard]] std::string decoded(std::string_view encoded);

} // namespace scopegate::policy
