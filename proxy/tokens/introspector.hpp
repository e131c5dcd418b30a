// Asks the one issuer that introspects (RFC 7662) about its tokens, process-wide: all who wait for the
// same token share one call, and an answer is kept for a while. Remembers answers, never decisions, and
// tokens only while it asks for them. All I/O runs on the control io_context.
#pragma once

#include "base/clock.hpp"
#include "policy/policy.hpp"
#include "tokens/introspection.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace scopegate::tokens {

// How much is asked and kept. The defaults are production's; tests shorten them.
struct introspection_bounds {
    std::chrono::milliseconds time{5'000}; // for one call, and for its wait until it may begin
    std::chrono::milliseconds inactive{
        5'000}; // how long a token counts as inactive; never longer than `cache`
    std::chrono::milliseconds silence{10'000}; // of the log after a recovery, however often it fails again
    std::size_t calls = 64;                    // at a time
    std::size_t waiting_tokens = 4'096;        // that are asked for or wait for it; more are unavailable
    std::size_t waiting_bytes = 32UL * 1024 * 1024; // of their texts
    std::size_t answers = 10'000; // kept, the oldest go first; as many again of inactive tokens
    std::size_t answer_bytes = 16UL * 1024 * 1024; // of their texts
};

// A client, for the order of waiting tokens: an IPv4 address (v4-mapped), or the IPv6 network of 64 bits
// that one client has as a rule. All zero: a client without an address.
using client_network = std::array<std::uint8_t, 16>;
[[nodiscard]] client_network network_of(std::array<std::uint8_t, 16> address) noexcept;

// An answer as it is handed on: from `until` (after `cache`, and never past its `exp`) on it may not be used
// for other requests than those that waited for it.
struct introspection_answer {
    introspected said;
    wall_time until;
};
using introspection_ptr = std::shared_ptr<const introspection_answer>;

class introspector : public std::enable_shared_from_this<introspector> {
public:
    // Null where no issuer introspects. `previous`, the introspector of the generation before, goes on where
    // its settings stayed the same: a reload asks for nothing again. `control` must outlive the work
    // (stop()).
    static std::shared_ptr<introspector> start(boost::asio::io_context& control, const policy::policy& p,
                                               std::shared_ptr<introspector> previous = nullptr,
                                               const introspection_bounds& bounds = {},
                                               std::function<wall_time()> now = {});
    virtual ~introspector() = default;

    // Calls `done` exactly once with the answer (never null): within the call where it is known or none can
    // be had, otherwise from the control thread. Any thread. The token is copied, and never logged. Tokens of
    // different clients take turns; where too many wait, those of the client with most of them give way.
    virtual void ask(std::string_view token, std::function<void(introspection_ptr)> done,
                     const client_network& client = {}) = 0;
    // Ends the asking: who waits is told introspection_unavailable, as is everyone from now on. Control
    // thread.
    virtual void stop() = 0;

protected:
    introspector() = default;
};

} // namespace scopegate::tokens
