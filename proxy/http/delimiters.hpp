// The two spellings of a delimiter in a path: `%2A` and `*`. They are two paths (RFC 3986 section 2.2), but
// mean the same to the author of a template.
#pragma once

#include <string>
#include <string_view>

namespace scopegate::http {

// Returns a normalised segment with the delimiters decoded that may stand in a path as they are (RFC 3986
// section 3.3).
// `;` stays: upstreams let parameters begin there.
[[nodiscard]] std::string decode_delimiters(std::string_view normalised);

} // namespace scopegate::http
