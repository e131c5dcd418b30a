// Makes HTTP/1.1 connections to the upstream: over TCP or unix sockets, with or without TLS.
#pragma once

#include "http1/upstream_connection.hpp"
#include "net/asio.hpp"
#include "net/buffer.hpp"
#include "net/deadlines.hpp"
#include "net/resolved_name.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"
#include "policy/settings.hpp"
#include "upstream/pool.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <string>

namespace scopegate::upstream {

// The resources of a worker that its connections borrow.
struct worker_resources {
    net::asio::io_context& context;
    net::deadlines& times;
    net::buffer_pool& buffers;
};

// Confined to its worker's thread. Borrows its arguments, and must outlive its connections.
class http1_connector final : public connector, private http1::tls_reports {
public:
    // `tls` is null for an upstream without TLS. `connect_timeout` covers lookup, connecting and handshake.
    http1_connector(const worker_resources& own, const policy::upstream_settings& settings,
                    const net::tls_context* tls, std::chrono::milliseconds connect_timeout);

    // Tries the name's addresses in turn, which were resolved at most a second ago. Fails with the failure of
    // the last one.
    [[nodiscard]] net::task<result<wire::upstream_ptr>> connect() override;

private:
    [[nodiscard]] net::task<result<wire::upstream_ptr>>
    connect_to(const net::asio::generic::stream_protocol::endpoint& address, steady_time deadline);
    [[nodiscard]] net::task<void> wait_for_room();
    [[nodiscard]] net::task<cause> secure(net::stream& connection, steady_time deadline);
    void on_tls_failure(const std::string& why) override;

    worker_resources own_;
    const policy::upstream_settings& settings_;
    const net::tls_context* tls_;
    std::chrono::milliseconds connect_timeout_;
    net::resolved_name name_; // for a host that is not an address
    steady_time reported_at_{};
};

} // namespace scopegate::upstream
