// Checks the text before a YAML reader gets it, and computes positions in it.
#pragma once

#include "config/diagnostics.hpp"

#include <string_view>
#include <vector>

namespace scopegate::config {

// Removes a byte order mark. Refuses invalid UTF-8, control characters (yaml-cpp takes some for the end of
// the file), and a carriage return without its line feed: no editor writes them on purpose. Reports the first
// error to `out` and returns false.
[[nodiscard]] bool check_text(std::string_view& text, diagnostics& out);

// Converts yaml-cpp's positions (bytes) to positions as editors count them (characters). The text must
// outlive it.
class line_index final {
public:
    explicit line_index(std::string_view text);
    // Both arguments count from 0, as in yaml-cpp. A position past the last line becomes the end of the text.
    // yaml-cpp gives an empty key the position of the following token, which may be the line that we append
    // to its input.
    [[nodiscard]] policy::source_mark mark(int line, int byte_column) const noexcept;
    // Returns whether the leading whitespace of a line (from 0) contains a tab.
    [[nodiscard]] bool is_indented_by_tab(int line) const noexcept;

private:
    std::string_view text_;
    std::vector<std::size_t> starts_;
};

} // namespace scopegate::config
