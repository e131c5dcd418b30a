// Resolves one host name for new connections. Concurrent callers share one lookup, and its result is cached
// for a second, so that a burst of new connections makes one DNS query. Failures are not cached, so a name is
// found as soon as it resolves again. Callers that arrive during a failing lookup share its failure.
#pragma once

#include "base/clock.hpp"
#include "net/asio.hpp"
#include "net/task.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace scopegate::net {

// Confined to the thread that runs `context`.
class resolved_name final {
public:
    using addresses = std::vector<asio::generic::stream_protocol::endpoint>;
    // Called on the context's thread with the addresses; empty if the lookup failed.
    using look_up_handler = std::function<void(addresses)>;
    // Starts a lookup. It must return before it calls the handler, which it calls once.
    using look_up = std::function<void(look_up_handler)>;

    static constexpr std::chrono::seconds remembered{1};

    resolved_name(asio::io_context& context, look_up starts);

    // Returns addresses that were resolved at most a second before `now`. Returns none if the lookup fails or
    // does not end by `deadline`.
    [[nodiscard]] task<addresses> find(steady_time now, steady_time deadline);

    // Starts a lookup, unless one runs or the last one ended less than a second before `now`. Returns at once
    // what the last one found; nothing while one runs or after it failed.
    [[nodiscard]] addresses refresh(steady_time now);

private:
    // Outlives this object while a lookup runs.
    struct shared_state {
        addresses known;
        steady_time known_until{};
        bool asking = false;
        std::vector<asio::steady_timer*> sleepers;
    };
    void ask();

    asio::io_context& context_;
    look_up start_;
    std::shared_ptr<shared_state> state_ = std::make_shared<shared_state>();
};

// Returns the system's resolver (net/name_lookup.hpp).
[[nodiscard]] resolved_name::look_up system_resolver(asio::io_context& context, std::string host,
                                                     std::uint16_t port);

} // namespace scopegate::net
