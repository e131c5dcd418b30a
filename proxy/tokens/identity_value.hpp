// Writes a claim as the value of an identity header.
#pragma once

#include "base/json.hpp"
#include "policy/settings.hpp"

#include <string>
#include <string_view>

namespace scopegate::tokens {

// Appends the value that the header has for `v`, in the form that the file chose, and returns an empty text.
// If no header can carry the value, returns why; `out` is then unspecified behind its former end. Appends
// nothing for a value that is null or empty.
//
// No value has a control character, whatever its encoding: CR and LF would end the line and let the token
// start a header of its own, and a decoded value is no safer where the upstream writes it into a log. With
// `encode` or `list: json` the value is visible ASCII.
[[nodiscard]] std::string_view append_identity_value(const policy::identity_header& how, const json::value& v,
                                                     std::string& out);

} // namespace scopegate::tokens
