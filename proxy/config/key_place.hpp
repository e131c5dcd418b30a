// Finds a key in the file, for messages about errors that only the running process detects, such as an
// address in use. The policy does not keep positions.
#pragma once

#include "policy/requirement.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace scopegate::config {

// Reads the file again. Returns the position of the value under these keys, or of item number `item` if the
// value is a list. Returns line 0 if the file does not contain the key.
[[nodiscard]] policy::source_mark
place_of(const std::string& file, std::initializer_list<std::string_view> keys, std::size_t item = 0);

} // namespace scopegate::config
