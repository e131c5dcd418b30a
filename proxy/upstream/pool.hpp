// A pool of kept-alive upstream connections, one per worker and policy snapshot. Each pooled connection keeps
// one wait for input outstanding, so that a close by the upstream is noticed before the next use.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "net/task.hpp"
#include "wire/upstream.hpp"

#include <memory>
#include <vector>

namespace scopegate::upstream {

// Makes connections to the upstream.
class connector {
public:
    connector() = default;
    connector(const connector&) = delete;
    connector& operator=(const connector&) = delete;
    virtual ~connector() = default;
    // Returns a connection that is ready for a request. Fails with upstream_unreachable and the cause.
    [[nodiscard]] virtual net::task<result<wire::upstream_ptr>> connect() = 0;
};

// Confined to its worker's thread.
class pool final {
public:
    explicit pool(std::unique_ptr<connector> makes) noexcept : connector_(std::move(makes)) {}
    // Closes idle connections: the outstanding wait of each would keep it open until the upstream closes.
    ~pool() { retire(); }
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;

    // Returns the connection used last that the upstream is not known to have closed; null if the pool has
    // none. News of a close may arrive in the same batch of events as the request.
    [[nodiscard]] wire::upstream_ptr take(steady_time now) noexcept;
    // Keeps a connection for another request. Closes it if the pool is retired or the upstream not quiet.
    void keep(wire::upstream_ptr connection);
    // Makes a new connection; see connector.
    [[nodiscard]] net::task<result<wire::upstream_ptr>> connect() { return connector_->connect(); }
    // Closes idle connections, and keeps none from now on. A tunnel or a slow request may hold the pool for
    // hours after the last new request.
    void retire() noexcept;
    // Closes connections that have idled too long or that the upstream has closed.
    void sweep(steady_time now);

private:
    struct idle_connection {
        wire::upstream_ptr connection;
        steady_time until;
    };

    std::unique_ptr<connector> connector_;
    std::vector<idle_connection> idle_;
    bool retired_ = false;
};

} // namespace scopegate::upstream
