// Tells the streams of one io_context that their sockets became ready, without a system call for each wait:
// all sockets lie in one edge-triggered epoll set of ours, which Asio waits for as for any descriptor.
// (Asio's own wait re-arms a socket each time, by an epoll_ctl that costs a proxied request a tenth of its
// time.) A service of the io_context, made with the first stream; confined to the thread that runs it, and
// gone with it.
#pragma once

#include "net/asio.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

#include <sys/epoll.h>

namespace scopegate::net {

class stream;

class poller final : public asio::execution_context::service {
public:
    using key_type = poller;
    static asio::execution_context::id id; // NOLINT: so Asio finds its services

    // By use_service() only. Throws std::system_error where the kernel has no epoll set to give.
    explicit poller(asio::execution_context& context);
    ~poller() override;
    [[nodiscard]] static poller& of(asio::io_context& context);

    // From now on the stream is told (stream::on_events) of each change, and once of how things stand. False:
    // the kernel has no room for it.
    [[nodiscard]] bool add(int descriptor, stream& told) noexcept;
    // The stream is told once more how things stand, though nothing changes.
    void ask_again(int descriptor, stream& told) noexcept;
    // Before its descriptor is closed: what was fetched for it already is not told.
    void forget(const stream& told) noexcept;
    // Asio waits for this descriptor; while we wait in its place, it must not be kept waiting.
    void yield_to(int descriptor) noexcept;
    // The stream is told that it was closed (stream::on_closed), but not from within this call.
    void tell_closed(stream& told);

private:
    void shutdown() noexcept override;
    void wait();
    void serve();
    [[nodiscard]] bool fetch(int milliseconds) noexcept; // false: nothing came
    void tell() noexcept;

    static constexpr std::size_t batch = 128;

    int set_;
    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> waiting_;
    std::array<epoll_event, batch> fetched_{};
    std::size_t next_ = 0; // of those fetched
    std::size_t count_ = 0;
    bool yielding_ = false;
};

} // namespace scopegate::net
