// A gate that speaks TLS trusts the configured certificates, and picks up new files while it runs.
#include "wire/tls_calendar.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include <openssl/ssl.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(tls_certificates, are_required_from_clients_and_verified)
{
    const tls_files files;
    const certificate_authority stranger("ours");
    const recording_upstream api;
    const auto settings = with_tls(files, {.upstream = api.url()}, true);
    const gate_process gate(settings);
    auto yaml = routes_yaml(settings);
    yaml.replace(yaml.find("requests: all"), 0, "level: debug, ");
    std::ofstream(gate.folder() + "/routes.yaml") << yaml;
    static_cast<void>(gate.wait_for_event("reloaded"));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        // Returns the beginning of the response, or nothing if the gate rejects the client.
        const auto ask = [&](const tls_identity& identity) {
            tls_client_settings with;
            with.version = version;
            with.identity = identity;
            tls_client client(gate.address(), with);
            // With TLS 1.3 the client learns of the rejection only after its own part of the handshake.
            return client.failure().empty() ? client.exchange(get("/public")).substr(0, 12) : std::string();
        };
        EXPECT_EQ(ask(files.identity()), "HTTP/1.1 200");
        EXPECT_EQ(ask({}), "");
        EXPECT_EQ(ask(stranger.issue("DNS:localhost")), "");
    }
    EXPECT_EQ(api.requests().size(), 2U);
    EXPECT_THAT(gate.wait_for_event("tls_failed")["error"], HasSubstr("certificate"));
}

// A reset must not discard the alert that states the cause, even if the client has already sent its request.
TEST(tls_certificates, explain_a_rejection_to_the_client)
{
    const tls_files files;
    const calendar c(with_tls(files, {}, true));
    tls_client_settings settings;
    settings.version = TLS1_3_VERSION;
    tls_client client(c.gate.address(), settings);
    for (int i = 0; i < 20 && client.send(std::string(16384, 'x')); ++i) {
    }
    EXPECT_EQ(client.read_to_end(), tls_client::ending::alert);
}

TEST(tls_certificates, are_replaced_while_open_connections_stay)
{
    tls_calendar t;
    auto open = t.secured();
    const auto first = open.peer_serial();
    EXPECT_THAT(open.exchange(get("/public")), StartsWith("HTTP/1.1 200"));

    const auto second = t.files.write_server_certificate();
    ASSERT_NE(second, first);
    static_cast<void>(t.c.gate.wait_for_event("reloaded"));
    EXPECT_EQ(t.secured().peer_serial(), second);
    EXPECT_THAT(open.exchange(get("/public")), StartsWith("HTTP/1.1 200")) << "the connection was dropped";

    // An unusable file changes nothing, and the log states why.
    t.files.folder.write("server.pem", "-----BEGIN CERTIFICATE-----\nbroken\n");
    static_cast<void>(t.c.gate.wait_for_event("reload_refused"));
    EXPECT_THAT(
        t.c.gate.wait_for_event("config_error")["message"],
        testing::AllOf(HasSubstr("routes.yaml:"), HasSubstr("server.pem\" contains no usable certificate")));
    EXPECT_EQ(t.secured().peer_serial(), second);
    EXPECT_THAT(open.exchange(get("/public")), StartsWith("HTTP/1.1 200"));

    const auto third = t.files.write_server_certificate();
    t.c.gate.send_signal(SIGHUP);
    const auto end = std::chrono::steady_clock::now() + test_timeout;
    while (t.secured().peer_serial() != third && std::chrono::steady_clock::now() < end) {
    }
    EXPECT_EQ(t.secured().peer_serial(), third);
}

TEST(tls_certificates, of_client_authorities_are_replaced)
{
    const tls_files files;
    const certificate_authority successor("theirs");
    const calendar c(with_tls(files, {}, true));
    const auto is_served = [&](const tls_identity& identity) {
        tls_client_settings settings;
        settings.identity = identity;
        tls_client client(c.gate.address(), settings);
        return client.failure().empty() && client.exchange(get("/public")).starts_with("HTTP/1.1 200");
    };
    const auto old_caller = files.identity();
    const auto new_caller = successor.issue("DNS:localhost");
    EXPECT_TRUE(is_served(old_caller));
    EXPECT_FALSE(is_served(new_caller));
    files.folder.write("clients.pem", "nobody");
    EXPECT_THAT(c.gate.wait_for_event("config_error")["message"], HasSubstr("clients.pem\""));
    EXPECT_TRUE(is_served(old_caller)) << "a broken file changes nothing";
    EXPECT_FALSE(is_served(new_caller));
    files.folder.write("clients.pem", successor.pem());
    static_cast<void>(c.gate.wait_for_event("reloaded"));
    EXPECT_FALSE(is_served(old_caller));
    EXPECT_TRUE(is_served(new_caller));
}

TEST(tls_certificates, are_served_with_a_warning_after_they_expire)
{
    const tls_files files;
    auto settings = with_tls(files);
    certificate_wish expired{"DNS:localhost"};
    expired.valid_from = -7200;
    expired.valid_until = -3600;
    const auto made = files.ca.issue(expired);
    files.folder.write("server.pem", made.certificate);
    files.folder.write("server.key", made.key);
    const calendar c(settings);
    EXPECT_THAT(c.gate.wait_for_event("config_warning")["message"], HasSubstr("server.pem\" has expired"));
    EXPECT_EQ(tls_client(c.gate.address()).failure(), "");
}

} // namespace
} // namespace scopegate::test
