// Durations, sizes, counts and addresses in the section `server:`.
#include "yaml.hpp"

#include "support/policy_from_yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::config {
namespace {

using namespace test;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<const policy::policy> server(const std::string& body)
{
    return policy_from_yaml(upstream + routes + "server: {" + body + "}\n");
}

TEST(values, include_durations)
{
    struct row {
        const char* text;
        long long ms;
    };
    const row rows[] = {{"500ms", 500},  {"10s", 10'000},
                        {"5m", 300'000}, {"1h", 3'600'000},
                        {"0", 0},        {"0s", 0},
                        {"00", 0},       {"\"10s\"", 10'000},
                        {"007s", 7'000}, {"8760h", 8760LL * 3'600'000}};
    for (const auto& r : rows)
        EXPECT_EQ(server("timeouts: {drain: " + std::string(r.text) + "}")->server.timeouts.drain,
                  milliseconds(r.ms))
            << r.text;
    for (const char* text :
         {"8761h", "18446744073709551615h", "18446744073709551616ms", "31536000001ms", "1.5s", "-1s", "+1s",
          "1 s", "s", "1s ", "1S", "1d", "1us", "0x10s", "10", "1e3ms", "ms", "\"\""})
        EXPECT_EQ(errors(upstream + routes + "server: {timeouts: {drain: \"" + text + "\"}}").size(), 1U)
            << text;
}

TEST(values, include_sizes)
{
    struct row {
        const char* text;
        std::uint64_t bytes;
    };
    const row rows[] = {{"512B", 512},       {"64KiB", 65536}, {"10MiB", 10485760},
                        {"1GiB", 1U << 30U}, {"0", 0},         {"0KiB", 0}};
    for (const auto& r : rows)
        EXPECT_EQ(server("limits: {body: " + std::string(r.text) + "}")->server.limits.body, r.bytes)
            << r.text;
    for (const char* text :
         {"64", "64K", "64KB", "64kib", "1.5MiB", "-1B", "1TiB", "17179869184GiB", "18446744073709551615GiB"})
        EXPECT_EQ(errors(upstream + routes + "server: {limits: {body: " + std::string(text) + "}}").size(),
                  1U)
            << text;
}

TEST(values, include_counts)
{
    const auto s = server("workers: 256, limits: {headers: 1KiB, header_count: 0, connections: 1, "
                          "connections_per_client: 2, connection_requests: 3, connection_age: 4s}");
    EXPECT_EQ(s->server.workers, 256U);
    EXPECT_EQ(s->server.limits.headers, 1024U);
    EXPECT_EQ(s->server.limits.header_count, 0U);
    EXPECT_EQ(s->server.limits.connections, 1U);
    EXPECT_EQ(s->server.limits.connections_per_client, 2U);
    EXPECT_EQ(s->server.limits.connection_requests, 3U);
    EXPECT_EQ(s->server.limits.connection_age, std::chrono::seconds(4));
    EXPECT_EQ(server("workers: auto")->server.limits.connections_per_client, 0U);
    EXPECT_EQ(server("workers: auto")->server.limits.connection_requests, 0U);
    EXPECT_EQ(server("workers: auto")->server.limits.connection_age, std::chrono::seconds(0));
    EXPECT_EQ(server("workers: auto")->server.workers, 0U);
}

TEST(values, include_access_to_unix_sockets)
{
    const auto s = server("listen: [{address: unix:/run/a.sock, mode: 0666}, {address: unix:/run/b.sock, "
                          "mode: \"0600\", group: www-data}, {address: unix:/run/c.sock}, unix:/run/d.sock, "
                          "{address: \"0.0.0.0:1\"}], admin: {address: unix:/run/e.sock, mode: 0000}, "
                          "health: {address: unix:/run/f.sock, group: 10}")
                       ->server;
    using access = policy::socket_access;
    ASSERT_EQ(s.listen.size(), 5U);
    EXPECT_EQ(s.listen[0].unix_path, "/run/a.sock");
    EXPECT_EQ(s.listen[0].access, (access{0666, ""}));
    EXPECT_EQ(s.listen[1].access, (access{0600, "www-data"}));
    EXPECT_EQ(s.listen[2], (policy::endpoint{{}, 0, "/run/c.sock"})) << "0660 by default";
    EXPECT_EQ(s.listen[3].access, access());
    EXPECT_EQ(s.listen[4], (policy::endpoint{"0.0.0.0", 1, {}}));
    EXPECT_EQ(s.admin->access, (access{0, ""}));
    EXPECT_EQ(s.health->access, (access{0660, "10"}));
}

TEST(values, include_headers_for_client_certificates)
{
    using form = policy::client_cert_header::form;
    const struct {
        const char* text;
        form how;
        const char* name;
    } rows[] = {
        {"rfc9440", form::rfc9440, "Client-Cert"},
        {"xfcc", form::xfcc, "X-Forwarded-Client-Cert"},
        {"pem-percent", form::pem_percent, "SSL-Client-Cert"},
        {"base64", form::base64, "X-Forwarded-Tls-Client-Cert"},
        {"{form: base64}", form::base64, "X-Forwarded-Tls-Client-Cert"},
        {"{form: pem-percent, header: X-Amzn-Mtls-Clientcert-Leaf}", form::pem_percent,
         "X-Amzn-Mtls-Clientcert-Leaf"},
        {"{header: X-My-Cert, form: rfc9440}", form::rfc9440, "X-My-Cert"},
        {"{form: xfcc, header: Client-Cert}", form::xfcc, "Client-Cert"},
        {"{form: xfcc, header: X-Forwarded-Cert}", form::xfcc, "X-Forwarded-Cert"},
    };
    for (const auto& row : rows) {
        const auto p = server("trusted_proxies: [10.0.0.1], client_cert: " + std::string(row.text));
        EXPECT_EQ(p->server.client_cert.how, row.how) << row.text;
        EXPECT_EQ(p->server.client_cert.name, row.name) << row.text;
        EXPECT_TRUE(p->server.client_cert.alone) << row.text;
    }
    EXPECT_FALSE(server("workers: 1")->server.client_cert.alone);
    for (const char* name : {"Authorization", "Host", "Cookie", "DPoP", "Forwarded", "X-Forwarded-For",
                             "X-Real-IP", "Connection", "Content-Length", "X-Original-URL", "X-Auth-Subject",
                             "x-auth-client", "X_Cert", "Client_Cert", "X Cert", "X-Cert:", "\"\""})
        EXPECT_EQ(errors(upstream + routes +
                         "server: {trusted_proxies: [10.0.0.1], client_cert: {form: xfcc, header: " + name +
                         "}}")
                      .size(),
                  1U)
            << name;
}

TEST(values, include_memory_limits)
{
    using kind = policy::memory_limit::kind;
    const auto limit = [](const std::string& text) {
        return server("limits: {memory: " + text + "}")->server.limits.memory;
    };
    EXPECT_EQ(server("workers: auto")->server.limits.memory.how, kind::automatic);
    EXPECT_EQ(limit("auto").how, kind::automatic);
    EXPECT_EQ(limit("none").how, kind::none);
    EXPECT_EQ(limit("512MiB").how, kind::bytes);
    EXPECT_EQ(limit("512MiB").bytes, 512U * 1024 * 1024);
    for (const char* text : {"0", "15MiB", "512", "75%", "all", "[64MiB]"})
        EXPECT_EQ(errors(upstream + routes + "server: {limits: {memory: " + std::string(text) + "}}").size(),
                  1U)
            << text;
}

TEST(values, include_a_key_for_each_timeout)
{
    const auto t =
        server("timeouts: {headers: 1s, idle: 2s, body: 3s, stream: 4s, upstream_connect: 5s, "
               "upstream_response: 6s, drain_delay: 7s, drain: 8s, response_pause: 9s, half_closed: 10s, "
               "linger: 11s, linger_read: 12s}")
            ->server.timeouts;
    const auto in_order = {t.headers,
                           t.idle,
                           t.body,
                           t.stream,
                           t.upstream_connect,
                           t.upstream_response,
                           t.drain_delay,
                           t.drain,
                           *t.response_pause,
                           *t.half_closed,
                           t.linger,
                           t.linger_read};
    for (int seconds = 1; const auto one : in_order)
        EXPECT_EQ(one, milliseconds(1000 * seconds++));
}

TEST(values, let_a_response_pause_as_long_as_it_may_take_to_begin)
{
    EXPECT_EQ(server("timeouts: {upstream_response: 6s}")->server.timeouts.longest_pause(),
              milliseconds(6000));
    EXPECT_EQ(server("timeouts: {response_pause: 60s}")->server.timeouts.longest_pause(),
              milliseconds(60'000));
    for (const std::string text : {"response_pause: 59s", "upstream_response: 6s, response_pause: 5s"})
        EXPECT_EQ(errors(upstream + routes + "server: {timeouts: {" + text + "}}").size(), 1U) << text;
}

TEST(values, have_defaults_for_production)
{
    const auto p = policy_from_yaml(upstream + routes);
    EXPECT_EQ(p->server.listen.front().host, "0.0.0.0");
    EXPECT_EQ(p->server.listen.front().port, 8080);
    EXPECT_EQ(p->server.admin->port, 9901);
    EXPECT_FALSE(p->server.health);
    EXPECT_EQ(p->server.timeouts.drain_delay, milliseconds(5000));
    EXPECT_EQ(p->server.timeouts.idle, milliseconds(75'000)) << "longer than the 60 s of common balancers";
    EXPECT_EQ(p->server.timeouts.longest_pause(), p->server.timeouts.upstream_response);
    EXPECT_FALSE(p->server.timeouts.half_closed);
    EXPECT_EQ(p->server.limits.lingering, 1000U);
    EXPECT_EQ(p->log.which, policy::log_settings::requests::denied);
    EXPECT_FALSE(p->observe || p->unlisted_authenticated || p->paths.case_exact || p->scope_cap.active());
    EXPECT_EQ(p->upstream.headers.size(), 3U);
}

TEST(values, include_addresses)
{
    const auto p =
        server("listen: [\"127.0.0.1:0\", \"[::]:80\", unix:/run/x.sock], admin: off, health: 0.0.0.0:9902");
    ASSERT_EQ(p->server.listen.size(), 3U);
    EXPECT_EQ(p->server.listen[0].port, 0);
    EXPECT_EQ(p->server.listen[1].host, "::");
    EXPECT_EQ(p->server.listen[1].port, 80);
    EXPECT_EQ(p->server.listen[2].unix_path, "/run/x.sock");
    EXPECT_FALSE(p->server.admin);
    EXPECT_EQ(p->server.health->port, 9902);
    EXPECT_THAT(server("listen: 127.0.0.1:0, admin: 127.0.0.1:0, health: off")->server.listen.size(), 1U)
        << "port 0 stands for a new port each time";
}

std::array<std::uint8_t, 16> v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d)
{
    return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d};
}

TEST(values, include_networks)
{
    const auto p = server("trusted_proxies: [10.0.0.0/8, 192.168.1.7, \"fd00::/8\", \"::1\", 172.16.0.0/12, "
                          "\"::ffff:10.0.0.0/104\"]");
    const auto& n = p->server.trusted_proxies;
    ASSERT_EQ(n.size(), 6U);
    EXPECT_TRUE(n[0].contains(v4(10, 255, 0, 1)));
    EXPECT_FALSE(n[0].contains(v4(11, 0, 0, 0)));
    EXPECT_TRUE(n[1].contains(v4(192, 168, 1, 7)));
    EXPECT_FALSE(n[1].contains(v4(192, 168, 1, 6)));
    EXPECT_TRUE(n[2].contains({0xFD, 1}));
    EXPECT_FALSE(n[2].contains({0xFC, 1}));
    EXPECT_EQ(n[3].prefix, 128U);
    EXPECT_TRUE(n[4].contains(v4(172, 31, 0, 1)));
    EXPECT_FALSE(n[4].contains(v4(172, 32, 0, 1)));
    EXPECT_TRUE(n[5].contains(v4(10, 1, 2, 3))) << "the same block written as IPv6";
}

TEST(values, warn_about_a_network_of_all_addresses)
{
    EXPECT_THAT(
        warnings(upstream + routes + "server: {trusted_proxies: [0.0.0.0/0, \"::/0\", 10.0.0.0/8]}"),
        ElementsAre("3:28: \"0.0.0.0/0\" trusts every client: each can claim another client's address",
                    "3:39: \"::/0\" trusts every client: each can claim another client's address"));
}

} // namespace
} // namespace scopegate::config
