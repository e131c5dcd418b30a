// Watches the process that --takeover replaces, to learn when it no longer listens on our addresses. Until
// then a client may reach either process.
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

// Confined to the control thread.
class predecessor final {
public:
    // Records the sockets of other processes that listen on the addresses of `ours`. None of `ours` may have
    // released its descriptors yet.
    predecessor(net::asio::io_context& control, const std::vector<net::bound_listener>& ours);

    // Calls `gone` once no such socket is left, and checks that once a second. Never calls it if the kernel
    // hides the sockets. Logs the result.
    void watch(std::function<void()> gone);
    void stop();

private:
    [[nodiscard]] bool listens() const;
    void poll();

    net::asio::steady_timer timer_;
    std::optional<std::vector<ino_t>> sockets_; // sorted; nothing: unknown
    std::function<void()> gone_;
};

} // namespace scopegate::control
