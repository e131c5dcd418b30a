// Listening sockets: opened and bound in one place (so that a taken port is one clear error before anything
// runs), accepted from on each worker's own io_context. TCP listeners are shared among workers by
// SO_REUSEPORT, each worker its own socket; unix sockets are one socket that all workers accept from.
#pragma once

#include "net/address.hpp"
#include "net/asio.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace scopegate::net {

// A bound and listening file descriptor per worker. Owns the descriptors until they are released to
// acceptors.
class bound_listener final {
public:
    // Opens `count` sockets for the address. Port 0 is bound once and read back for the others. Throws
    // boost::system::system_error. A stale unix socket file that nobody listens on is replaced. Who listens
    // there already makes it an error; with `take_over` the port is shared with them (a process of the same
    // user), and a unix socket's file becomes ours while they keep what has queued at theirs. Its mode is
    // 0660 whatever the umask; a file at its path that is no socket is never replaced.
    bound_listener(const stream_endpoint& address, unsigned count, bool take_over = false);
    ~bound_listener();
    bound_listener(bound_listener&& other) noexcept;
    bound_listener& operator=(bound_listener&&) = delete;

    [[nodiscard]] const stream_endpoint& address() const noexcept { return address_; } // with the real port
    // The inodes of the sockets that have not been released.
    [[nodiscard]] std::vector<ino_t> inodes() const;
    [[nodiscard]] int release(unsigned worker);

private:
    stream_endpoint address_;
    std::vector<int> descriptors_;
    std::string unix_path_; // removed at the end, where it is still the one that we made
    ino_t unix_inode_ = 0;
};

// Accepts on one worker's thread until stopped.
class acceptor final {
public:
    // `accepted` owns the descriptor that it is given, and throws nothing. `no_descriptors` is called when
    // the process, or the machine, may open no more of them: what it closes makes room for the clients that
    // wait.
    using on_accept = std::function<void(int descriptor, const stream_endpoint& remote)>;
    using on_no_descriptors = std::function<void()>;

    acceptor(asio::io_context& context, int descriptor, on_accept accepted,
             on_no_descriptors no_descriptors = {});
    void start();
    // Goes on where an exception has interrupted it. Throws std::bad_alloc.
    void revive();
    // Takes what the kernel has queued already (connections left in the queue would be reset), then closes.
    void stop();

private:
    enum class queue : std::uint8_t { empty, longer, stuck }; // stuck: out of descriptors, try again later

    void wait();
    [[nodiscard]] queue accept_some();

    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> descriptor_;
    asio::steady_timer pause_;
    bool awaited_ = false; // a client, or the end of a pause
    on_accept accepted_;
    on_no_descriptors no_descriptors_;
};

} // namespace scopegate::net
