// The client's side of an exchange: its request, and the response to it.
#pragma once

#include "access/question.hpp"
#include "base/errc.hpp"
#include "http/forward.hpp"
#include "http/head_parser.hpp"
#include "net/task.hpp"
#include "responses/response_book.hpp"
#include "wire/stream.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace scopegate::wire {

// The framing and the connection options that a request's head declares, in any version of HTTP.
struct request_facts {
    std::string_view host;    // the requested authority; empty: not named (HTTP/1.0)
    std::string_view version; // in the form that Via uses: `1.1`
    bool has_body = false;
    std::optional<std::uint64_t> body_length; // if the client announces the length of the body
    bool expects_continue = false;            // Expect: 100-continue
    bool accepts_trailers = false;            // TE: trailers
    bool opens_websocket = false;
};

// The body that a response head announces. How the client recognizes its end is left to its protocol.
struct response_body {
    enum class kind : std::uint8_t { none, length, unknown };
    kind how = kind::none;
    std::string_view length; // the digits of Content-Length; may also be set without a body (HEAD)
};

// The head of a response to be sent to the client. The views must stay valid until it has been sent.
struct response_head {
    const http::response_head& head;   // as the upstream sent it
    const http::response_rules& rules; // which of its fields are passed on
    std::string_view own;              // field lines that Scopegate adds, each with its CRLF
    response_body body;
    bool last = false; // the rest of the request's body will not be read, so no request can follow
};

class client_side : public stream {
public:
    // Return the request's head, and the facts derived from it.
    [[nodiscard]] virtual const http::request_head& head() const noexcept = 0;
    [[nodiscard]] virtual const request_facts& facts() const noexcept = 0;
    // Returns the address of the connection's peer, and its TLS protection.
    [[nodiscard]] virtual const access::client_connection& connection() const noexcept = 0;

    // Sends a response of Scopegate's own to a request whose body was not read. Waits for a slow client, at
    // most `pause` between two writes. Called once, and none of the functions below may be called afterwards.
    [[nodiscard]] virtual net::task<void> respond(const responses::response& r,
                                                  std::chrono::milliseconds pause) = 0;

    // Prepares a response. Its head is sent with the first data of its body, or by flush(). Fails with
    // upstream_bad_answer if the head cannot be passed on.
    [[nodiscard]] virtual result<void> begin_response(const response_head& r) = 0;
    // Prepares the 101 response that accepts a WebSocket; fails like begin_response(). Afterwards both bodies
    // are the tunnel's bytes.
    [[nodiscard]] virtual result<void> begin_tunnel(const response_head& r) = 0;
    // Prepares an interim response, or nothing if the client's version of HTTP has none. Fails likewise.
    [[nodiscard]] virtual result<void> begin_interim(const http::response_head& head) = 0;
    // Marks the response as cut off: its body ends early, and the client must be able to notice that.
    virtual void cut_response() noexcept = 0;
};

} // namespace scopegate::wire
