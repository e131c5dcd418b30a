// The two spellings of a delimiter in a path: `%2A` and `*`. They make two different paths (RFC 3986 section
// 2.2), but mean the same to the author of a template.
#pragma once

#include <string>
#include <string_view>

namespace scopegate::http {

// Decodes those delimiters of a normalized segment that a path may contain unencoded (RFC 3986 section 3.3).
// `;` stays encoded: for upstreams it begins a parameter.
[[nodiscard]] std::string decode_delimiters(std::string_view normalized);

} // namespace scopegate::http
