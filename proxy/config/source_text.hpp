// What is looked at before a YAML reader sees the text, and how its places are counted.
#pragma once

#include "config/diagnostics.hpp"

#include <string_view>
#include <vector>

namespace scopegate::config {

// Removes a byte order mark and refuses what no editor writes on purpose: invalid UTF-8, control characters
// (yaml-cpp takes some for the end of the file), a carriage return without its line feed. False, with the
// first of them in `out`.
[[nodiscard]] bool check_text(std::string_view& text, diagnostics& out);

// Turns yaml-cpp's places (bytes) into places as an editor counts them (characters). The text must outlive
// it.
class line_index final {
public:
    explicit line_index(std::string_view text);
    // Both from 0, as yaml-cpp counts. What is said to lie behind the last line is at its end: yaml-cpp gives
    // an empty key the place of what follows, which may be the line that we end its text with.
    [[nodiscard]] policy::source_mark mark(int line, int byte_column) const noexcept;
    // Whether there is a tab in the white space that a line (from 0) begins with.
    [[nodiscard]] bool is_indented_by_tab(int line) const noexcept;

private:
    std::string_view text_;
    std::vector<std::size_t> starts_;
};

} // namespace scopegate::config
