#include "base/json.hpp"

#include <algorithm>
#include <array>

namespace scopegate::json {

namespace {

// Returns the length of the UTF-8 sequence at the start of `s`, which is not empty. Returns 0 if the sequence
// is invalid (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view s) noexcept
{
    const auto at = [s](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
    const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return at(i) >= low && at(i) <= high;
    };
    const unsigned lead = at(0);
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return continues(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF)
        return continues(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && continues(2) ? 3 : 0;
    if (lead >= 0xF0 && lead <= 0xF4)
        return continues(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && continues(2) &&
                       continues(3)
                   ? 4
                   : 0;
    return 0;
}

void append_escaped(std::string& out, char c)
{
    constexpr char hex[] = "0123456789abcdef";
    switch (c) {
    case '"':
        out += "\\\"";
        break;
    case '\\':
        out += "\\\\";
        break;
    case '\n':
        out += "\\n";
        break;
    case '\r':
        out += "\\r";
        break;
    case '\t':
        out += "\\t";
        break;
    default:
        out += "\\u00";
        out += hex[static_cast<unsigned char>(c) >> 4];
        out += hex[static_cast<unsigned char>(c) & 15];
    }
}

// ASCII characters that need no escape.
constexpr auto plain_chars = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0x20; c < 0x7F; ++c)
        table[c] = c != '"' && c != '\\';
    return table;
}();

bool is_plain(char c) noexcept
{
    return plain_chars[static_cast<unsigned char>(c)];
}

void append(std::string& out, const value& v)
{
    if (const auto* s = v.if_string()) {
        append_quoted(out, *s);
    } else if (const auto* items = v.if_array()) {
        char separator = '[';
        for (const auto& item : *items) {
            out += separator;
            append(out, item);
            separator = ',';
        }
        out += items->empty() ? "[]" : "]";
    } else if (const auto* members = v.if_object()) {
        char separator = '{';
        for (const auto& [name, member_value] : *members) {
            out += separator;
            append_quoted(out, name);
            out += ':';
            append(out, member_value);
            separator = ',';
        }
        out += members->empty() ? "{}" : "}";
    } else {
        out += v.scalar_text().value_or("null");
    }
}

} // namespace

namespace {

// Returns whether a character that JSON allows unescaped ends a line or controls a terminal for some readers:
// the C1 controls (U+0085 among them), U+2028 and U+2029.
bool is_unsafe_character(std::string_view character) noexcept
{
    if (character.size() == 2)
        return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
    return character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9";
}

void append_unsafe(std::string& out, std::string_view character)
{
    constexpr std::string_view digits = "0123456789abcdef";
    const auto low = static_cast<unsigned char>(character.back());
    if (character.size() == 3) {
        out += low == 0xA8 ? "\\u2028" : "\\u2029";
        return;
    }
    out += "\\u00";
    out += digits[low >> 4U];
    out += digits[low & 15U];
}

} // namespace

void append_quoted(std::string& out, std::string_view s)
{
    out += '"';
    while (!s.empty()) {
        const auto plain =
            static_cast<std::size_t>(std::find_if_not(s.begin(), s.end(), is_plain) - s.begin());
        out += s.substr(0, plain);
        s.remove_prefix(plain);
        if (s.empty())
            break;
        const auto length = utf8_length(s);
        if (length > 1 && is_unsafe_character(s.substr(0, length)))
            append_unsafe(out, s.substr(0, length));
        else if (length > 1)
            out += s.substr(0, length);
        else if (length == 1)
            append_escaped(out, s.front());
        else
            out += "\xEF\xBF\xBD"; // U+FFFD, once for each byte that begins no sequence
        s.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
}

std::string serialize(const value& v)
{
    std::string out;
    append(out, v);
    return out;
}

} // namespace scopegate::json
