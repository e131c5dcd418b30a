// A strict RFC 9112 head parser: one pass over a head that lies whole in the connection's own buffer,
// yielding views into it. What two parsers could read in two ways is refused, never repaired: bare LF or CR,
// obs-fold, space before a colon, NUL and controls. Neither reads sockets nor decides about bodies (see
// http/framing.hpp).
#pragma once

#include "base/errc.hpp"
#include "http/fields.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace scopegate::http {

struct field {
    std::string_view name;  // as sent
    std::string_view value; // without surrounding whitespace; may hold obs-text, never controls but HTAB
    std::string_view line;  // the whole line with its CRLF: what is forwarded when the field is
    field_id id = field_id::other;
    bool underscore = false;
};

// The fields of one head, in order. Storage is reused between heads, so that parsing allocates nothing once
// warm.
using field_list = std::vector<field>;

struct request_head {
    std::string_view method; // an RFC 9110 token, as sent
    std::string_view target; // visible ASCII as sent; not yet interpreted
    int minor = 1;           // HTTP/1.minor: 0 or 1
    field_list fields;
};

struct response_head {
    int minor = 1;
    unsigned status = 0;     // 100..999
    std::string_view phrase; // may be empty
    field_list fields;
};

struct head_limits {               // 0: no limit (the caller's buffer has one)
    std::size_t bytes = 32 * 1024; // of the whole head, its empty line included
    std::size_t count = 100;       // of fields
};

// Reads the head at the start of `data` into `out`: how many bytes it is, its final CRLFCRLF included; 0: it
// is not complete yet, and `out` is empty. Views point into `data`. `scanned` is kept by the caller between
// calls (0 at first), so that each byte is looked at once. The same as find_head_end, and then the parser
// where the head is whole; of a whole head that is refused, `out` has what was read before the fault.
[[nodiscard]] result<std::size_t> read_request_head(std::string_view data, std::size_t& scanned,
                                                    const head_limits& limits, request_head& out);
[[nodiscard]] result<std::size_t> read_response_head(std::string_view data, std::size_t& scanned,
                                                     const head_limits& limits, response_head& out);

// How many bytes at the start of `data` are the head, its final CRLFCRLF included; 0: not complete yet.
// `scanned`: see above. One empty line (CRLF) before a request line is let pass and counts (RFC 9112
// section 2.2). A head that is whole is the parser's to judge. Of one that is not, fails as soon as none can
// come of it, with headers_too_large, target_too_long (the request line alone fills the limit) or
// malformed_request: a bare LF or CR, a NUL, a first line that starts like no request (a TLS hello, an
// HTTP/0.9 or HTTP/2 line, the latter as unsupported_version), a line that begins with a blank. The first
// line is judged in full once it has ended.
[[nodiscard]] result<std::size_t> find_head_end(std::string_view data, std::size_t& scanned,
                                                const head_limits& limits, bool request);

// Parses a whole head (what find_head_end measured) into `out`; views point into `head`. Fails with
// malformed_request, unsupported_version (HTTP/1.x with x > 1 is read as 1.1; any other major version is
// refused), headers_too_large (too many fields). HTTP/0.9 and the HTTP/2 preface are refused.
[[nodiscard]] result<void> parse_request_head(std::string_view head, const head_limits& limits,
                                              request_head& out);
[[nodiscard]] result<void> parse_response_head(std::string_view head, const head_limits& limits,
                                               response_head& out);

// Parses field lines, each with its CRLF and no empty line behind them: a trailer section
// (chunked_decoder::trailers). Fails with malformed_request or headers_too_large (more than max_count; 0: no
// limit).
[[nodiscard]] result<void> parse_field_lines(std::string_view lines, std::size_t max_count, field_list& out);

// Whether s is an RFC 9110 token (section 5.6.2): not empty, tchar only.
[[nodiscard]] bool is_token(std::string_view s) noexcept;

// Calls f(element) for each element of a comma-separated list value (RFC 9110 section 5.6.1), without
// surrounding whitespace, empty ones left out. Quoted strings are not understood: for lists of tokens.
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
