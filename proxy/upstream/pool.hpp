// Connections to the upstream: a pool of kept-alive ones per worker and policy snapshot. A pooled connection
// keeps one wait for input outstanding, so that one the upstream has closed is noticed before it is used.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "net/task.hpp"
#include "wire/upstream.hpp"

#include <memory>
#include <vector>

namespace scopegate::upstream {

// Makes connections.
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
    // Closes those that idle: the wait that each has outstanding would keep it open until the upstream
    // closes.
    ~pool() { retire(); }
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;

    // A kept-alive connection that its peer has not closed yet as far as is known, the one used last; null:
    // none. News of the end may lie in the same batch of events that brought the request.
    [[nodiscard]] wire::upstream_ptr take(steady_time now) noexcept;
    // Keeps a connection that is ready for another request.
    void keep(wire::upstream_ptr connection);
    // Makes a new connection: see connector.
    [[nodiscard]] net::task<result<wire::upstream_ptr>> connect() { return connector_->connect(); }
    // No more requests begin with this pool: closes what idles, and keeps nothing from now on. A tunnel or a
    // slow request may hold the pool for hours.
    void retire() noexcept;
    // Closes what has idled too long or was closed by the upstream.
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
