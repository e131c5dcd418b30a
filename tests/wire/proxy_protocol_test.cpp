// PROXY headers are believed only from trusted proxies. The gate reads each to its last byte and not beyond,
// and takes no other bytes for such a header.
#include "support/calendar.hpp"
#include "support/tls_client.hpp"
#include "support/tls_files.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::StartsWith;
using namespace std::string_literals;

const std::string v1 = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
const std::string v1_unknown = "PROXY UNKNOWN\r\n";
const std::string v2 = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xC0\x00\x02\x07\xC6\x33\x64\x01\xDC\x04\x01\xBB"s;
const std::string v2_unknown = "\r\n\r\n\0\r\nQUIT\n\x21\0\0\0"s;
const std::string v2_local = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;
const std::string v6 = "PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n";

gate_settings behind_balancer(std::string trusted = "127.0.0.0/8")
{
    return {.server = "trusted_proxies: [" + trusted + "], proxy_protocol: true"};
}

// Returns the client that the API sees.
std::string caller_after(const calendar& c, const std::string& bytes)
{
    return c.forwarded(bytes).value("X-Forwarded-For");
}

TEST(proxy_protocol, takes_the_client_from_the_header)
{
    const calendar c(behind_balancer());
    EXPECT_EQ(caller_after(c, v1 + get("/public")), "192.0.2.7");
    EXPECT_EQ(caller_after(c, v2 + get("/public")), "192.0.2.7");
    EXPECT_EQ(caller_after(c, v6 + get("/public")), "2001:db8::7");
    EXPECT_EQ(caller_after(c, v1_unknown + get("/public")), "127.0.0.1");
    EXPECT_EQ(caller_after(c, v2_unknown + get("/public")), "127.0.0.1");
    EXPECT_EQ(caller_after(c, v2_local + get("/public")), "127.0.0.1");
}

// The balancer is trusted, but its clients are not: the fields of a client are believed only if the client
// itself is trusted.
TEST(proxy_protocol, judges_a_clients_own_fields_by_the_address_in_the_header)
{
    const calendar c(behind_balancer());
    const auto spoof =
        get("/public", {}, "X-Forwarded-For: 10.9.9.9\r\nX-Real-IP: 10.9.9.9\r\nClient-Cert: :AAAA:\r\n");
    for (const auto& header : {v1, v2, v6, v1_unknown, v2_unknown}) {
        const auto seen = c.forwarded(header + spoof);
        EXPECT_EQ(seen.value("X-Forwarded-For").find("10.9.9.9"), std::string::npos) << seen;
        EXPECT_FALSE(seen.has("X-Real-IP")) << seen;
        EXPECT_FALSE(seen.has("Client-Cert")) << seen;
    }
    for (const auto& header : {v2_local, "PROXY TCP4 127.0.0.9 198.51.100.1 56324 443\r\n"s}) {
        const auto seen = c.forwarded(header + spoof);
        EXPECT_THAT(seen.value("X-Forwarded-For"), StartsWith("10.9.9.9, 127.0.0.")) << seen;
        EXPECT_EQ(seen.value("X-Real-IP"), "10.9.9.9");
    }
}

TEST(proxy_protocol, accepts_a_header_in_any_two_pieces)
{
    const calendar c(behind_balancer());
    for (const auto& header : {v1, v2})
        for (std::size_t cut = 1; cut <= header.size() + 1; ++cut) {
            auto client = c.connect();
            client.send_cut(header + get("/public"), {cut});
            EXPECT_EQ(client.read().status, 200U) << cut;
        }
    auto client = c.connect();
    for (const char byte : v1 + get("/public"))
        client.send(std::string(1, byte));
    EXPECT_EQ(client.read().status, 200U);
    for (const auto& seen : c.api.requests())
        EXPECT_EQ(seen.value("X-Forwarded-For"), "192.0.2.7");
}

TEST(proxy_protocol, expects_one_header_before_the_first_request)
{
    const calendar c(behind_balancer());
    auto client = c.connect();
    client.send(v1 + get("/public/1") + get("/public/2"));
    EXPECT_EQ(client.read().status, 200U);
    EXPECT_EQ(client.read().status, 200U);
    EXPECT_EQ(client.exchange(get("/public/3")).status, 200U);
    for (const auto& seen : c.api.wait_for_requests(3))
        EXPECT_EQ(seen.value("X-Forwarded-For"), "192.0.2.7");
    client.send(v1 + get("/public/4"));
    EXPECT_EQ(client.read().status, 400U);
    EXPECT_EQ(c.exchange(v1 + v1 + get("/public/5")).status, 400U);
    EXPECT_EQ(c.exchange(v2 + v1 + get("/public/6")).status, 400U);
    EXPECT_EQ(c.api.requests().size(), 3U);
}

TEST(proxy_protocol, refuses_bytes_that_are_no_header)
{
    const calendar c(behind_balancer());
    for (const auto& bytes :
         {get("/public"), "PROXY TCP4 192.0.2.7\r\n" + get("/public"),
          "PROXY TCP4 x y 1 2\r\n" + get("/public"),
          "PROXY UNKNOWN " + std::string(4000, 'x') + "\r\n" + get("/public"),
          v2.substr(0, 12) + "\x11\x11" + v2.substr(14) + get("/public"),
          "proxy UNKNOWN\r\n" + get("/public"), v2.substr(0, 14) + "\xFF\xFF" + std::string(100, 'x')}) {
        auto client = c.connect();
        client.send(bytes);
        const auto answer = client.read();
        EXPECT_EQ(answer.status, 400U) << printable(bytes);
        EXPECT_TRUE(client.is_closed_clean());
    }
    EXPECT_TRUE(c.api.requests().empty());
}

TEST(proxy_protocol, believes_no_header_of_an_untrusted_peer)
{
    const calendar c(behind_balancer("10.0.0.0/8"));
    for (const auto& header : {v1, v2, v6, v1_unknown, v2_local})
        EXPECT_EQ(c.exchange(header + get("/public")).status, 400U);
    EXPECT_TRUE(c.api.requests().empty());
    EXPECT_EQ(caller_after(c, get("/public")), "127.0.0.1")
        << "direct clients are served under their own address";
    const calendar without;
    EXPECT_EQ(without.exchange(v1 + get("/public")).status, 400U);
    EXPECT_EQ(without.exchange(v2 + get("/public")).status, 400U);
}

TEST(proxy_protocol, times_out_without_a_whole_header)
{
    auto settings = behind_balancer();
    settings.timeouts = "headers: 300ms";
    const calendar c(settings);
    const auto before = c.gate.open_descriptors();
    for (const auto& begun : {""s, "P"s, v1.substr(0, 20), v2.substr(0, 13), v2.substr(0, 20)}) {
        auto client = c.connect();
        client.send(begun);
        EXPECT_TRUE(client.is_closed_clean()) << printable(begun);
        auto gone = c.connect();
        gone.send(begun);
        gone.reset();
    }
    EXPECT_EQ(caller_after(c, v1 + get("/public")), "192.0.2.7");
    EXPECT_LE(c.gate.open_descriptors(), before + 3);
}

TEST(proxy_protocol, precedes_the_tls_handshake)
{
    const tls_files files;
    auto settings = behind_balancer();
    settings.server += ", " + files.server_yaml();
    const calendar c(settings);
    for (const auto& header : {v1, v2}) {
        tls_client_settings with;
        with.before = header;
        tls_client client(c.gate.address(), with);
        ASSERT_EQ(client.failure(), "");
        EXPECT_THAT(client.exchange(get("/public")), StartsWith("HTTP/1.1 200"));
    }
    for (const auto& seen : c.api.wait_for_requests(2)) {
        EXPECT_EQ(seen.value("X-Forwarded-For"), "192.0.2.7");
        EXPECT_EQ(seen.value("X-Forwarded-Proto"), "https");
    }
    EXPECT_NE(tls_client(c.gate.address()).failure(), "") << "without the header";
    auto inside = tls_client(c.gate.address(), {.before = v1});
    EXPECT_THAT(inside.exchange(v1 + get("/public")), StartsWith("HTTP/1.1 400"))
        << "a header within TLS is not accepted";
    raw_client plain(c.gate.address());
    EXPECT_EQ(plain.exchange(v1 + get("/public")).status, 400U) << "the port expects TLS";
}

} // namespace
} // namespace scopegate::test
