// The process that --takeover replaces, as far as it concerns us: whether it still listens where we listen.
// Until then a client may reach either of us.
#pragma once

#include "net/asio.hpp"
#include "net/listener.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace scopegate::control {

// Lives on the control thread.
class predecessor final {
public:
    // Notes which sockets of other processes listen at the addresses of `ours`, all of which still have their
    // descriptors.
    predecessor(net::asio::io_context& control, const std::vector<net::bound_listener>& ours);

    // Calls `gone` as soon as no such socket is left, which it checks once a second. Never calls it if the
    // kernel hides them. Logs the result.
    void watch(std::function<void()> gone);
    void stop();

private:
    [[nodiscard]] bool listens() const;
    void look_again();

    net::asio::steady_timer timer_;
    std::optional<std::vector<ino_t>> sockets_; // sorted; nothing: unknown
    std::function<void()> gone_;
};

} // namespace scopegate::control
