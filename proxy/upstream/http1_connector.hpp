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
#include <optional>
#include <string>
#include <vector>

namespace scopegate::upstream {

// The resources of a worker that its connections borrow.
struct worker_resources {
    net::asio::io_context& context;
    net::deadlines& times;
    net::buffer_pool& buffers;
};

// Returns the upstream's addresses as the file has them, one for each URL.
[[nodiscard]] std::vector<listed_address> listed_addresses(const policy::upstream_settings& settings);

// Confined to its worker's thread. Borrows its arguments, and must outlive its connections.
class http1_connector final : public connector {
public:
    // `tls` is null for an upstream without TLS.
    http1_connector(const worker_resources& own, const policy::upstream_settings& settings,
                    const net::tls_context* tls);

    [[nodiscard]] net::task<std::optional<std::vector<net::stream_endpoint>>>
    look_up(std::size_t url, steady_time deadline) override;
    [[nodiscard]] std::vector<net::stream_endpoint> refresh(std::size_t url, steady_time now) override;
    [[nodiscard]] net::task<result<wire::upstream_ptr>> connect(address& to, steady_time deadline,
                                                                address_reports& reports) override;

private:
    class reports_of_one;

    [[nodiscard]] net::task<result<net::stream_ptr>> open(const net::stream_endpoint& to,
                                                          steady_time deadline);
    [[nodiscard]] net::task<void> wait_for_room();
    [[nodiscard]] net::task<cause> secure(net::stream& connection, std::size_t url, steady_time deadline);
    void report_tls_failure(std::size_t url, const std::string& why);

    worker_resources own_;
    const policy::upstream_settings& settings_;
    const net::tls_context* tls_;
    std::vector<std::optional<net::resolved_name>> names_; // by URL; empty for one that needs no lookup
    steady_time reported_at_{};
};

} // namespace scopegate::upstream
