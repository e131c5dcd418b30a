#include "base/json_writer.hpp"
#include "base/utf8.hpp"

#include <algorithm>
#include <array>

namespace scopegate::json {

namespace {

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

void append(writer& out, const value& v)
{
    if (const auto* s = v.if_string()) {
        out.value(*s);
    } else if (const auto* items = v.if_array()) {
        out.open_array();
        for (const auto& item : *items)
            append(out, item);
        out.close_array();
    } else if (const auto* members = v.if_object()) {
        out.open_object();
        for (const auto& [name, member_value] : *members)
            append(out.escaped_name(name), member_value);
        out.close_object();
    } else {
        out.raw() += v.scalar_text().value_or("null");
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
        const auto length = leading_character(s);
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
    writer json(out);
    append(json, v);
    return out;
}

} // namespace scopegate::json
