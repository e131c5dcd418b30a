// Introspects tokens (RFC 7662) for the one issuer that has an endpoint, process-wide. Concurrent requests
// with the same token share one call, and its result is cached. Decisions are never cached. A token is kept
// only while its call is queued or running. All I/O runs on the control io_context.
#pragma once

#include "base/clock.hpp"
#include "policy/policy.hpp"
#include "tokens/introspection.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace scopegate::tokens {

// Bounds of the calls and the cache. The defaults are production's; tests shorten them.
struct introspection_bounds {
    std::chrono::milliseconds time{5'000};          // for one call, and for its wait in the queue before that
    std::chrono::milliseconds inactive{5'000};      // how long an inactive result is cached; at most `cache`
    std::chrono::milliseconds unusable{1'000};      // how long a result is cached that workers can't use
    std::chrono::milliseconds silence{10'000};      // how long the log stays silent after a recovery
    std::size_t calls = 64;                         // in parallel
    std::size_t waiting_tokens = 4'096;             // running or queued; more are introspection_unavailable
    std::size_t waiting_bytes = 32UL * 1024 * 1024; // total size of those tokens
    std::size_t results = 10'000; // cached active results, and as many inactive ones; the oldest are evicted
    std::size_t result_bytes = 16UL * 1024 * 1024; // total size of their responses
};

// Identifies a client for fair queueing: an IPv4 address (v4-mapped), or the 64-bit IPv6 network that one
// client usually has. All zero for a client without an address.
using client_network = std::array<std::uint8_t, 16>;
[[nodiscard]] client_network network_of(std::array<std::uint8_t, 16> address) noexcept;

// An introspection result as its waiters receive it. `until` is the end of the cache time, and never later
// than the token's `exp`. After it, only requests that already waited for this result may use it.
struct introspection_result {
    result<json::value> claims = failure(reason::introspection_unavailable);
    wall_time until;
    wall_time received;
    // The JWT that `claims` are from, if results must be signed: see verify_signed_introspection(). A worker
    // verifies it before it uses them, because only workers have the keys of their snapshot.
    std::string signed_text;
};
using introspection_ptr = std::shared_ptr<const introspection_result>;

class introspector : public std::enable_shared_from_this<introspector> {
public:
    // Returns null if no issuer introspects. `previous` is the introspector of the previous policy snapshot.
    // If all settings are unchanged that a result depends on, it is returned again, so that a reload repeats
    // no call; its further calls use the proxies, authorities and certificate of `p`. Call it on the control
    // thread. `control` must outlive the work (see stop()).
    static std::shared_ptr<introspector> start(boost::asio::io_context& control, const policy::policy& p,
                                               std::shared_ptr<introspector> previous = nullptr,
                                               const introspection_bounds& bounds = {},
                                               std::function<wall_time()> now = {});
    virtual ~introspector() = default;

    // Calls `done` exactly once with the result, which is never null. A cached result, or one that can't be
    // obtained, arrives within this call; any other arrives on the control thread. May be called on any
    // thread. The token is copied, and never logged. Clients share the calls round-robin. When the queue is
    // full, the client with the most queued tokens loses its newest.
    virtual void ask(std::string_view token, std::function<void(introspection_ptr)> done,
                     const client_network& client = {}) = 0;
    // Tells that this result of ask() can't be used: its signature does not fit the keys, or it is for
    // another token. Returns whether ask() will bring a later one. A result that has just arrived stays, so
    // that a faulty endpoint is asked about a token once in `unusable`. May be called on any thread.
    [[nodiscard]] virtual bool discard(std::string_view token, const introspection_ptr& unusable) = 0;
    // Stops introspection: current waiters and all later callers receive introspection_unavailable. Call it
    // on the control thread.
    virtual void stop() = 0;

protected:
    introspector() = default;
};

} // namespace scopegate::tokens
