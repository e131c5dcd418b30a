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

// What the framing and the connection options of a request say, in any version of HTTP.
struct request_facts {
    std::string_view host;    // the authority that the request names; empty: none (HTTP/1.0)
    std::string_view version; // as Via names it: `1.1`
    bool has_body = false;
    std::optional<std::uint64_t> body_length; // of a body that says so beforehand
    bool expects_continue = false;            // Expect: 100-continue
    bool accepts_trailers = false;            // TE: trailers
    bool opens_websocket = false;
};

// What a response head says of its body. No kind says how the client learns of its end: that is the wire's.
struct response_body {
    enum class kind : std::uint8_t { none, length, unknown };
    kind how = kind::none;
    std::string_view length; // the digits of Content-Length; may also stand where there is no body (HEAD)
};

// The head of a response on its way to the client. Views: valid until it was sent.
struct response_head {
    const http::response_head& head;   // as the upstream sent it
    const http::response_rules& rules; // which of its fields are passed on
    std::string_view own;              // field lines of Scopegate's, each with its CRLF
    response_body body;
    bool last = false; // the rest of the request's body is not wanted: no request can follow it
};

class client_side : public stream {
public:
    [[nodiscard]] virtual const http::request_head& head() const noexcept = 0;
    [[nodiscard]] virtual const request_facts& facts() const noexcept = 0;
    // Whom the request came from, and under which protection.
    [[nodiscard]] virtual const access::client_connection& connection() const noexcept = 0;

    // Sends a response of Scopegate's own, to a request whose body was not read. Waits for a slow client.
    // Called once, and nothing of the following then.
    [[nodiscard]] virtual net::task<void> respond(const responses::response& r,
                                                  std::chrono::milliseconds pause) = 0;

    // Prepares a response, whose head leaves with the first data of its body, or by flush(). Fails with
    // upstream_bad_answer where the head cannot be passed on.
    [[nodiscard]] virtual result<void> begin_response(const response_head& r) = 0;
    // Prepares the 101 response to the request for a WebSocket. From then on both bodies are the tunnel's
    // bytes.
    [[nodiscard]] virtual result<void> begin_tunnel(const response_head& r) = 0;
    // Prepares an interim response. Prepares nothing for a client that knows none.
    [[nodiscard]] virtual result<void> begin_interim(const http::response_head& head) = 0;
    // The response, whose body is not complete, will not be completed: the client must be able to tell.
    virtual void cut_response() noexcept = 0;
};

} // namespace scopegate::wire
