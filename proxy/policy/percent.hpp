// A parameter's value is its percent-decoded segment (spec 2.1). Decisions compare it without making a
// decoded copy.
#pragma once

#include <string>
#include <string_view>

namespace scopegate::policy {

// Takes the next character off the front of a percent-encoded text that is not empty: a triplet as the octet
// it stands for. A malformed one stays as it is.
[[nodiscard]] char take_decoded(std::string_view& encoded) noexcept;

// Whether `encoded`, percent-decoded, is `plain`.
[[nodiscard]] bool decodes_to(std::string_view encoded, std::string_view plain) noexcept;
// The same, letter case ignored (http/letter_case.hpp). Both are UTF-8.
[[nodiscard]] bool decodes_to_ignoring_case(std::string_view encoded, std::string_view plain) noexcept;

// The decoded text, for messages.
[[nodiscard]] std::string decoded(std::string_view encoded);

} // namespace scopegate::policy
