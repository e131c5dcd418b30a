// The addresses of one host name, for new connections to it. Callers share one look-up, and its result is
// remembered for a second: a burst of new connections asks DNS once. A look-up that failed is not remembered,
// so that a name that comes back is found at once; callers that come while it fails share that one too.
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
    // Called with the result, none where it failed, on the context's thread.
    using look_up_handler = std::function<void(addresses)>;
    // Starts a look-up, which calls the handler once, but not before it returns.
    using look_up = std::function<void(look_up_handler)>;

    static constexpr std::chrono::seconds remembered{1};

    resolved_name(asio::io_context& context, look_up starts);

    // Gives addresses that were looked up a second before `now` at most; none where the look-up fails, or
    // takes until `deadline`.
    [[nodiscard]] task<addresses> find(steady_time now, steady_time deadline);

private:
    // Outlives us while a look-up runs.
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

// The system's resolver. A look-up that runs in it cannot be stopped; later ones wait behind it.
[[nodiscard]] resolved_name::look_up system_resolver(asio::io_context& context, std::string host,
                                                     std::uint16_t port);

} // namespace scopegate::net
