// The upstream's side of an exchange: the request that is sent to it, and its response. The pool stores
// connections as objects of this class. Each serves one request at a time.
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

// The head of a request to be sent to the upstream. The views must stay valid until it has been sent.
struct forwarded_head {
    const http::request_head& head;   // as the client sent it
    const http::request_rules& rules; // which of its fields are passed on
    http::request_target target;      // replaces the client's own
    std::string_view own;             // field lines that Scopegate adds, each with its CRLF
    const request_facts& facts;
};

class upstream_side : public stream {
public:
    // Prepares a request. Its head is sent with the first data of its body, or by flush(). Fails with
    // malformed_request or method_override if the head cannot be passed on. `limits` bound the response's
    // head and trailers.
    [[nodiscard]] virtual result<void> begin(const forwarded_head& request,
                                             const http::head_limits& limits) = 0;

    // Parses a response head from the received bytes. Returns false if it is incomplete: call fill_head().
    // Fails with upstream_bad_answer if it is malformed or exceeds the limits.
    [[nodiscard]] virtual result<bool> take_head() = 0;
    // Reads available bytes without waiting. Fails with upstream_bad_answer and the cause if the connection
    // has ended.
    [[nodiscard]] virtual result<void> fill_head() = 0;
    // Returns whether any byte of a response has arrived.
    [[nodiscard]] virtual bool has_responded() const noexcept = 0;

    // Returns the head that take_head() parsed; valid until fill() or drop_head().
    [[nodiscard]] virtual const http::response_head& head() const noexcept = 0;
    // Frames the response's body, given the request's method. Fails with upstream_bad_answer if its end is
    // ambiguous. Called once for each head. `keep_trailers`: trailers() will be needed.
    [[nodiscard]] virtual result<response_body> frame(std::string_view method, bool keep_trailers) = 0;
    // Returns whether the whole body has certainly been received.
    [[nodiscard]] virtual bool is_received_whole() const noexcept = 0;
    // Discards an interim response, so that take_head() reads the next head.
    virtual void drop_head() noexcept = 0;
    // Makes both bodies the bytes of a tunnel from now on.
    virtual void begin_tunnel() noexcept = 0;

    // Returns whether the upstream has neither closed the connection nor sent anything unasked. `surely` asks
    // the kernel. Otherwise only noticed events count, and without any there is no system call.
    [[nodiscard]] virtual bool is_quiet(bool surely) noexcept = 0;
    // Returns whether the connection can carry another request after a complete exchange.
    [[nodiscard]] virtual bool is_reusable() const noexcept = 0;
    // Frees the memory of its messages, because the connection idles from now on.
    virtual void rest() noexcept = 0;
    // Returns how long the upstream keeps an idle connection, if its response announced that.
    [[nodiscard]] virtual std::optional<std::chrono::seconds> announced_keep() const noexcept = 0;
};
using upstream_ptr = std::unique_ptr<upstream_side>;

} // namespace scopegate::wire
