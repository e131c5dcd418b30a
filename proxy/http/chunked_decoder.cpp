#include "http/chars.hpp"
#include "http/framing.hpp"

#include <algorithm>

namespace scopegate::http {
namespace {

constexpr std::uint8_t max_size_digits = 16;
// A flood of extensions costs us work and carries nothing for the upstream.
constexpr std::uint32_t max_extension_bytes = 4 * 1024;

} // namespace

result<chunked_decoder::step> chunked_decoder::next(std::string_view in)
{
    step out;
    while (out.consumed < in.size() && state_ != state::complete) {
        if (state_ == state::data) {
            const auto n = std::min<std::uint64_t>(left_, in.size() - out.consumed);
            out.data = in.substr(out.consumed, static_cast<std::size_t>(n));
            out.consumed += out.data.size();
            left_ -= n;
            if (left_ == 0)
                state_ = state::data_cr;
            break;
        }
        const auto s = after(in[out.consumed]);
        if (!s)
            return fault();
        state_ = *s;
        ++out.consumed;
    }
    out.complete = state_ == state::complete;
    return out;
}

// Returns the state after one byte that is not data, or nothing if the byte is invalid here.
std::optional<chunked_decoder::state> chunked_decoder::after(char c)
{
    const auto only = [c](char expected, state then) {
        return c == expected ? std::optional(then) : std::nullopt;
    };
    switch (state_) {
    case state::size:
        return after_size(c);
    case state::size_blank:
        return ++extension_bytes_ > max_extension_bytes ? std::nullopt : after_size_blank(c);
    case state::size_lf:
        digits_ = 0;
        if (rules_.response)
            extension_bytes_ = 0;
        return only('\n', left_ == 0 ? state::trailer_line : state::data);
    case state::data_cr:
        return only('\r', state::data_lf);
    case state::data_lf:
        return only('\n', state::size);
    case state::final_lf:
        return only('\n', state::complete);
    case state::trailer_line:
        if (c == '\r')
            return state::final_lf;
        [[fallthrough]];
    case state::trailer_name:
    case state::trailer_value:
    case state::trailer_lf:
        if (trailer_bytes_++ == rules_.trailer_bytes)
            return std::nullopt;
        if (rules_.keep_trailers)
            trailers_.push_back(c);
        return after_trailer(c);
    default:
        return ++extension_bytes_ > max_extension_bytes ? std::nullopt : after_extension(c);
    }
}

std::optional<chunked_decoder::state> chunked_decoder::after_size(char c)
{
    if (is_hex_digit(c)) {
        constexpr std::uint64_t overflows_from = std::uint64_t{1} << 59; // 16 times this is 2^63
        if (++digits_ > max_size_digits || left_ >= overflows_from)
            return std::nullopt;
        left_ = left_ * 16 + hex_value(c);
        return state::size;
    }
    if (digits_ == 0)
        return std::nullopt;
    if (rules_.response && is_blank(c)) {
        repaired_ = true;
        return state::size_blank;
    }
    if (c == ';')
        return state::extension_start;
    return c == '\r' ? std::optional(state::size_lf) : std::nullopt;
}

std::optional<chunked_decoder::state> chunked_decoder::after_size_blank(char c) const
{
    if (is_blank(c))
        return state::size_blank;
    if (c == ';')
        return state::extension_start;
    return c == '\r' ? std::optional(state::size_lf) : std::nullopt;
}

// Returns the error for a byte that is invalid in the present state.
failure chunked_decoder::fault() const noexcept
{
    const auto malformed = [](cause detail) { return failure(reason::malformed_request, detail); };
    switch (state_) {
    case state::size:
    case state::size_lf:
        return malformed(cause::bad_chunk_size);
    case state::data_cr:
    case state::data_lf:
        return malformed(cause::bad_chunk_end);
    case state::trailer_line:
    case state::trailer_name:
    case state::trailer_value:
    case state::trailer_lf:
        if (trailer_bytes_ > rules_.trailer_bytes)
            return {reason::headers_too_large, cause::limits_headers};
        return malformed(cause::bad_trailer);
    case state::final_lf:
        return malformed(cause::bad_trailer);
    case state::size_blank:
        return malformed(extension_bytes_ > max_extension_bytes ? cause::long_chunk_extensions
                                                                : cause::bad_chunk_size);
    default:
        return malformed(extension_bytes_ > max_extension_bytes ? cause::long_chunk_extensions
                                                                : cause::bad_chunk_extension);
    }
}

// Reads chunk-ext = *( ";" token [ "=" ( token / quoted-string ) ] ). The BWS that RFC 9112 tolerates from
// bad senders is refused.
std::optional<chunked_decoder::state> chunked_decoder::after_extension(char c) const
{
    const auto ended = [c]() -> std::optional<state> {
        if (c == ';')
            return state::extension_start;
        return c == '\r' ? std::optional(state::size_lf) : std::nullopt;
    };
    switch (state_) {
    case state::extension_start:
        return is(char_class::tchar, c) ? std::optional(state::extension_name) : std::nullopt;
    case state::extension_name:
        if (is(char_class::tchar, c))
            return state::extension_name;
        return c == '=' ? state::extension_value : ended();
    case state::extension_value:
        if (c == '"')
            return state::extension_quoted;
        return is(char_class::tchar, c) ? std::optional(state::extension_token) : std::nullopt;
    case state::extension_token:
        return is(char_class::tchar, c) ? state::extension_token : ended();
    case state::extension_quoted:
        if (c == '"')
            return state::extension_end;
        if (c == '\\')
            return state::extension_escaped;
        return is(char_class::text, c) ? std::optional(state::extension_quoted) : std::nullopt;
    case state::extension_escaped:
        return is(char_class::text, c) ? std::optional(state::extension_quoted) : std::nullopt;
    default: // extension_end
        return ended();
    }
}

// Reads trailer-section = *( token ":" value CRLF ) CRLF under the rules for fields of a head: no obs-fold,
// no whitespace before the colon.
std::optional<chunked_decoder::state> chunked_decoder::after_trailer(char c) const
{
    switch (state_) {
    case state::trailer_line:
        return is(char_class::tchar, c) ? std::optional(state::trailer_name) : std::nullopt;
    case state::trailer_name:
        if (is(char_class::tchar, c))
            return state::trailer_name;
        return c == ':' ? std::optional(state::trailer_value) : std::nullopt;
    case state::trailer_value:
        if (is(char_class::text, c))
            return state::trailer_value;
        return c == '\r' ? std::optional(state::trailer_lf) : std::nullopt;
    default: // trailer_lf
        return c == '\n' ? std::optional(state::trailer_line) : std::nullopt;
    }
}

} // namespace scopegate::http
