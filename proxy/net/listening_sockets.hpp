// Lists the listening sockets of this network namespace, of any process, from the kernel's tables in /proc.
// Shows whether another process still listens on our addresses.
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
    std::array<std::uint8_t, 16> address{}; // for TCP; v4 as v4-mapped v6
    std::uint16_t port = 0;                 // for TCP; 0: a unix socket
    std::string path;                       // of a unix socket, as it was bound
};

// Append the listening sockets of /proc/net/tcp or tcp6, and of /proc/net/unix. Lines in any other format are
// ignored.
void read_tcp_sockets(std::string_view table, std::vector<listening_socket>& into);
void read_unix_sockets(std::string_view table, std::vector<listening_socket>& into);

// Returns all listening sockets, or nothing if the kernel's tables can't be read.
[[nodiscard]] std::optional<std::vector<listening_socket>> listening_sockets();

// Returns whether a connection to `address` may reach the socket. Ports must be equal, and addresses equal or
// unspecified on either side; or the paths must be equal. A unix socket that took over a path was bound to
// the neighboring path, which matches too.
[[nodiscard]] bool may_accept_at(const listening_socket& socket, const stream_endpoint& address);

// Returns the inode of an open socket.
[[nodiscard]] ino_t inode_of_socket(int descriptor) noexcept;

} // namespace scopegate::net
