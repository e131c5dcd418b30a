// A request on a client's HTTP/1.1 connection, and the response to it: the client's side of one exchange. The
// session (gate/session.hpp) reads the heads and keeps the connection.
#pragma once

#include "http/framing.hpp"
#include "http1/message_io.hpp"
#include "net/address.hpp"
#include "wire/client.hpp"

#include <cstdint>
#include <string>

namespace scopegate::http1 {

// The fate of the connection after an exchange. `linger`: it closes, but first reads on, so that a client
// that is still sending gets its response.
enum class disposition : std::uint8_t { keep_alive, close, linger, reset };

// The memory that a request borrows from its worker.
struct request_memory {
    explicit request_memory(net::buffer_pool& pool) noexcept : buffers(pool) {}

    net::buffer_pool& buffers;
    net::buffer request_bytes; // the request's head, and bytes received with it
    net::buffer upload_bytes;  // a slice of the rest of its body
    std::string_view received; // unprocessed input, in request_bytes or upload_bytes
    http::request_head request;
    net::gather to_downstream;
    std::string response_lines; // lines that we write into the response
    std::string status_line;    // written if the upstream's own can't be forwarded
};

// Decides whether a connection ends with its next response. The session implements it.
class connection_end {
public:
    [[nodiscard]] virtual bool is_due() const noexcept = 0;

protected:
    ~connection_end() = default;
};

// Everything that the constructor borrows must outlive the object.
class client_request final : public message_stream<wire::client_side> {
public:
    // `framing` is that of the head in `memory`. The default is for input that never became a request.
    client_request(net::stream_ptr connection, const net::peer& peer, request_memory& memory,
                   const connection_end& end, const http::request_framing& framing = {},
                   const http::head_limits& limits = {});

    [[nodiscard]] const http::request_head& head() const noexcept override { return memory_.request; }
    [[nodiscard]] const wire::request_facts& facts() const noexcept override { return facts_; }
    [[nodiscard]] const access::client_connection& connection() const noexcept override { return client_; }
    [[nodiscard]] net::task<void> respond(const responses::response& r,
                                          std::chrono::milliseconds pause) override;
    [[nodiscard]] result<void> begin_response(const wire::response_head& r) override;
    [[nodiscard]] result<void> begin_tunnel(const wire::response_head& r) override;
    [[nodiscard]] result<void> begin_interim(const http::response_head& head) override;
    void cut_response() noexcept override { cut_ = true; }

    // Ends the exchange, and returns the fate of the connection. With keep_alive, memory.received then holds
    // the input that belongs to the next request.
    [[nodiscard]] disposition finish() noexcept;

private:
    enum class progress : std::uint8_t { nothing, own_response, response, tunnel };
    void compose(const responses::response& r, bool keep_alive);
    [[nodiscard]] result<void> add_fields(const http::response_head& head, const http::response_rules& rules,
                                          std::size_t more);

    request_memory& memory_;
    access::client_connection client_;
    const connection_end& end_;
    bool keep_alive_; // the request allows another one on the connection
    wire::request_facts facts_;
    progress begun_ = progress::nothing;
    bool keeps_ = false;       // the response promised to keep the connection
    bool until_close_ = false; // only the end of the connection ends the response
    bool cut_ = false;
};

} // namespace scopegate::http1
