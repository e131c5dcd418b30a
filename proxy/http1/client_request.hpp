// A request on a client's HTTP/1.1 connection, and the response to it: the client's side of one exchange. The
// session (http1/session.hpp) reads the heads and keeps the connection.
#pragma once

#include "http/framing.hpp"
#include "http1/message_io.hpp"
#include "net/address.hpp"
#include "wire/session_host.hpp"

#include <cstdint>
#include <string>

namespace scopegate::http1 {

// Everything that the constructor borrows must outlive the object.
class client_request final : public message_stream<wire::client_side> {
public:
    // `framing` is that of the head in `memory`. The default is for input that never became a request.
    client_request(net::stream_ptr connection, const net::peer& peer, wire::request_memory& memory,
                   const wire::connection_end& end, const http::request_framing& framing = {},
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
    [[nodiscard]] wire::disposition finish() noexcept;

private:
    enum class progress : std::uint8_t { nothing, own_response, response, tunnel };
    void compose(const responses::response& r, bool keep_alive);
    [[nodiscard]] result<void> add_fields(const http::response_head& head, const http::response_rules& rules,
                                          std::size_t more);

    wire::request_memory& memory_;
    access::client_connection client_;
    const wire::connection_end& end_;
    bool keep_alive_; // the request allows another one on the connection
    wire::request_facts facts_;
    progress begun_ = progress::nothing;
    bool keeps_ = false;       // the response promised to keep the connection
    bool until_close_ = false; // only the end of the connection ends the response
    bool cut_ = false;
};

} // namespace scopegate::http1
