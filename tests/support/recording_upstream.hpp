// The API behind the gate, in the test's own process: a strict HTTP/1.1 server on a free loopback port with a
// thread per connection. It records every request byte for byte and responds from a script. Any thread may
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

// The operations of a script on one request, in any order. After close() or reset(), the others do nothing.
class upstream_exchange {
public:
    virtual const request& asked() const noexcept = 0; // has the body only after read_body()
    virtual void read_body() = 0;                      // sends 100 Continue before, if the request expects it
    // Reads the body without keeping it and returns its size. Needs a Content-Length.
    virtual std::size_t take_body() = 0;
    // Reads exactly this many bytes behind the head, in any protocol, or fewer if no more come.
    virtual std::string receive(std::size_t bytes) = 0;
    virtual void send(std::string_view bytes) = 0; // bytes including their framing
    // Waits until release(), and returns false if the client's connection ends before.
    virtual bool wait_for_release() = 0;
    // Waits until the gate's side of the connection closes. Bytes that it still sends are dropped.
    virtual void wait_for_close() = 0;
    virtual void close() = 0;
    virtual void reset() = 0;

protected:
    ~upstream_exchange() = default;
};

using upstream_script = std::function<void(upstream_exchange&)>;

class recording_upstream final {
public:
    // Listens on a free port of 127.0.0.1, or at `unix:/path`.
    explicit recording_upstream(const std::string& address = "127.0.0.1:0");
    ~recording_upstream();

    [[nodiscard]] std::string url() const;       // http://127.0.0.1:PORT, or unix:/path
    [[nodiscard]] std::string authority() const; // 127.0.0.1:PORT

    // Sets the script for requests to this path, ignoring the query. The body is not read unless the script
    // reads it. Paths without a script get the default: it reads the body, then sends 200 with {"method",
    // "target", "body_bytes"} as JSON.
    void on(const std::string& path, upstream_script script);
    // Reads the body, then sends exactly these bytes.
    void answer(const std::string& path, std::string bytes);

    // Resumes every script that waits. Later waits return at once.
    void release();

    // Closes all connections that wait for a request, in order. Returns when the gate's kernel knows of it.
    void close_idle();
    // Refuses connections from now on.
    void stop_listening();

    // Returns the requests so far in the order of their heads, with bodies as far as they were read.
    [[nodiscard]] std::vector<request> requests() const;
    [[nodiscard]] std::size_t connections() const; // accepted so far
    // Wait until the scripts have finished this many requests, or until so many have arrived. Throw after
    // `test_timeout`.
    std::vector<request> wait_for_requests(std::size_t count) const;
    void wait_for_heads(std::size_t count) const;
    // Waits until this many accepted connections have ended.
    void wait_for_closed(std::size_t count) const;
    // Returns the faults in what the gate sent; empty if all was well.
    [[nodiscard]] std::vector<std::string> faults() const;

private:
    class server;
    std::unique_ptr<server> server_;
};

// Returns `HTTP/1.1 200 OK`, these field lines (each with CRLF), Content-Length and the body.
[[nodiscard]] std::string ok(std::string_view body, std::string_view fields = {});
// Returns the bytes in chunked coding, `size` bytes a chunk, including the last chunk.
[[nodiscard]] std::string chunks(std::string_view body, std::size_t size = 16,
                                 std::string_view trailers = {});

// Scripts for faults of upstreams.
[[nodiscard]] upstream_script closes_before_answer();
[[nodiscard]] upstream_script sends_then_closes(std::string bytes);
[[nodiscard]] upstream_script sends_then_resets(std::string bytes);
[[nodiscard]] upstream_script answers_when_released(std::string bytes);

} // namespace scopegate::test
