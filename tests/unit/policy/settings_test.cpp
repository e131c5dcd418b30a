#include "policy/settings.hpp"

#include <gmock/gmock.h>

namespace scopegate::policy {

namespace {

using address = std::array<std::uint8_t, 16>;

constexpr address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d)
{
    return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d};
}

constexpr address v6(std::uint8_t first, std::uint8_t last)
{
    return {first, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last};
}

TEST(network, contains_the_addresses_of_its_prefix)
{
    struct {
        const char* shows;
        network net;
        address asked;
        bool contained;
    } const rows[] = {
        {"10.0.0.0/8 has 10.255.1.2", {v4(10, 0, 0, 0), 96 + 8}, v4(10, 255, 1, 2), true},
        {"10.0.0.0/8 has not 11.0.0.0", {v4(10, 0, 0, 0), 96 + 8}, v4(11, 0, 0, 0), false},
        {"192.168.4.0/22 has 192.168.7.255", {v4(192, 168, 4, 0), 96 + 22}, v4(192, 168, 7, 255), true},
        {"192.168.4.0/22 has not 192.168.8.0", {v4(192, 168, 4, 0), 96 + 22}, v4(192, 168, 8, 0), false},
        {"bits of the address behind the prefix play no part",
         {v4(10, 1, 2, 3), 96 + 8},
         v4(10, 9, 9, 9),
         true},
        {"an address is a network of one", {v4(10, 0, 0, 1), 128}, v4(10, 0, 0, 1), true},
        {"and of no more", {v4(10, 0, 0, 1), 128}, v4(10, 0, 0, 0), false},
        {"/127 is two", {v4(10, 0, 0, 0), 127}, v4(10, 0, 0, 1), true},
        {"::/0 has everything", {v6(0, 0), 0}, v6(0xFE, 1), true},
        {"0.0.0.0/0 has every v4 address", {v4(0, 0, 0, 0), 96}, v4(8, 8, 8, 8), true},
        {"but no v6 one", {v4(0, 0, 0, 0), 96}, v6(0xFE, 1), false},
        {"fc00::/7 has fd00::1", {v6(0xFC, 0), 7}, v6(0xFD, 1), true},
        {"fc00::/7 has not fe00::1", {v6(0xFC, 0), 7}, v6(0xFE, 1), false},
    };
    for (const auto& row : rows)
        EXPECT_EQ(row.net.contains(row.asked), row.contained) << row.shows;
}

TEST(route_settings, are_described_as_the_file_writes_them_where_they_differ)
{
    using std::chrono::minutes;
    using std::chrono::seconds;
    const route_settings of_server;
    EXPECT_EQ(describe(of_server, of_server), "");

    auto all = of_server;
    all.timeouts.upstream_response = minutes(10);
    all.timeouts.response_pause = seconds(90);
    all.timeouts.body = std::chrono::milliseconds(1500);
    all.timeouts.stream = minutes(120);
    all.timeouts.half_closed = seconds(30);
    all.body = std::uint64_t{1} << 30U;
    all.strip_authorization = true;
    EXPECT_EQ(describe(all, of_server), "timeouts: {upstream_response: 10m, response_pause: 90s, body: "
                                        "1500ms, stream: 2h, half_closed: 30s}, "
                                        "body: 1GiB, authorization: strip");
    EXPECT_EQ(describe({all.timeouts, 0, false}, all), "body: 0, authorization: forward");
}

} // namespace

} // namespace scopegate::policy
