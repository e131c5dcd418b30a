#include "net/proxy_protocol.hpp"

#include <gmock/gmock.h>

#include <string>

namespace scopegate::net {
namespace {

using namespace std::string_literals;

const std::string start("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr char local = '\x20', proxied = '\x21';
constexpr char over_ipv4 = '\x11', over_ipv6 = '\x21', over_unix = '\x31';

std::string bytes(std::size_t length)
{
    return {static_cast<char>(length >> 8U), static_cast<char>(length & 0xFFU)};
}

std::string v2(char command, char family, const std::string& rest)
{
    return start + command + family + bytes(rest.size()) + rest;
}

std::string extension(char type, const std::string& value)
{
    return type + bytes(value.size()) + value;
}

const std::string ipv4("\xC0\x00\x02\x07\xC0\x00\x02\x01\xDC\x04\x01\xBB", 12); // 192.0.2.7 to 192.0.2.1
const std::string ipv6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07" + std::string(20, '\1');

// Returns the result of reading the header: the client, `local`, `unknown`, `more` or `refused`.
std::string read(std::string_view text)
{
    const auto header = parse_proxy_header(text);
    if (!header)
        return "refused";
    if (header->size == 0)
        return "more";
    if (header->source)
        return header->local ? "a local one with a source" : header->source->text;
    return header->local ? "local" : "unknown";
}

struct row {
    std::string text;
    const char* what;
};

TEST(proxy_protocol, reads_version_1)
{
    const row rows[] = {
        {"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n", "192.0.2.7"},
        {"PROXY TCP4 255.255.255.255 0.0.0.0 0 65535\r\n", "255.255.255.255"},
        {"PROXY TCP6 2001:db8::7 2001:DB8::1 56324 443\r\n", "2001:db8::7"},
        {"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "192.0.2.7"},
        {"PROXY UNKNOWN\r\n", "unknown"},
        {"PROXY UNKNOWN ffff:f...f:ffff 65535 whatever it is\r\n", "unknown"},
        // other spellings
        {"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\n", "refused"},
        {"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\r\n", "refused"},
        {"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443 \r\n", "refused"},
        {"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443 1\r\n", "refused"},
        {"PROXY TCP4  192.0.2.7 192.0.2.1 56324 443\r\n", "refused"},
        {"PROXY  TCP4 192.0.2.7 192.0.2.1 56324 443\r\n", "refused"},
        {"PROXY\tTCP4 192.0.2.7 192.0.2.1 56324 443\r\n", "refused"},
        {"proxy TCP4 192.0.2.7 192.0.2.1 56324 443\r\n", "refused"},
        {"PROXY tcp4 192.0.2.7 192.0.2.1 56324 443\r\n", "refused"},
        {"PROXY TCP 192.0.2.7 192.0.2.1 56324 443\r\n", "refused"},
        {"PROXY UDP4 192.0.2.7 192.0.2.1 56324 443\r\n", "refused"},
        {"PROXY UNKNOWNS\r\n", "refused"},
        {"PROXY \r\n", "refused"},
        {"PROXY TCP4\r\n", "refused"},
        {"PROXY TCP4 192.0.2.7 192.0.2.1 56324\r\n", "refused"},
        {"PROXY TCP4 192.0.2.7 192.0.2.1  443\r\n", "refused"},
        {" PROXY UNKNOWN\r\n", "refused"},
        {"\r\nPROXY UNKNOWN\r\n", "refused"},
        {"GET / HTTP/1.1\r\n\r\n", "refused"},
        {"\x16\x03\x01\x02", "refused"},
        // addresses and ports
        {"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", "refused"},
        {"PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n", "refused"},
        {"PROXY TCP6 2001:db8::7 192.0.2.1 1 2\r\n", "refused"},
        {"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "refused"},
        {"PROXY TCP6 fe80::1%1 ::1 1 2\r\n", "refused"},
        {"PROXY TCP6 [::1] ::1 1 2\r\n", "refused"},
        {"PROXY TCP4 192.0.2 192.0.2.1 1 2\r\n", "refused"},
        {"PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n", "refused"},
        {"PROXY TCP4 192.0.2.07 192.0.2.1 1 2\r\n", "refused"},
        {"PROXY TCP4 0x7f.0.0.1 192.0.2.1 1 2\r\n", "refused"},
        {"PROXY TCP4 3221225991 192.0.2.1 1 2\r\n", "refused"},
        {"PROXY TCP4 192.0.2.7\0.example 192.0.2.1 1 2\r\n"s, "refused"},
        {"PROXY TCP4 localhost 192.0.2.1 1 2\r\n", "refused"},
        {"PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n", "refused"},
        {"PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n", "refused"},
        {"PROXY TCP4 192.0.2.7 192.0.2.1 -1 2\r\n", "refused"},
        {"PROXY TCP4 192.0.2.7 192.0.2.1 +1 2\r\n", "refused"},
        {"PROXY TCP4 192.0.2.7 192.0.2.1 1 2a\r\n", "refused"},
        // 107 bytes at most, including the end of the line
        {"PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", "unknown"},
        {"PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", "refused"},
        {"PROXY UNKNOWN " + std::string(92, 'x'), "more"},
        {"PROXY UNKNOWN " + std::string(93, 'x'), "refused"},
    };
    for (const auto& [text, what] : rows)
        EXPECT_EQ(read(text), what) << testing::PrintToString(text);
}

TEST(proxy_protocol, reads_version_2)
{
    const auto checked = [](const std::string& sum) {
        return v2(proxied, over_ipv4, ipv4 + extension('\x03', sum));
    };
    const row rows[] = {
        {v2(proxied, over_ipv4, ipv4), "192.0.2.7"},
        {v2(proxied, '\x12', ipv4), "192.0.2.7"}, // QUIC ends at the balancer
        {v2(proxied, over_ipv6, ipv6), "2001:db8::7"},
        {v2(proxied, over_unix, std::string(216, 'x')), "unknown"},
        {v2(proxied, '\0', ""), "unknown"},
        {v2(proxied, '\0', "whatever"), "unknown"},
        {v2(local, '\0', ""), "local"},
        {v2(local, over_ipv4, ipv4), "local"},
        {v2(local, over_ipv4, "cut"), "local"},
        // extensions
        {v2(proxied, over_ipv4, ipv4 + extension('\x04', "") + extension('\x02', "example.com")),
         "192.0.2.7"},
        {v2(proxied, over_ipv4, ipv4 + extension('\xEA', "\1vpce-08d2bf15fac5001c9")), "192.0.2.7"},
        {v2(proxied, over_ipv4, ipv4 + "\x04"), "refused"},
        {v2(proxied, over_ipv4, ipv4 + std::string("\x04\0", 2)), "refused"},
        {v2(proxied, over_ipv4, ipv4 + std::string("\x04\0\2x", 4)), "refused"},
        {v2(proxied, over_ipv4, ipv4 + std::string("\x04\xFF\xFFx", 4)), "refused"},
        {checked("\xA2\xAA\x7A\xE9"), "192.0.2.7"},
        {checked("\xA2\xAA\x7A\xE8"), "refused"},
        {checked(std::string(4, '\0')), "refused"},
        {checked("\xA2\xAA\x7A"), "refused"},
        // other spellings
        {v2('\x22', over_ipv4, ipv4), "refused"},
        {v2('\x11', over_ipv4, ipv4), "refused"},
        {v2('\x01', over_ipv4, ipv4), "refused"},
        {v2(proxied, '\x10', ipv4), "refused"},
        {v2(proxied, '\x13', ipv4), "refused"},
        {v2(proxied, '\x41', ipv4), "refused"},
        {v2(proxied, '\x01', ""), "refused"},
        {v2(proxied, over_ipv4, ipv4.substr(1)), "refused"},
        {v2(proxied, over_ipv6, ipv4), "refused"},
        {v2(proxied, over_unix, std::string(215, 'x')), "refused"},
        {"\r\n\r\n\0\r\nQUIX\n"s, "refused"},
        {"\r\n\r\nGET"s, "refused"},
        // the limit of its length
        {v2(proxied, '\0', std::string(max_proxy_header - 16, 'x')), "unknown"},
        {v2(proxied, '\0', std::string(max_proxy_header - 15, 'x')), "refused"},
        {start + proxied + over_ipv4 + "\xFF\xFF", "refused"}, // refused without waiting for the rest
    };
    for (const auto& [text, what] : rows)
        EXPECT_EQ(read(text), what) << testing::PrintToString(text);
}

TEST(proxy_protocol, consumes_its_own_bytes_and_no_others)
{
    for (const auto& text : {"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n"s, "PROXY UNKNOWN\r\n"s,
                             v2(proxied, over_ipv4, ipv4 + extension('\x04', "xx")), v2(local, '\0', "")}) {
        for (std::size_t have = 0; have < text.size(); ++have)
            EXPECT_EQ(read(std::string_view(text).substr(0, have)), "more") << have << " bytes";
        for (const auto* behind : {"", "GET / HTTP/1.1\r\n", "PROXY UNKNOWN\r\n", "\r\n"}) {
            const auto header = parse_proxy_header(text + behind);
            ASSERT_TRUE(header);
            EXPECT_EQ(header->size, text.size());
        }
    }
}

TEST(proxy_protocol, yields_a_client_that_compares_like_a_connections_peer)
{
    const auto header = parse_proxy_header("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n");
    const auto same = peer_of(*literal_endpoint("192.0.2.7", 1));
    ASSERT_TRUE(header && header->source);
    EXPECT_TRUE(header->source->is_ip);
    EXPECT_EQ(header->source->address, same.address);
}

} // namespace
} // namespace scopegate::net
