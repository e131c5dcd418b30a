#include "config/source_text.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

// Counting characters along one endless line (JSON is YAML too) for each of its values would take too long.
// Beyond this column, bytes are counted.
constexpr std::size_t longest_counted = 4096;

constexpr bool continues(char c) noexcept
{
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
}

// Returns the size in bytes of the UTF-8 character at the start of `s` (RFC 3629: shortest form, no
// surrogates), or 0 if it is invalid.
std::size_t character_size(std::string_view s) noexcept
{
    const auto lead = static_cast<unsigned char>(s.front());
    if (lead < 0x80)
        return 1;
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || s.size() < size ||
        !std::all_of(s.begin() + 1, s.begin() + static_cast<std::ptrdiff_t>(size), continues))
        return 0;
    const auto second = static_cast<unsigned char>(s[1]);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool not_a_character = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
    return overlong || not_a_character ? 0 : size;
}

// Returns the error in the character at the start of `s`, or null.
const char* problem_of(std::string_view s) noexcept
{
    const char c = s.front();
    if (c == '\r')
        return s.size() > 1 && s[1] == '\n' ? nullptr : "a carriage return without a line feed";
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F)
        return "a control character";
    return character_size(s) == 0 ? "a byte that is not UTF-8" : nullptr;
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
        rest.remove_prefix(character_size(rest));
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
    const auto characters = std::count_if(before.begin(), before.end(), [](char c) { return !continues(c); });
    return {line + 1, static_cast<int>(characters) + 1};
}

} // namespace scopegate::config
