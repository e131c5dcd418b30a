#include "tokens/identity_value.hpp"

#include "base/percent.hpp"
#include "base/utf8.hpp"
#include "http/chars.hpp"
#include "jose/base64url.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::tokens {

namespace {

using encoding = policy::identity_header::encoding;
using list_form = policy::identity_header::list_form;

// Recipients read controls in different ways. U+0080 to U+009F (C2 80 to C2 9F in UTF-8) are controls too:
// some recipients end lines at U+0085.
bool has_control(std::string_view s) noexcept
{
    unsigned char before = 0;
    for (const char each : s) {
        const auto c = static_cast<unsigned char>(each);
        if (c < 0x20 || c == 0x7f || (before == 0xc2 && c < 0xa0))
            return true;
        before = c;
    }
    return false;
}

bool has_control(const json::value& v) noexcept
{
    if (const auto* items = v.if_array())
        return std::any_of(items->begin(), items->end(), [](const auto& item) { return has_control(item); });
    if (const auto* members = v.if_object())
        return std::any_of(members->begin(), members->end(), [](const json::member& m) {
            return has_control(std::string_view(m.first)) || has_control(m.second);
        });
    return has_control(v.scalar_text().value_or(std::string_view{}));
}

void append_percent(std::string& out, std::string_view text)
{
    for (const char c : text)
        if (http::is(http::char_class::unreserved, c))
            out += c;
        else
            append_triplet(out, c);
}

// Appends JSON text with everything beyond ASCII as \u escapes, which can only stand in strings.
void append_ascii_json(std::string& out, const json::value& v)
{
    constexpr std::string_view digits = "0123456789abcdef";
    const auto escape = [&](unsigned unit) {
        out += "\\u";
        for (const unsigned shift : {12U, 8U, 4U, 0U})
            out += digits[unit >> shift & 15U];
    };
    const auto text = json::serialize(v);
    for (std::string_view rest = text; !rest.empty();) {
        const auto size = std::min(character_size(rest.front()), rest.size());
        const auto letter = decode_utf8(rest.substr(0, size));
        rest.remove_prefix(size);
        if (letter < 0x80) {
            out += static_cast<char>(letter);
        } else if (letter < 0x10000) {
            escape(letter);
        } else {
            escape(0xD800U + ((letter - 0x10000U) >> 10U));
            escape(0xDC00U + ((letter - 0x10000U) & 0x3FFU));
        }
    }
}

void append_text(std::string& out, std::string_view text, encoding how)
{
    switch (how) {
    case encoding::base64url:
        out += jose::base64url_encode(text);
        return;
    case encoding::percent:
        append_percent(out, text);
        return;
    case encoding::none:
    case encoding::json:
        out += text;
    }
}

bool has_space_around(std::string_view text) noexcept
{
    return text.starts_with(' ') || text.ends_with(' ');
}

// Appends one text: the whole value, or one item of a list. A recipient would drop spaces around it.
std::string_view append_one(std::string& out, std::string_view text, encoding how)
{
    if (how == encoding::none && has_space_around(text))
        return "it begins or ends with a space";
    append_text(out, text, how);
    return {};
}

std::string_view append_joined(const policy::identity_header& how, const json::array& items, std::string& out)
{
    const bool comma = how.list == list_form::comma;
    std::string_view separator;
    for (const auto& item : items) {
        const auto text = item.scalar_text();
        if (!text)
            return "an element is not a string, number or boolean; only JSON can carry it";
        const bool splits = how.encode == encoding::none &&
                            text->find_first_of(comma ? ",\"" : " ") != std::string_view::npos;
        if (splits && comma)
            return "an element contains a comma or a quote; choose `encode` or `list: json`";
        if (splits || text->empty())
            return "an element is empty or contains a space; choose `list: comma` or `list: json`";
        out += std::exchange(separator, comma ? ", " : " ");
        if (const auto why = append_one(out, *text, how.encode); !why.empty())
            return why;
    }
    return {};
}

std::string_view append_json_list(const policy::identity_header& how, const json::value& list,
                                  std::string& out)
{
    std::string text;
    append_ascii_json(text, list);
    append_text(out, text, how.encode);
    return {};
}

} // namespace

std::string_view append_identity_value(const policy::identity_header& how, const json::value& v,
                                       std::string& out)
{
    const auto text = v.scalar_text();
    if (v.is_null() || (text && text->empty()))
        return {};
    if (has_control(v))
        return "it contains a control character";
    if (how.encode == encoding::json) {
        append_ascii_json(out, v);
        return {};
    }
    if (v.if_object() != nullptr)
        return "it is an object; only `encode: json` can carry it";
    const auto* items = v.if_array();
    if (items == nullptr && how.list == list_form::space)
        return append_one(out, *text, how.encode);
    // The file says that the claim is a list, so one text is a list of one.
    const auto one = items == nullptr ? json::array{v} : json::array{};
    const auto& list = items == nullptr ? one : *items;
    return how.list == list_form::json ? append_json_list(how, json::value(list), out)
                                       : append_joined(how, list, out);
}

} // namespace scopegate::tokens
