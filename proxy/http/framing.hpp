// Determines the length of a message's body (RFC 9112 section 6), strictly: any message that two parsers
// could read differently is an error, in requests and responses alike. Also contains the incremental decoder
// of the chunked coding.
#pragma once

#include "base/errc.hpp"
#include "http/head_parser.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::http {

enum class body_kind : std::uint8_t { none, length, chunked, until_close };

struct body_framing {
    body_kind kind = body_kind::none;
    std::uint64_t length = 0; // for body_kind::length; 0 means that `Content-Length: 0` was sent
};

// The body, Host and connection options of a request's head.
struct request_framing {
    body_framing body;
    // The value of the only Host field. In HTTP/1.0 without Host: the authority of an absolute-form target,
    // or empty.
    std::string_view host;
    // The client may send another request. HTTP/1.0 requires Connection: keep-alive.
    bool keep_alive = false;
    bool expect_continue = false;
    bool accepts_trailers = false;  // TE: trailers
    bool upgrade_websocket = false; // a GET whose Connection lists Upgrade, with Upgrade: websocket
};

// Reads the framing of a request. Fails with:
// - ambiguous_framing: Content-Length and Transfer-Encoding together; either one repeated; a Content-Length
//   with a sign, a leading zero or a list; Transfer-Encoding in HTTP/1.0. An underscore spelling of either
//   field frames nothing.
// - unsupported_coding: any coding except exactly `chunked`.
// - bad_host: missing in HTTP/1.1; repeated; not a valid uri-host with optional port; or different from the
//   authority of an absolute-form target (RFC 9112 section 3.2.2).
// - unsupported_expectation: any expectation except 100-continue.
[[nodiscard]] result<request_framing> frame_request(const request_head& head);

struct response_framing {
    body_framing body;
    std::string_view length; // the digits of Content-Length, once; empty without the field
    // Whether the connection may carry another request after the body. An upstream may send a body, late,
    // where HTTP allows none, and that body would become the next client's response. So the connection is
    // closed if the head announces such a body:
    // - a length above 0 with HEAD, 204, 205 or 304;
    // - chunks with HEAD, 204 or 304;
    // - with HEAD, also a body delimited by the end of the connection.
    // It is closed as well if the head is wrong but unambiguous, as with a repeated equal length.
    bool keep_alive = false;
};

// Returns the framing of a response to `request_method`. Responses to HEAD and responses with 1xx, 204 or 304
// have no body, whatever their fields claim. Fails with upstream_bad_answer if the framing is ambiguous: both
// lengths, conflicting or invalid lengths, unknown codings, chunked in HTTP/1.0, an interim response that
// announces a body.
[[nodiscard]] result<response_framing> frame_response(const response_head& head,
                                                      std::string_view request_method);

// How strictly the chunked coding is read.
struct chunk_rules {
    // A response may have whitespace after a chunk size, and extensions in each chunk of a long body. The
    // bound on extensions therefore applies to one line of a response, but to the whole body of a request.
    bool response = false;
    std::size_t trailer_bytes = 8 * 1024; // limit for the trailer section
    bool keep_trailers = true;            // false: trailers are validated, then discarded
};

// Decodes the chunked coding (RFC 9112 section 7.1) as bytes arrive. Strict:
// - CRLF is the only line end.
// - A size has 1 to 16 hex digits and is below 2^63.
// - Chunk extensions are well formed and have at most 4 KiB (see chunk_rules), without whitespace around `;`
//   and `=`. They are ignored.
// - Exactly CRLF follows the data.
// - The trailer section consists of well-formed field lines.
// Each object reads one body, performs no I/O and never stores body data.
class chunked_decoder final {
public:
    chunked_decoder() noexcept = default;
    explicit chunked_decoder(const chunk_rules& rules) noexcept : rules_(rules) {}

    struct step {
        std::size_t consumed = 0; // bytes of the input that have been processed
        std::string_view data;    // body data among them, a view into the input; may be empty
        bool complete = false;    // the last chunk and the trailers have been read
    };

    // Reads from `in` up to the end of one run of data, of the input, or of the body. Call it again with the
    // rest while consumed > 0 and the body is not complete. Fails with malformed_request, or with
    // headers_too_large for trailers beyond their limit. The object must not be used after a failure.
    [[nodiscard]] result<step> next(std::string_view in);

    // Returns the lines of the trailer section as received, each with its CRLF, once complete. Empty without
    // trailers.
    [[nodiscard]] std::string_view trailers() const noexcept { return trailers_; }
    // Returns whether the body had an unambiguous error: whitespace after a chunk size.
    [[nodiscard]] bool is_repaired() const noexcept { return repaired_; }

private:
    enum class state : std::uint8_t {
        size,
        size_blank,      // after whitespace that follows the size
        extension_start, // after a `;`
        extension_name,
        extension_value, // its first byte distinguishes a token from a quoted string
        extension_token,
        extension_quoted,
        extension_escaped,
        extension_end,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_line, // at the start of a line
        trailer_name,
        trailer_value,
        trailer_lf,
        final_lf,
        complete,
    };
    [[nodiscard]] std::optional<state> after(char c);
    [[nodiscard]] std::optional<state> after_size(char c);
    [[nodiscard]] std::optional<state> after_size_blank(char c) const;
    [[nodiscard]] std::optional<state> after_extension(char c) const;
    [[nodiscard]] std::optional<state> after_trailer(char c) const;
    [[nodiscard]] failure fault() const noexcept;

    chunk_rules rules_;
    state state_ = state::size;
    bool repaired_ = false;
    std::uint8_t digits_ = 0;           // of the chunk size that is being read
    std::uint32_t extension_bytes_ = 0; // of a request's whole body, or a response's current line
    std::size_t trailer_bytes_ = 0;
    std::uint64_t left_ = 0; // bytes of the chunk's data; 0 after the size line marks the last chunk
    std::string trailers_;
};

} // namespace scopegate::http
