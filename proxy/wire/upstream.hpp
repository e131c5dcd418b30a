// The upstream's side of an exchange: the request that is sent to it, and its response. The pool keeps
// connections as objects of this class; each serves one request at a time.
#pragma once

#include "base/errc.hpp"
#include "http/forward.hpp"
#include "http/head_parser.hpp"
#include "http/target.hpp"
#include "wire/client.hpp"
#include "wire/stream.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

namespace scopegate::wire {

// A request on its way to the upstream. Views: valid until its head was sent.
struct forwarded_head {
    const http::request_head& head;   // as the client sent it
    const http::request_rules& rules; // which of its fields are passed on
    http::request_target target;      // in place of the client's own
    std::string_view own;             // field lines of Scopegate's, each with its CRLF
    const request_facts& facts;
};

class upstream_side : public stream {
public:
    // Prepares a request, whose head leaves with the first data of its body, or by flush(). Fails with
    // malformed_request or method_override where the head cannot be passed on. `limits` are those of the
    // response's head and trailers.
    [[nodiscard]] virtual result<void> begin(const forwarded_head& request,
                                             const http::head_limits& limits) = 0;

    // Reads a response head out of what was received. False: more of it must come, by fill_head(). Fails with
    // upstream_bad_answer.
    [[nodiscard]] virtual result<bool> take_head() = 0;
    // Reads what has come, without waiting. Fails with upstream_bad_answer and the cause where the connection
    // ended or the head exceeds the limits.
    [[nodiscard]] virtual result<void> fill_head() = 0;
    // Whether any byte of a response has come.
    [[nodiscard]] virtual bool has_responded() const noexcept = 0;

    // The head that take_head() found, and what it says of the body; valid until fill() or drop_head().
    [[nodiscard]] virtual const http::response_head& head() const noexcept = 0;
    // Frames the body of the response to a request with this method. Fails with upstream_bad_answer where its
    // end is ambiguous. Called once for each head. `keep_trailers`: trailers() will be needed.
    [[nodiscard]] virtual result<response_body> frame(std::string_view method, bool keep_trailers) = 0;
    // Whether the whole body has been received already.
    [[nodiscard]] virtual bool is_received_whole() const noexcept = 0;
    // Forgets an interim response: take_head() reads the next one.
    virtual void drop_head() noexcept = 0;
    // From now on both bodies are the bytes of a tunnel.
    virtual void begin_tunnel() noexcept = 0;

    // Whether the upstream has neither closed the connection nor sent anything unasked. `surely`: asks the
    // kernel; otherwise as far as noticed, and without a system call where nothing was.
    [[nodiscard]] virtual bool is_quiet(bool surely) noexcept = 0;
    // Whether the connection can carry another request, after a whole exchange.
    [[nodiscard]] virtual bool is_reusable() const noexcept = 0;
    // The connection idles from now on: frees the memory of its messages.
    virtual void rest() noexcept = 0;
    // How long the upstream keeps an idle connection, as its response said.
    [[nodiscard]] virtual std::optional<std::chrono::seconds> announced_keep() const noexcept = 0;
};
using upstream_ptr = std::unique_ptr<upstream_side>;

} // namespace scopegate::wire
