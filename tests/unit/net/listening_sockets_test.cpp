#include "net/listening_sockets.hpp"

#include "net/listener.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace scopegate::net {
namespace {

constexpr std::string_view tcp_table =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 "
    "0 0 10 0\n"
    "   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 "
    "0 0 10 0\n"
    "   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0 20 "
    "4 30 10 -1\n"
    "garbage\n";
constexpr std::string_view tcp6_table =
    "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 "
    "00:00000000 00000000  1000        0 4714 1 0 100 0 0 10 0\n";
constexpr std::string_view unix_table =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 4715 /run/a gate.sock\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 4716 /run/a gate.sock\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 4717\n";

TEST(listening_sockets, are_read_from_the_kernels_tables)
{
    std::vector<listening_socket> found;
    read_tcp_sockets(tcp_table, found);
    read_tcp_sockets(tcp6_table, found);
    read_unix_sockets(unix_table, found);
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0].inode, 4711U);
    EXPECT_EQ(found[0].port, 8080);
    EXPECT_TRUE(may_accept_at(found[0], *literal_endpoint("127.0.0.1", 8080)));
    EXPECT_EQ(found[1].port, 80);
    EXPECT_TRUE(may_accept_at(found[2], *literal_endpoint("::1", 8080)));
    EXPECT_EQ(found[3].path, "/run/a gate.sock");
}

TEST(listening_sockets, accept_connections_at_their_own_address)
{
    std::vector<listening_socket> tcp, local;
    read_tcp_sockets(tcp_table, tcp);
    read_unix_sockets(unix_table, local);
    const auto at = [](const char* host, std::uint16_t port) { return *literal_endpoint(host, port); };
    EXPECT_FALSE(may_accept_at(tcp[0], at("127.0.0.1", 8081)));
    EXPECT_FALSE(may_accept_at(tcp[0], at("127.0.0.2", 8080)));
    EXPECT_TRUE(may_accept_at(tcp[0], at("0.0.0.0", 8080))) << "our listener is bound to any address";
    EXPECT_TRUE(may_accept_at(tcp[0], at("::", 8080)));
    EXPECT_TRUE(may_accept_at(tcp[1], at("127.0.0.2", 80))) << "the other listener is bound to any address";
    EXPECT_FALSE(may_accept_at(tcp[0], unix_endpoint("/run/a gate.sock")));
    EXPECT_TRUE(may_accept_at(local[0], unix_endpoint("/run/a gate.sock")));
    EXPECT_FALSE(may_accept_at(local[0], unix_endpoint("/run/b.sock")));
    local[0].path += '~'; // bound under this name before it took the path over
    EXPECT_TRUE(may_accept_at(local[0], unix_endpoint("/run/a gate.sock")));
}

TEST(listening_sockets, include_those_of_this_process)
{
    const bound_listener own(*literal_endpoint("127.0.0.1", 0), 2);
    const auto inodes = own.inodes();
    ASSERT_EQ(inodes.size(), 2U);
    const auto all = listening_sockets();
    ASSERT_TRUE(all);
    for (const auto inode : inodes)
        EXPECT_TRUE(std::any_of(all->begin(), all->end(), [&](const listening_socket& s) {
            return s.inode == inode && may_accept_at(s, own.address());
        }));
}

} // namespace
} // namespace scopegate::net
