#include "control/predecessor.hpp"

#include "net/listening_sockets.hpp"
#include "observe/log.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::control {

namespace {

using observe::level;
using observe::log_event;

std::optional<std::vector<ino_t>> others_that_listen_at(const std::vector<net::bound_listener>& ours)
{
    const auto all = net::listening_sockets();
    if (!all)
        return std::nullopt;
    std::vector<ino_t> own, others;
    for (const auto& listener : ours)
        for (const auto inode : listener.inodes())
            own.push_back(inode);
    const auto is_own = [&](ino_t inode) { return std::find(own.begin(), own.end(), inode) != own.end(); };
    // A table without our sockets belongs to another namespace, and lacks the other process's sockets too.
    for (const auto inode : own)
        if (std::none_of(all->begin(), all->end(), [inode](const auto& s) { return s.inode == inode; }))
            return std::nullopt;
    for (const auto& socket : *all)
        if (!is_own(socket.inode) && std::any_of(ours.begin(), ours.end(), [&](const auto& listener) {
                return net::may_accept_at(socket, listener.address());
            }))
            others.push_back(socket.inode);
    std::sort(others.begin(), others.end());
    return others;
}

} // namespace

predecessor::predecessor(net::asio::io_context& control, const std::vector<net::bound_listener>& ours)
    : timer_(control), sockets_(others_that_listen_at(ours))
{
}

void predecessor::watch(std::function<void()> gone)
{
    if (!sockets_) {
        log_event(level::warn, "takeover_not_visible",
                  {{"why", "/proc/net does not show which process listens: DPoP proofs must contain our "
                           "nonces permanently"}});
        return;
    }
    gone_ = std::move(gone);
    log_event(level::info, "takeover_began", {{"sockets", sockets_->size()}});
    poll();
}

void predecessor::stop()
{
    gone_ = nullptr;
    timer_.cancel();
}

bool predecessor::listens() const
{
    const auto all = net::listening_sockets();
    return !all || std::any_of(all->begin(), all->end(), [this](const net::listening_socket& s) {
        return std::binary_search(sockets_->begin(), sockets_->end(), s.inode);
    });
}

void predecessor::poll()
{
    if (!listens()) {
        log_event(level::info, "takeover_ended");
        std::exchange(gone_, nullptr)();
        return;
    }
    timer_.expires_after(std::chrono::seconds(1));
    timer_.async_wait([this](const net::error_code& stopped) {
        if (!stopped && gone_)
            poll();
    });
}

} // namespace scopegate::control
