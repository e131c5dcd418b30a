// How long a message's body is (RFC 9112 section 6), decided strictly: whatever two parsers could read in two
// ways is an error, on requests and on answers alike. And the incremental decoder of the chunked coding.
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
    std::uint64_t length = 0; // of body_kind::length; 0 is a `Content-Length: 0` that was sent
};

// What a request's head says of its body, its Host and its connection.
struct request_framing {
    body_framing body;
    std::string_view host; // the one Host field's value; of HTTP/1.0 without it the absolute form's, or empty
    bool keep_alive =
        false; // the client would send another request (HTTP/1.0: only with Connection: keep-alive)
    bool expect_continue = false;
    bool accepts_trailers = false;  // TE: trailers
    bool upgrade_websocket = false; // a GET with Upgrade: websocket named in Connection
};

// Fails with ambiguous_framing (Content-Length and Transfer-Encoding together, repeated, with sign, leading
// zero or list; Transfer-Encoding in HTTP/1.0 or repeated; an underscore spelling of either frames nothing),
// unsupported_coding (anything but exactly `chunked`), bad_host (none in HTTP/1.1, two, not a valid uri-host
// with optional port, or not the authority of an absolute-form target, RFC 9112 section 3.2.2),
// unsupported_expectation (anything but 100-continue).
[[nodiscard]] result<request_framing> frame_request(const request_head& head);

struct response_framing {
    body_framing body;
    std::string_view length; // the digits of Content-Length, once; empty without one
    // Whether the connection may carry another request after the body. An upstream may send a body, late,
    // where HTTP allows none; it would become the next client's response. So the connection ends where the
    // head announces such a body: a length above 0 with HEAD, 204, 205 or 304; chunks with HEAD, 204 or 304;
    // and with HEAD also a body that only the end of the connection would delimit. It also ends where the
    // head is wrong but can be read in one way only, as with a repeated equal length.
    bool keep_alive = false;
};

// The framing of an answer to `request_method`: HEAD, 1xx, 204 and 304 have no body, whatever their fields
// say. Fails with upstream_bad_answer on anything ambiguous (both lengths, differing or odd lengths, unknown
// codings, chunked in HTTP/1.0, an interim response that announces a body).
[[nodiscard]] result<response_framing> frame_response(const response_head& head,
                                                      std::string_view request_method);

// How strictly the chunked coding is read.
struct chunk_rules {
    // A response may have blanks behind a chunk's size, and extensions in each chunk of a long body: its
    // extensions are bounded by line, those of a request in all of its body.
    bool response = false;
    std::size_t trailer_bytes = 8 * 1024; // of the trailer section
    bool keep_trailers = true;            // false: they are checked and forgotten
};

// Decodes the chunked coding (RFC 9112 section 7.1) as bytes come. Strict: CRLF only, at least one and at
// most 16 hex digits that stay below 2^63, well-formed chunk extensions (ignored; no blanks around `;` and
// `=`; at most 4 KiB, see chunk_rules), exactly CRLF after the data, a trailer section of well-formed field
// lines. Each object reads one body; I/O-free; never holds body data.
class chunked_decoder final {
public:
    chunked_decoder() noexcept = default;
    explicit chunked_decoder(const chunk_rules& rules) noexcept : rules_(rules) {}

    struct step {
        std::size_t consumed = 0; // bytes of the input that are done with
        std::string_view data;    // body data among them, a view into the input; may be empty
        bool complete = false;    // the last chunk and the trailers have been read
    };

    // Reads from `in` up to the end of one run of data, of the input, or of the body. Call again with the
    // rest while consumed > 0 and not complete. Fails with malformed_request, and headers_too_large for
    // trailers beyond their limit; the object must not be used after that.
    [[nodiscard]] result<step> next(std::string_view in);

    // The trailer section's lines as they came, CRLF each, when complete. Empty: none.
    [[nodiscard]] std::string_view trailers() const noexcept { return trailers_; }
    // Whether the body was wrong in a way that can be read in one way only: blanks behind a chunk's size.
    [[nodiscard]] bool is_repaired() const noexcept { return repaired_; }

private:
    enum class state : std::uint8_t {
        size,
        size_blank,      // behind a blank that follows the size
        extension_start, // behind a `;`
        extension_name,
        extension_value, // its first byte says whether a token or a quoted string
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
    std::uint32_t extension_bytes_ = 0; // of the whole body; of a response, of the line
    std::size_t trailer_bytes_ = 0;
    std::uint64_t left_ = 0; // of the chunk's data; 0 behind its size: the last chunk
    std::string trailers_;
};

} // namespace scopegate::http
