// The API behind the gate, in the test's own process: a strict HTTP/1.1 server on a free loopback port (a
// thread per connection) that records every request byte for byte and answers from a script. Any thread may
// call it.
#pragma once

#include "support/message.hpp"
#include "support/socket.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::test {

// What a script can do with one request, in the order it likes. After close() or reset() the rest does
// nothing.
class upstream_exchange {
public:
    virtual const request& asked() const noexcept = 0; // its body only after read_body()
    virtual void read_body() = 0; // first asks for it with 100 Continue, where the request expects that
    // Reads the body and keeps none of it: how many bytes it had. Only with a Content-Length.
    virtual std::size_t take_body() = 0;
    // Just this many bytes behind the head, of whatever is spoken there; fewer where no more come.
    virtual std::string receive(std::size_t bytes) = 0;
    virtual void send(std::string_view bytes) = 0; // ready bytes, framing and all
    // Until release(), or the caller's connection ends: then false.
    virtual bool wait_for_release() = 0;
    // Until the gate's side of the connection closes. What it still sends is thrown away.
    virtual void wait_for_close() = 0;
    virtual void close() = 0;
    virtual void reset() = 0;

protected:
    ~upstream_exchange() = default;
};

using upstream_script = std::function<void(upstream_exchange&)>;

class recording_upstream final {
public:
    // At a free port of 127.0.0.1, or at `unix:/path`.
    explicit recording_upstream(const std::string& address = "127.0.0.1:0");
    ~recording_upstream();

    [[nodiscard]] std::string url() const;       // http://127.0.0.1:PORT, or unix:/path
    [[nodiscard]] std::string authority() const; // 127.0.0.1:PORT

    // What happens to requests for this path (the query aside); the body is not read unless the script does.
    // Paths without a script get the default: the body is read, then 200 with {"method", "target",
    // "body_bytes"} as JSON.
    void on(const std::string& path, upstream_script script);
    // The body is read, then just these bytes are sent.
    void answer(const std::string& path, std::string bytes);

    // Every script that waits goes on; later waits return at once.
    void release();

    // Closes all connections that wait for a request, in order. Returns when the gate's kernel has the news.
    void close_idle();
    // From now on connections are refused.
    void stop_listening();

    // The requests so far, in the order their heads came; bodies as far as they were read.
    [[nodiscard]] std::vector<request> requests() const;
    [[nodiscard]] std::size_t connections() const; // ever accepted
    // Waits until this many requests have been dealt with by their scripts, or only arrived. Throws after
    // `patience`.
    std::vector<request> wait_for_requests(std::size_t count) const;
    void wait_for_heads(std::size_t count) const;
    // Waits until this many connections that were accepted have ended.
    void wait_for_closed(std::size_t count) const;
    // What was wrong with what the gate sent; empty when all was well.
    [[nodiscard]] std::vector<std::string> faults() const;

private:
    class server;
    std::unique_ptr<server> server_;
};

// `HTTP/1.1 200 OK`, these field lines (CRLF each), Content-Length and the body.
[[nodiscard]] std::string ok(std::string_view body, std::string_view fields = {});
// The bytes as the chunked coding has them, `size` bytes a chunk, the last chunk included.
[[nodiscard]] std::string chunks(std::string_view body, std::size_t size = 16,
                                 std::string_view trailers = {});

// Scripts for the faults of upstreams.
[[nodiscard]] upstream_script closes_before_answer();
[[nodiscard]] upstream_script sends_then_closes(std::string bytes);
[[nodiscard]] upstream_script sends_then_resets(std::string bytes);
[[nodiscard]] upstream_script answers_when_released(std::string bytes);

} // namespace scopegate::test
