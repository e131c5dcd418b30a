// A strict RFC 9112 head parser. It makes one pass over a head that lies whole in the connection's own
// buffer, and yields views into that buffer. It refuses input that two parsers could read differently and
// never repairs it: bare LF or CR, obs-fold, space before a colon, NUL and controls. It does not read
// sockets. Bodies are left to http/framing.hpp.
#pragma once

#include "base/errc.hpp"
#include "http/fields.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace scopegate::http {

struct request_head {
    std::string_view method; // an RFC 9110 token, as sent
    std::string_view target; // visible ASCII as sent, not yet interpreted
    int minor = 1;           // HTTP/1.minor: 0 or 1
    field_list fields;
};

struct response_head {
    int minor = 1;
    unsigned status = 0;     // 100..999
    std::string_view phrase; // may be empty
    // The whole line with its CRLF, if it can be forwarded as it is. Empty if the version is not 1.1, or if
    // the space before the phrase is missing (RFC 9112 section 4).
    std::string_view line;
    field_list fields;
};

struct head_limits {               // 0: no limit (the caller's buffer has one)
    std::size_t bytes = 32 * 1024; // of the whole head, including its empty line
    std::size_t count = 100;       // of fields
};

// Reads the head at the start of `data` into `out`, with views into `data`. Returns its size in bytes,
// including the final CRLFCRLF. Returns 0 if the head is incomplete; `out` is then empty. The caller keeps
// `scanned` between calls (0 at first), so that each byte is read once. The result is that of find_head_end,
// followed by the parser once the head is whole. If a whole head is refused, `out` holds what was read before
// the error.
[[nodiscard]] result<std::size_t> read_request_head(std::string_view data, std::size_t& scanned,
                                                    const head_limits& limits, request_head& out);
[[nodiscard]] result<std::size_t> read_response_head(std::string_view data, std::size_t& scanned,
                                                     const head_limits& limits, response_head& out);

// Returns the size in bytes of the head at the start of `data`, including its final CRLFCRLF, or 0 if the
// head is incomplete. `scanned` is used as above. One empty line (CRLF) before a request line is tolerated
// and counts (RFC 9112 section 2.2). Whole heads are left to the parser. An incomplete head is refused as
// soon as it can't become a valid one:
// - with headers_too_large, beyond the limit;
// - with target_too_long, if the request line alone fills the limit;
// - with malformed_request, for a bare LF or CR, a NUL, or a line that begins with whitespace;
// - with malformed_request, for a first line that can't begin a request (a TLS hello, an HTTP/0.9 line);
// - with unsupported_version, for an HTTP/2 line.
// The first line is checked in full once it has ended.
[[nodiscard]] result<std::size_t> find_head_end(std::string_view data, std::size_t& scanned,
                                                const head_limits& limits, bool request);

// Parses a whole head, as measured by find_head_end, into `out`, with views into `head`. Fails with
// malformed_request, unsupported_version or headers_too_large (too many fields). HTTP/1.x with x > 1 is read
// as 1.1; other major versions, HTTP/0.9 and the HTTP/2 preface are refused.
[[nodiscard]] result<void> parse_request_head(std::string_view head, const head_limits& limits,
                                              request_head& out);
[[nodiscard]] result<void> parse_response_head(std::string_view head, const head_limits& limits,
                                               response_head& out);

// Parses field lines, each with its CRLF, without a final empty line: a trailer section
// (chunked_decoder::trailers). Fails with malformed_request, or with headers_too_large for more than
// max_count lines (0: no limit).
[[nodiscard]] result<void> parse_field_lines(std::string_view lines, std::size_t max_count, field_list& out);

// Returns whether `s` is an RFC 9110 token (section 5.6.2): not empty, tchar only.
[[nodiscard]] bool is_token(std::string_view s) noexcept;

// Calls f(element) for each element of a comma-separated list value (RFC 9110 section 5.6.1), trimmed. Skips
// empty elements. Does not understand quoted strings: use it for lists of tokens.
template <class F>
void for_each_element(std::string_view list, F&& f)
{
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto element = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        while (!element.empty() && (element.front() == ' ' || element.front() == '\t'))
            element.remove_prefix(1);
        while (!element.empty() && (element.back() == ' ' || element.back() == '\t'))
            element.remove_suffix(1);
        if (!element.empty())
            f(element);
    }
}

} // namespace scopegate::http
