#include "config/source_text.hpp"

#include "base/utf8.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

// Counting characters along one endless line (JSON is YAML too) for each of its values would take too long.
// Beyond this column, bytes are counted.
constexpr std::size_t longest_counted = 4096;

// Returns the error in the character at the start of `s`, or null.
const char* problem_of(std::string_view s) noexcept
{
    const char c = s.front();
    if (c == '\r')
        return s.size() > 1 && s[1] == '\n' ? nullptr : "a carriage return without a line feed";
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F)
        return "a control character";
    return leading_character(s) == 0 ? "a byte that is not UTF-8" : nullptr;
}

} // namespace

bool check_text(std::string_view& text, diagnostics& out)
{
    if (text.starts_with("\xEF\xBB\xBF"))
        text.remove_prefix(3);
    policy::source_mark at{1, 1};
    for (auto rest = text; !rest.empty();) {
        if (const char* problem = problem_of(rest)) {
            out.error(at, problem);
            return false;
        }
        if (rest.front() == '\n')
            at = {at.line + 1, 1};
        else
            ++at.column;
        rest.remove_prefix(leading_character(rest));
    }
    return true;
}

line_index::line_index(std::string_view text) : text_(text), starts_{0}
{
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == '\n')
            starts_.push_back(i + 1);
}

bool line_index::is_indented_by_tab(int line) const noexcept
{
    if (line < 0 || static_cast<std::size_t>(line) >= starts_.size())
        return false;
    const auto rest = text_.substr(starts_[static_cast<std::size_t>(line)]);
    return rest.substr(0, rest.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

policy::source_mark line_index::mark(int line, int byte_column) const noexcept
{
    if (line >= 0 && static_cast<std::size_t>(line) >= starts_.size()) {
        line = static_cast<int>(starts_.size()) - 1;
        byte_column = static_cast<int>(text_.size() - starts_.back());
    }
    if (line < 0 || byte_column < 0)
        return {line + 1, byte_column + 1};
    const auto rest = text_.substr(starts_[static_cast<std::size_t>(line)]);
    const auto before = rest.substr(0, static_cast<std::size_t>(byte_column));
    if (before.size() > longest_counted)
        return {line + 1, byte_column + 1};
    return {line + 1, static_cast<int>(count_characters(before)) + 1};
}

} // namespace scopegate::config
