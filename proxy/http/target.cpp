#include "http/target.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "http/chars.hpp"
#include "http/host.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace scopegate::http {
namespace {

// How the normalizer treats a byte of a path.
enum class path_byte : std::uint8_t {
    plain,
    slash,
    dot,
    percent,
    semicolon,
    encode,
    blank,
    high,
    ambiguous,
    refused
};

constexpr auto path_bytes = [] {
    std::array<path_byte, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto c = static_cast<char>(i);
        if (is(char_class::unreserved, c) || is(char_class::sub_delim, c) || c == ':' || c == '@')
            table[i] = path_byte::plain;
        else if (is(char_class::visible, c))
            table[i] = path_byte::encode; // RFC 3986 forbids it in a path, but user ids look like auth0|123
        else
            table[i] = i >= 0x80 ? path_byte::high : path_byte::refused;
    }
    table['/'] = path_byte::slash;
    table['.'] = path_byte::dot;
    table['%'] = path_byte::percent;
    table[';'] = path_byte::semicolon;
    table[' '] = path_byte::blank;
    table['\\'] = path_byte::ambiguous;
    table['?'] = table['#'] = path_byte::refused;
    return table;
}();

path_byte path_byte_of(char c) noexcept
{
    return path_bytes[static_cast<unsigned char>(c)];
}

failure malformed(cause detail) noexcept
{
    return {reason::malformed_target, detail};
}

failure ambiguous(cause detail) noexcept
{
    return {reason::ambiguous_path, detail};
}

// Returns whether the decoded bytes of a normalized path are UTF-8.
bool decodes_to_utf8(std::string_view normalized) noexcept
{
    utf8_check check;
    while (!normalized.empty())
        if (!check.take(take_decoded(normalized)))
            return false;
    return check.is_whole();
}

bool is_dot_segment(std::string_view s) noexcept
{
    return s == "." || s == "..";
}

// Returns whether a normalized segment is a dot segment, or would be one to an upstream that cuts parameters
// or reads %2F as `/`.
bool hides_dot_segment(std::string_view segment)
{
    for (;;) {
        const auto end = std::min(segment.find("%2F"), segment.size());
        const auto piece = segment.substr(0, end);
        if (is_dot_segment(piece.substr(0, std::min(piece.find(';'), piece.find("%3B")))))
            return true;
        if (end == segment.size())
            return false;
        segment.remove_prefix(end + 3);
    }
}

// Returns whether `%25` precedes two hex digits: an upstream that decodes twice would see another path. The
// search uses the normalized form, in which %25%34%31 has become %2541.
bool is_encoded_twice(std::string_view normalized) noexcept
{
    for (auto at = normalized.find("%25"); at != std::string_view::npos; at = normalized.find("%25", at + 3))
        if (at + 4 < normalized.size() && is_hex_digit(normalized[at + 3]) &&
            is_hex_digit(normalized[at + 4]))
            return true;
    return false;
}

// Appends the normalized form of one triplet.
result<void> append_normalized(std::string& out, char value, const path_rules& rules)
{
    if (is(char_class::unreserved, value)) {
        out += value;
        return {};
    }
    if (static_cast<unsigned char>(value) < 0x20 || value == 0x7F)
        return ambiguous(cause::encoded_control);
    if (value == '\\')
        return ambiguous(cause::backslash);
    if (value == '/' && !rules.keep_encoded_slash)
        return ambiguous(cause::encoded_slash);
    if (value == ';' && !rules.keep_semicolon)
        return ambiguous(cause::semicolon);
    append_triplet(out, value);
    return {};
}

// How to treat raw bytes beyond visible ASCII. Requests must not contain them; authors of templates may write
// them.
enum class raw_bytes : bool { refuse, encode };

// Appends the normalized form of one segment, which must not be empty.
result<void> append_segment(std::string& out, std::string_view segment, const path_rules& rules,
                            raw_bytes raw)
{
    const auto begin = out.size();
    for (std::size_t i = 0; i < segment.size(); ++i) {
        const char c = segment[i];
        switch (path_byte_of(c)) {
        case path_byte::plain:
        case path_byte::dot:
            out += c;
            break;
        case path_byte::semicolon:
            if (!rules.keep_semicolon)
                return ambiguous(cause::semicolon);
            out += c;
            break;
        case path_byte::percent:
            if (!starts_with_triplet(segment.substr(i)))
                return malformed(cause::bad_percent_encoding);
            if (const auto ok = append_normalized(out, triplet_value(segment.substr(i)), rules);
                ok.has_error())
                return ok.error();
            i += 2;
            break;
        case path_byte::blank:
        case path_byte::high:
            if (raw == raw_bytes::refuse)
                return malformed(cause::non_ascii_target);
            [[fallthrough]];
        case path_byte::encode:
            append_triplet(out, c);
            break;
        case path_byte::ambiguous:
            return ambiguous(cause::backslash);
        case path_byte::slash:
        case path_byte::refused:
            return malformed(cause::control_character);
        }
    }
    const auto normalized = std::string_view(out).substr(begin);
    if (normalized.empty())
        return ambiguous(cause::empty_segment);
    if (hides_dot_segment(normalized))
        return ambiguous(cause::dot_segment);
    if (is_encoded_twice(normalized))
        return ambiguous(cause::double_encoding);
    return {};
}

bool is_plain_segment(std::string_view segment) noexcept
{
    const auto plain = [](char c) { return path_byte_of(c) == path_byte::plain || c == '.'; };
    return std::all_of(segment.begin(), segment.end(), plain) && !segment.empty() && !is_dot_segment(segment);
}

// Calls f(segment) for each segment of a path that begins with `/`. A trailing `/` adds no segment. Stops and
// returns false when f does.
template <class F>
bool for_each_segment(std::string_view path, F&& f)
{
    while (path.size() > 1) {
        path.remove_prefix(1);
        const auto segment = path.substr(0, path.find('/'));
        if (!f(segment))
            return false;
        path.remove_prefix(segment.size());
    }
    return true;
}

// Returns the normalized form of an absolute path: the path itself if it is normalized already.
result<std::string_view> normalize_path(std::string_view path, const path_rules& rules, std::string& scratch)
{
    if (for_each_segment(path, is_plain_segment))
        return path;
    result<void> appended;
    for_each_segment(path, [&](std::string_view segment) {
        scratch += '/';
        appended = append_segment(scratch, segment, rules, raw_bytes::refuse);
        return appended.has_value();
    });
    if (!appended)
        return appended.error();
    if (path.ends_with('/'))
        scratch += '/';
    if (!decodes_to_utf8(scratch))
        return malformed(cause::invalid_utf_8);
    return std::string_view(scratch);
}

// Removes scheme and authority from the front of an absolute-form target.
result<std::string_view> take_authority(std::string_view& target)
{
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!iequals(target.substr(0, scheme.size()), scheme))
            continue;
        target.remove_prefix(scheme.size());
        const auto authority = target.substr(0, target.find_first_of("/?#"));
        if (!is_host(authority))
            return malformed(cause::target_form);
        target.remove_prefix(authority.size());
        return authority;
    }
    return malformed(cause::target_form);
}

// Returns the fault of the first forbidden byte in a target: whitespace, a control, a byte beyond ASCII, or
// `#`.
cause bad_byte_of(std::string_view target) noexcept
{
    const auto* const bad = std::find_if(target.begin(), target.end(),
                                         [](char c) { return !is(char_class::visible, c) || c == '#'; });
    if (bad == target.end())
        return cause::none;
    if (*bad == '#')
        return cause::fragment_in_target;
    return static_cast<unsigned char>(*bad) < 0x80 ? cause::control_character : cause::non_ascii_target;
}

} // namespace

result<request_target> normalize_target(std::string_view target, std::string_view method,
                                        const path_rules& rules, std::string& scratch)
{
    scratch.clear();
    request_target out;
    // For OPTIONS, `*` and an absolute form without a path mean the whole server.
    const bool server_wide = method == "OPTIONS";
    if (target == "*" && server_wide) {
        out.path = target;
        return out;
    }
    if (!target.starts_with('/')) {
        const auto authority = take_authority(target);
        if (authority.has_error())
            return authority.error();
        out.authority = *authority;
    }
    if (!all(char_class::visible, target) || target.find('#') != std::string_view::npos)
        return malformed(bad_byte_of(target));
    const auto path = target.substr(0, target.find('?'));
    out.query = target.substr(path.size());
    if (path.empty()) { // for OPTIONS this means the whole server (RFC 9112 section 3.2.4)
        out.path = server_wide && out.query.empty() ? "*" : "/";
        return out;
    }
    const auto normalized = normalize_path(path, rules, scratch);
    if (normalized.has_error())
        return normalized.error();
    out.path = *normalized;
    return out;
}

result<std::string> normalize_segment(std::string_view literal, const path_rules& rules)
{
    std::string out;
    if (const auto ok = append_segment(out, literal, rules, raw_bytes::encode); ok.has_error())
        return ok.error();
    if (!decodes_to_utf8(out))
        return malformed(cause::invalid_utf_8);
    return out;
}

} // namespace scopegate::http
