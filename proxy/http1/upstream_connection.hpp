// An HTTP/1.1 connection to the upstream, which serves one request after the other: the upstream's side of an
// exchange. Response heads are parsed as strictly as request heads.
#pragma once

#include "http/framing.hpp"
#include "http1/message_io.hpp"
#include "wire/upstream.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace scopegate::http1 {

// Is notified of what one connection shows about the upstream.
class connection_reports {
public:
    connection_reports() = default;
    connection_reports(const connection_reports&) = delete;
    connection_reports& operator=(const connection_reports&) = delete;
    virtual ~connection_reports() = default;

    // Gives OpenSSL's description. An upstream may refuse our certificate only after the handshake, when we
    // read.
    virtual void on_tls_failure(const std::string& why) = 0;
    // The first byte of the connection's first response has arrived, or the upstream has closed or reset the
    // connection before it. A later end says nothing: a server may close a kept connection at any time.
    virtual void on_first_response() = 0;
    virtual void on_end_without_response(cause why) = 0;
};

class upstream_connection final : public message_stream<wire::upstream_side> {
public:
    // Takes over an established connection, TLS included. `buffers` must outlive it.
    upstream_connection(net::stream_ptr connection, net::buffer_pool& buffers,
                        std::unique_ptr<connection_reports> reports);
    ~upstream_connection() override;

    [[nodiscard]] result<void> begin(const wire::forwarded_head& request,
                                     const http::head_limits& limits) override;
    [[nodiscard]] result<bool> take_head() override;
    [[nodiscard]] result<void> fill_head() override;
    [[nodiscard]] bool has_responded() const noexcept override { return responded_; }
    [[nodiscard]] const http::response_head& head() const noexcept override { return head_; }
    [[nodiscard]] result<wire::response_body> frame(std::string_view method, bool keep_trailers) override;
    [[nodiscard]] bool is_received_whole() const noexcept override;
    void drop_head() noexcept override;
    void begin_tunnel() noexcept override;

    [[nodiscard]] bool is_quiet(bool surely) noexcept override;
    [[nodiscard]] bool is_reusable() const noexcept override;
    void rest() noexcept override;
    [[nodiscard]] std::optional<std::chrono::seconds> announced_keep() const noexcept override
    {
        return announced_keep_;
    }

private:
    // The approximate memory of a connection besides its buffers.
    static constexpr std::size_t own_bytes = 4096;

    [[nodiscard]] std::size_t longest_head() const noexcept;
    void make_room_for_head();
    [[nodiscard]] bool is_request_sent() const noexcept;
    [[nodiscard]] failure ended_before_head(net::transfer::status how) const noexcept;
    [[nodiscard]] std::string_view behind_head() const noexcept;

    net::buffer_pool& buffers_;
    std::unique_ptr<connection_reports> reports_;
    net::buffer bytes_; // a response's head, then slices of its body
    net::gather out_;
    std::string lines_; // lines that we add to a request
    http::response_head head_;
    http::head_limits limits_;
    std::size_t received_ = 0; // bytes of a head, and those received with it
    std::size_t scanned_ = 0;
    std::size_t head_bytes_ = 0;
    bool responded_ = false;
    bool ever_responded_ = false; // to this request or an earlier one
    bool keep_alive_ = false;
    std::optional<std::chrono::seconds> announced_keep_;
};

} // namespace scopegate::http1
