#include "http/head_parser.hpp"

#include "base/utf8.hpp"
#include "http/chars.hpp"
#include "http/runs.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace scopegate::http {
namespace {

constexpr std::string_view crlf = "\r\n";

// How many bytes of an unfinished first line each call of find_head_end checks again.
constexpr std::size_t start_window = 64;

// Returns how many bytes at the start of `s` are text.
std::size_t text_size(std::string_view s) noexcept
{
    return static_cast<std::size_t>(skip_text(s.data(), s.data() + s.size()) - s.data());
}

failure malformed(cause detail) noexcept
{
    return {reason::malformed_request, detail};
}

// Returns whether a message begins with a TLS record: a handshake, or the alert of a server that expected
// one.
bool begins_with_tls(std::string_view data) noexcept
{
    return data.starts_with("\x16\x03") || data.starts_with("\x15\x03");
}

// Detects version 2 of the PROXY protocol. In version 1 the header is an ordinary first line.
bool begins_with_proxy_header(std::string_view data) noexcept
{
    return data.starts_with(std::string_view("\r\n\r\n\0\r\nQUIT\n", 12));
}

// Returns the error for a byte that is neither text nor the start of a CRLF.
failure bad_byte(char c) noexcept
{
    return malformed(c == '\r' || c == '\n' ? cause::bare_line_end : cause::control_character);
}

// Does the same for a byte in `message`, which may be another protocol than HTTP from its first byte.
failure bad_byte(std::string_view message, std::size_t at, bool request) noexcept
{
    if (begins_with_tls(message))
        return malformed(request ? cause::tls_on_plain_port : cause::upstream_speaks_tls);
    return bad_byte(at < message.size() ? message[at] : '\r');
}

// Returns the error for a malformed first line of a request or a response.
failure bad_first_line(std::string_view line, bool request) noexcept
{
    if (!request)
        return malformed(line.starts_with("HTTP/") ? cause::bad_status_line : cause::not_http);
    if (line.starts_with("PROXY "))
        return malformed(cause::unexpected_proxy_header);
    return malformed(std::all_of(line.begin(), line.end(), is_ascii) ? cause::bad_request_line
                                                                     : cause::non_ascii_target);
}

// Fails unless `version` is HTTP/1.x. With whole = false, a prefix of such a version passes too.
result<void> check_version(std::string_view version, bool whole)
{
    constexpr std::string_view shape = "HTTP/1.0";
    constexpr std::size_t major = 5;
    if (version.size() > shape.size() || (whole && version.size() != shape.size()))
        return reason::malformed_request;
    for (std::size_t i = 0; i < version.size(); ++i)
        if (is(char_class::digit, shape[i]) ? !is(char_class::digit, version[i]) : version[i] != shape[i])
            return reason::malformed_request;
    if (version.size() > major && version[major] != shape[major])
        return failure(reason::unsupported_version, cause::http_version);
    return {};
}

// HTTP/1.x with x > 1 is read as HTTP/1.1 (RFC 9110 section 2.5).
int minor_of(std::string_view version) noexcept
{
    return version.back() == '0' ? 0 : 1;
}

struct request_line {
    std::string_view method;
    std::string_view target;
    std::string_view version;
};

// Takes the word at the start of `line` and the single space that must follow it. With whole = false the line
// may end anywhere, and words that have not arrived yet are empty.
result<std::string_view> take_word(std::string_view& line, char_class c, bool whole)
{
    const auto word = line.substr(0, count_leading(c, line));
    line.remove_prefix(word.size());
    if (line.empty() && !whole)
        return word;
    if (word.empty() || line.empty() || line.front() != ' ')
        return reason::malformed_request;
    line.remove_prefix(1);
    return word;
}

// Splits a request line, without CRLF, at its two single spaces. With whole = false, `line` may be only its
// start.
result<request_line> split_request_line(std::string_view line, bool whole)
{
    const auto method = take_word(line, char_class::tchar, whole);
    if (method.has_error())
        return method.error();
    const auto target = take_word(line, char_class::visible, whole);
    if (target.has_error())
        return target.error();
    if (const auto ok = check_version(line, whole); ok.has_error())
        return ok.error();
    return request_line{*method, *target, line};
}

constexpr std::size_t status_at = 9, status_end = 12; // in a status line

struct status_line {
    std::string_view version;
    std::string_view status;
    std::string_view phrase;
};

// Splits a status line, without CRLF. With whole = false, `line` may be only its start. Without a phrase, the
// space before it may be missing too: servers send both forms.
result<status_line> split_status_line(std::string_view line, bool whole)
{
    constexpr std::size_t version_size = 8, status_size = 3, phrase_at = 13;
    status_line parts;
    parts.version = line.substr(0, version_size);
    if (const auto ok = check_version(parts.version, whole); ok.has_error())
        return ok.error();
    if (whole && line.size() < status_at + status_size)
        return reason::malformed_request;
    if (line.size() > version_size && line[version_size] != ' ')
        return reason::malformed_request;
    if (line.size() > status_at)
        parts.status = line.substr(status_at, status_size);
    if (!all(char_class::digit, parts.status) || parts.status.starts_with('0'))
        return reason::malformed_request;
    if (line.size() >= phrase_at && line[phrase_at - 1] != ' ')
        return reason::malformed_request;
    if (line.size() > phrase_at)
        parts.phrase = line.substr(phrase_at);
    return parts;
}

// Adds the cause to the failure of a first line.
failure explain_first_line(failure f, std::string_view line, bool request) noexcept
{
    if (line.starts_with("PRI * HTTP/2"))
        return {f.why, cause::http2_preface};
    const bool other_version = !request && line.starts_with("HTTP/") && !line.starts_with("HTTP/1.");
    if (other_version)
        return {f.why, cause::http_version};
    return f.detail == cause::none ? bad_first_line(line, request) : f;
}

result<void> check_first_line(std::string_view line, bool request, bool whole)
{
    if (request) {
        if (const auto parts = split_request_line(line, whole); parts.has_error())
            return explain_first_line(parts.error(), line, request);
    } else if (const auto parts = split_status_line(line, whole); parts.has_error()) {
        return explain_first_line(parts.error(), line, request);
    }
    return {};
}

result<void> read_first_line(std::string_view line, request_head& out)
{
    const auto parts = split_request_line(line, true);
    if (parts.has_error())
        return explain_first_line(parts.error(), line, true);
    out.method = parts->method;
    out.target = parts->target;
    out.minor = minor_of(parts->version);
    return {};
}

result<void> read_first_line(std::string_view line, response_head& out)
{
    const auto parts = split_status_line(line, true);
    if (parts.has_error())
        return explain_first_line(parts.error(), line, false);
    out.minor = minor_of(parts->version);
    out.status = 0;
    for (const char digit : parts->status)
        out.status = out.status * 10 + hex_value(digit);
    out.phrase = parts->phrase;
    const bool as_it_is = parts->version == "HTTP/1.1" && line.size() > status_end;
    out.line = as_it_is ? std::string_view(line.data(), line.size() + crlf.size()) : std::string_view{};
    return {};
}

// Returns the error for a field line whose name does not end at a colon. `name` is the length of the valid
// part.
failure bad_name(std::string_view line, std::size_t name) noexcept
{
    if (name == line.size())
        return malformed(cause::bad_header_name);
    const char c = line[name];
    if (is_blank(c))
        return malformed(name == 0 ? cause::folded_header : cause::blank_in_header_name);
    if (c == '\r' || c == '\n')
        return malformed(line.substr(name).starts_with(crlf) ? cause::bad_header_name : cause::bare_line_end);
    return malformed(is(char_class::text, c) ? cause::bad_header_name : cause::control_character);
}

// Reads field lines up to the end or to a line that begins with CR. Returns their size in bytes.
result<std::size_t> read_field_lines(std::string_view lines, std::size_t max_count, field_list& out)
{
    out.clear();
    const char* p = lines.data();
    const char* const end = p + lines.size();
    while (p != end && *p != '\r') {
        const char* const line = p;
        const auto name = read_name({p, static_cast<std::size_t>(end - p)});
        p += name.size;
        if (p == line || p == end || *p != ':')
            return bad_name({line, static_cast<std::size_t>(end - line)}, name.size);
        ++p;
        while (p != end && is_blank(*p))
            ++p;
        const char* const value = p;
        p = skip_text(p, end);
        if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
            return bad_byte(p == end ? '\r' : *p);
        const char* value_end = p;
        while (value_end != value && is_blank(value_end[-1]))
            --value_end;
        p += 2;
        if (max_count != 0 && out.size() == max_count)
            return failure(reason::headers_too_large, cause::limits_header_count);
        out.push_back({{line, name.size},
                       {value, static_cast<std::size_t>(value_end - value)},
                       {line, static_cast<std::size_t>(p - line)},
                       name.known.id,
                       name.known.underscore});
    }
    return static_cast<std::size_t>(p - lines.data());
}

// Reads the head at the start of `data`. Returns its size.
template <class Head>
result<std::size_t> parse_head(std::string_view data, const head_limits& limits, Head& out)
{
    auto rest = data;
    if (std::is_same_v<Head, request_head> && rest.starts_with(crlf))
        rest.remove_prefix(crlf.size());
    const auto line = rest.substr(0, text_size(rest));
    rest.remove_prefix(line.size());
    if (!rest.starts_with(crlf))
        return bad_byte(data, data.size() - rest.size(), std::is_same_v<Head, request_head>);
    rest.remove_prefix(crlf.size());
    if (const auto ok = read_first_line(line, out); ok.has_error())
        return ok.error();
    const auto lines = read_field_lines(rest, limits.count, out.fields);
    if (lines.has_error())
        return lines.error();
    rest.remove_prefix(*lines);
    if (!rest.starts_with(crlf))
        return malformed(cause::bare_line_end);
    return data.size() - rest.size() + crlf.size();
}

template <class Head>
result<void> parse_whole_head(std::string_view head, const head_limits& limits, Head& out)
{
    if (limits.bytes != 0 && head.size() > limits.bytes)
        return failure(reason::headers_too_large, cause::limits_headers);
    const auto size = parse_head(head, limits, out);
    if (size.has_error())
        return size.error();
    if (*size != head.size())
        return reason::malformed_request;
    return {};
}

// Most heads arrive whole and valid: the parser then finds the end by itself. For all other heads,
// find_head_end runs first.
template <class Head>
result<std::size_t> read_head(std::string_view data, std::size_t& scanned, const head_limits& limits,
                              Head& out)
{
    if (scanned == 0)
        if (const auto size =
                parse_head(limits.bytes == 0 ? data : data.substr(0, limits.bytes), limits, out))
            return scanned = *size;
    auto storage = std::move(out.fields);
    storage.clear();
    out = {};
    out.fields = std::move(storage);
    if (data.empty())
        return std::size_t{0};
    const auto size = find_head_end(data, scanned, limits, std::is_same_v<Head, request_head>);
    if (size.has_error() || *size == 0)
        return size;
    if (const auto ok = parse_whole_head(data.substr(0, *size), limits, out); ok.has_error())
        return begins_with_proxy_header(data) ? malformed(cause::unexpected_proxy_header) : ok.error();
    return size;
}

} // namespace

result<std::size_t> find_head_end(std::string_view data, std::size_t& scanned, const head_limits& limits,
                                  bool request)
{
    constexpr std::size_t part_of_end = 3; // of a CRLFCRLF that has arrived in part
    const auto window = limits.bytes == 0 ? data : data.substr(0, limits.bytes);
    const auto before = std::min(scanned, window.size());
    const auto unseen = before - std::min(before, part_of_end);
    if (const auto rest = size_to_empty_line(window.substr(unseen)); rest != 0)
        return scanned = unseen + rest;

    const bool full = limits.bytes != 0 && window.size() == limits.bytes;
    std::size_t first = request && before >= crlf.size() && window.starts_with(crlf) ? crlf.size() : 0;
    std::size_t at = before;
    const auto first_line = [&] { return window.substr(first, at - first); };
    // Called at a line's end, or after the last byte. Cheap: the search ends with the first line.
    const auto in_first_line = [&] { return first_line().find('\n') == std::string_view::npos; };
    for (bool first_line_open = true;; at += crlf.size()) {
        if (at > first && at < window.size() && window[at - 1] == '\n' && is_blank(window[at])) // obs-fold
            return malformed(cause::folded_header);
        at += text_size(window.substr(at));
        const auto line_end = window.substr(at, crlf.size());
        if (line_end.empty() || line_end == "\r")
            break;
        if (line_end != crlf)
            return bad_byte(window, at, request);
        if (at == 0 && request) { // the one empty line that is tolerated
            first = crlf.size();
            continue;
        }
        if (std::exchange(first_line_open, false) && in_first_line())
            if (const auto ok = check_first_line(first_line(), request, true); ok.has_error())
                return ok.error();
    }
    scanned = at;
    if (!full && before >= first + start_window)
        return std::size_t{0};
    const bool unfinished = in_first_line();
    if (unfinished) {
        const auto come = first_line().substr(0, start_window);
        if (const auto ok = check_first_line(come, request, false); ok.has_error())
            return ok.error();
    }
    if (full)
        return failure(request && unfinished ? reason::target_too_long : reason::headers_too_large,
                       cause::limits_headers);
    return std::size_t{0};
}

result<std::size_t> read_request_head(std::string_view data, std::size_t& scanned, const head_limits& limits,
                                      request_head& out)
{
    return read_head(data, scanned, limits, out);
}

result<std::size_t> read_response_head(std::string_view data, std::size_t& scanned, const head_limits& limits,
                                       response_head& out)
{
    return read_head(data, scanned, limits, out);
}

result<void> parse_request_head(std::string_view head, const head_limits& limits, request_head& out)
{
    return parse_whole_head(head, limits, out);
}

result<void> parse_response_head(std::string_view head, const head_limits& limits, response_head& out)
{
    return parse_whole_head(head, limits, out);
}

result<void> parse_field_lines(std::string_view lines, std::size_t max_count, field_list& out)
{
    const auto read = read_field_lines(lines, max_count, out);
    if (read.has_error())
        return read.error();
    if (*read != lines.size())
        return reason::malformed_request;
    return {};
}

bool is_token(std::string_view s) noexcept
{
    return !s.empty() && all(char_class::tchar, s);
}

} // namespace scopegate::http
