// Where a file says a key, for messages about what only the running process finds out: a taken address. The
// policy keeps no such places.
#pragma once

#include "policy/requirement.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace scopegate::config {

// Reads the file again. Returns the place of the value below these keys, of the item of that number if it is
// a list; line 0 if the file does not say it.
[[nodiscard]] policy::source_mark
place_of(const std::string& file, std::initializer_list<std::string_view> keys, std::size_t item = 0);

} // namespace scopegate::config
