// A pool of kept-alive upstream connections, one per worker and policy snapshot, with the idle ones apart by
// address. Each pooled connection keeps one wait for input outstanding, so that a close by the upstream is
// noticed before the next use.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "net/task.hpp"
#include "upstream/addresses.hpp"
#include "wire/upstream.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace scopegate::upstream {

// Is notified of what a new connection says about its address.
class address_reports {
public:
    // The first response has begun.
    virtual void on_response(address& from) = 0;
    // The connection has ended before it.
    virtual void on_end_without_response(address& from, cause why) = 0;

protected:
    ~address_reports() = default;
};

// Makes connections to the upstream.
class connector {
public:
    connector() = default;
    connector(const connector&) = delete;
    connector& operator=(const connector&) = delete;
    virtual ~connector() = default;

    // Returns the addresses of a URL's host name, which were looked up at most a second ago; an empty list if
    // the lookup fails or does not end by `deadline`. Returns nothing if the URL needs no lookup.
    [[nodiscard]] virtual net::task<std::optional<std::vector<net::stream_endpoint>>>
    look_up(std::size_t url, steady_time deadline) = 0;

    // Starts a lookup of the host name, and returns at once what the last one found; nothing if it found
    // none, still runs, or the URL needs no lookup.
    [[nodiscard]] virtual std::vector<net::stream_endpoint> refresh(std::size_t url, steady_time now) = 0;

    // Returns a connection to `to` that is ready for a request. Fails with upstream_unreachable and the
    // cause. `reports` must outlive the connection.
    [[nodiscard]] virtual net::task<result<wire::upstream_ptr>> connect(address& to, steady_time deadline,
                                                                        address_reports& reports) = 0;
};

// Confined to its worker's thread.
class pool final : private address_reports {
public:
    // `connect_timeout` bounds each try to connect: lookup, connecting and handshake.
    pool(std::unique_ptr<connector> makes, addresses to, std::chrono::milliseconds connect_timeout) noexcept
        : connector_(std::move(makes)), addresses_(std::move(to)), connect_timeout_(connect_timeout)
    {
    }
    // Closes idle connections: the outstanding wait of each would keep it open until the upstream closes.
    ~pool() { retire(); }
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;

    // Chooses the address whose turn it is. Returns the connection to it that was used last and that the
    // upstream is not known to have closed; null if the pool has none. News of a close may arrive in the same
    // batch of events as the request.
    [[nodiscard]] wire::upstream_ptr take(steady_time now, choice& of) noexcept;
    // Keeps a connection for another request. Closes it if the pool is retired, the upstream not quiet, or
    // the address gone.
    void keep(wire::upstream_ptr connection, const choice& of);
    // Makes a new connection to the chosen address, or to another one if a connection to this one was used
    // already. An address to which no connection can be made is set aside, and the next one is tried: nothing
    // was sent so far. Fails with the failure of the last try.
    [[nodiscard]] net::task<result<wire::upstream_ptr>> connect(choice& of);
    // Returns whether the request can go to an address that it has not been to.
    [[nodiscard]] bool has_other(const choice& of) const noexcept { return addresses_.has_other(of); }
    // Closes idle connections, and keeps none from now on. A tunnel or a slow request may hold the pool for
    // hours after the last new request.
    void retire() noexcept;
    // Closes connections that have idled too long or that the upstream has closed. Looks up the names of an
    // upstream in use from time to time: with enough kept connections, no request does.
    void sweep(steady_time now);

private:
    [[nodiscard]] net::task<result<wire::upstream_ptr>> try_to_connect(choice& of);
    void refresh_names(steady_time now);
    void set_aside(address& failed, cause why);
    void on_response(address& from) override;
    void on_end_without_response(address& from, cause why) override;

    std::unique_ptr<connector> connector_;
    addresses addresses_;
    std::chrono::milliseconds connect_timeout_;
    bool retired_ = false;
    bool is_used_ = false; // since the names were looked up
    steady_time refresh_at_{};
};

} // namespace scopegate::upstream
