// Connections to the API: a pool of kept-alive ones per worker and policy generation, and the making of new
// ones. A pooled connection keeps one wait for input outstanding, so that one the API has closed is noticed
// before it is used.
#pragma once

#include "base/errc.hpp"
#include "net/deadlines.hpp"
#include "net/resolved_name.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"
#include "policy/settings.hpp"

#include <boost/asio/generic/stream_protocol.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace scopegate::gate {

// Confined to its worker's thread. Borrows everything it is given. `tls` is null for an upstream without.
class upstream_pool final {
public:
    upstream_pool(net::asio::io_context& context, net::deadlines& times,
                  const policy::upstream_settings& settings, const net::tls_context* tls,
                  std::chrono::milliseconds connect_patience);
    // Closes those that idle: the wait that each has outstanding would keep it open until the API closes it.
    ~upstream_pool();
    upstream_pool(const upstream_pool&) = delete;
    upstream_pool& operator=(const upstream_pool&) = delete;

    // A kept-alive connection that its peer has not closed yet as far as is known, the one used last; null:
    // none. News of the end may lie in the same batch of events that brought the request.
    [[nodiscard]] net::stream_ptr take(steady_time now) noexcept;
    // Keeps a connection that is ready for another request. `announced`: how long the API keeps it, as its
    // response said.
    void keep(net::stream_ptr connection, std::optional<std::chrono::seconds> announced);
    // Makes a new connection, TLS included: the addresses of the name are those of a second ago at most,
    // tried in turn. Fails with upstream_unreachable and the cause, of the last address tried.
    [[nodiscard]] net::task<result<net::stream_ptr>> connect();
    // Logs what TLS has against this connection, if it has: an API that will not have our certificate says so
    // only when it is asked.
    void complain_of(const net::stream& connection);
    // No more requests begin with this pool: closes what idles, and keeps nothing from now on. A tunnel or a
    // slow request may hold the pool for hours.
    void retire() noexcept;
    // Closes what has idled too long or was closed by the API.
    void sweep(steady_time now);

private:
    struct idle_connection {
        net::stream_ptr connection;
        steady_time until;
    };
    [[nodiscard]] net::task<result<net::stream_ptr>>
    connect_to(const net::asio::generic::stream_protocol::endpoint& address, steady_time deadline);
    [[nodiscard]] net::task<void> wait_for_room();
    [[nodiscard]] net::task<cause> secure(net::stream& connection, steady_time deadline);
    void complain(const std::string& why);

    net::asio::io_context& context_;
    net::deadlines& times_;
    const policy::upstream_settings& settings_;
    const net::tls_context* tls_;
    std::chrono::milliseconds connect_patience_;
    net::resolved_name name_; // of a host that is no address
    steady_time complained_at_{};
    std::vector<idle_connection> idle_;
    bool retired_ = false;
};

} // namespace scopegate::gate
