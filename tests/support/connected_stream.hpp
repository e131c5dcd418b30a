// A stream under test, and the socket of its peer.
#pragma once

#include "net/stream.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <utility>

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace scopegate::test {

// Each side may have as many unread bytes in transit as the kernel allows.
struct connected_stream {
    connected_stream(net::asio::io_context& loop, net::deadlines& times, int room)
    {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        for (const int end : ends)
            if (::setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) != 0)
                ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        own = new net::stream(loop, ends[0], times);
        peer = ends[1];
    }
    connected_stream(const connected_stream&) = delete;
    connected_stream& operator=(const connected_stream&) = delete;
    ~connected_stream()
    {
        own->close();
        close_peer();
    }

    // Sends as the peer, as much as the socket takes.
    [[nodiscard]] std::size_t send(std::string_view bytes) const
    {
        const auto sent = ::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        return sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    void close_peer() { ::close(std::exchange(peer, -1)); }
    // Returns the number of our bytes that the peer has not read.
    [[nodiscard]] std::size_t has_arrived() const
    {
        int bytes = 0;
        EXPECT_EQ(::ioctl(peer, FIONREAD, &bytes), 0);
        return static_cast<std::size_t>(bytes);
    }

    net::stream_ptr own;
    int peer = -1;
};

} // namespace scopegate::test
