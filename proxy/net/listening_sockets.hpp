// Which sockets listen in this network namespace, of whatever process, as the kernel lists them in /proc.
// Shows whether another process still listens where we do.
#pragma once

#include "net/address.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace scopegate::net {

struct listening_socket {
    ino_t inode = 0;
    std::array<std::uint8_t, 16> address{}; // of TCP; v4 as v4-mapped v6
    std::uint16_t port = 0;                 // of TCP; 0: a unix socket
    std::string path;                       // of a unix socket, as it was bound
};

// Appends the listening sockets of /proc/net/tcp or tcp6, and of /proc/net/unix. Lines of another form are
// passed over.
void read_tcp_sockets(std::string_view table, std::vector<listening_socket>& into);
void read_unix_sockets(std::string_view table, std::vector<listening_socket>& into);

// Returns all that listen now; nothing where the kernel's tables can't be read.
[[nodiscard]] std::optional<std::vector<listening_socket>> listening_sockets();

// Returns whether a connection to `address` may reach the socket: the same port with the same or an
// unspecified address on either side, or the same path. A unix socket that took a path over was bound beside
// it.
[[nodiscard]] bool may_answer_at(const listening_socket& socket, const stream_endpoint& address);

// Returns the inode of an open socket.
[[nodiscard]] ino_t inode_of_socket(int descriptor) noexcept;

} // namespace scopegate::net
