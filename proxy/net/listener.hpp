// Listening sockets. They are opened and bound in one place, so that a port in use is one clear error before
// anything runs. Each worker accepts on its own io_context. With TCP each worker has its own socket, and they
// share the port by SO_REUSEPORT. With unix sockets all workers accept from one socket.
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

// Mode and group of a unix socket's file. A client needs the permission to write.
struct socket_file {
    mode_t mode = 0660;
    std::string group{}; // a name or a number; empty: unchanged
};

// Holds a bound and listening descriptor per worker. Owns the descriptors until they are released to
// acceptors.
class bound_listener final {
public:
    // Opens `count` sockets for the address. Port 0 is bound once, and the other sockets bind the port that
    // it received. Throws boost::system::system_error.
    //
    // Fails if another process already listens on the address. With `take_over` the port is shared instead,
    // with a process of the same user. A unix socket's file becomes ours, and the other process keeps the
    // connections in its queue.
    //
    // A unix socket's file has the mode and group of `file` whatever the umask is, and at no time before it
    // lets more users connect. A stale socket file, on which no process listens, is replaced; a file that is
    // not a socket never is.
    bound_listener(const stream_endpoint& address, unsigned count, bool take_over = false,
                   const socket_file& file = {});
    ~bound_listener();
    bound_listener(bound_listener&& other) noexcept;
    bound_listener& operator=(bound_listener&&) = delete;

    [[nodiscard]] const stream_endpoint& address() const noexcept { return address_; } // with the actual port
    // Returns the inodes of the sockets that have not been released.
    [[nodiscard]] std::vector<ino_t> inodes() const;
    [[nodiscard]] int release(unsigned worker);

private:
    stream_endpoint address_;
    std::vector<int> descriptors_;
    // Removed at the end if it is still the file that we created.
    std::string unix_path_;
    ino_t unix_inode_ = 0;
};

// Accepts on one worker's thread until stopped.
class acceptor final {
public:
    // `accepted` takes ownership of the descriptor and must not throw. `no_descriptors` is called when the
    // process or the machine has reached its limit of descriptors. The connections that it closes make room
    // for the waiting clients.
    using on_accept = std::function<void(int descriptor, const stream_endpoint& remote)>;
    using on_no_descriptors = std::function<void()>;

    acceptor(asio::io_context& context, int descriptor, on_accept accepted,
             on_no_descriptors no_descriptors = {});
    void start();
    // Resumes accepting if an exception has interrupted it. Throws std::bad_alloc.
    void revive();
    // Accepts what the kernel has already queued, since queued connections would be reset, and then closes.
    void stop();

private:
    enum class queue : std::uint8_t { empty, longer, stuck }; // stuck: out of descriptors, try again later

    void wait();
    [[nodiscard]] queue accept_some();

    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> descriptor_;
    asio::steady_timer pause_;
    bool awaited_ = false; // whether a wait is pending: for a connection, or for the end of a pause
    on_accept accepted_;
    on_no_descriptors no_descriptors_;
};

} // namespace scopegate::net
