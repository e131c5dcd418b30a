// The gate reaches the API over TLS. It accepts no other server in its place, and a response is either whole
// or visibly truncated.
#include "support/calendar.hpp"
#include "support/tls_files.hpp"
#include "support/tls_relay.hpp"

#include <gmock/gmock.h>

#include <openssl/ssl.h>

namespace scopegate::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

// An API, a relay that adds TLS to it, and a gate that trusts a private authority for it.
class tls_api final {
public:
    explicit tls_api(tls_relay_settings settings = {}, bool mutual = false, gate_settings gate_has = {},
                     const std::string& host = "127.0.0.1", const std::string& tls_more = {})
    {
        settings.server = true;
        if (settings.identity.certificate.empty())
            settings.identity = files.identity();
        if (mutual)
            settings.ca = files.ca.pem();
        relay = std::make_unique<tls_relay>(api.authority(), settings);
        const auto port = relay->address().substr(relay->address().find(':'));
        gate_has.upstream = "https://" + host + port;
        auto tls = files.upstream_yaml(mutual);
        tls.insert(tls.size() - 1, tls_more);
        gate_has.upstream_more = tls;
        gate = std::make_unique<gate_process>(gate_has);
    }
    [[nodiscard]] raw_client connect() const { return raw_client(gate->address()); }
    response exchange(std::string_view request) const { return connect().exchange(request); }

    tls_files files;
    recording_upstream api;
    std::unique_ptr<tls_relay> relay;
    std::unique_ptr<gate_process> gate;
};

TEST(tls_upstream, works_with_both_versions_and_keeps_connections)
{
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_relay_settings settings;
        settings.version = version;
        settings.protocols = {"http/1.1"};
        const tls_api t(settings, false, {}, "localhost");
        auto client = t.connect();
        for (int i = 0; i < 5; ++i)
            EXPECT_EQ(client.exchange(get("/appointments", calendar_token("read:appointments"))).status,
                      200U);
        const auto made = t.relay->handshakes();
        ASSERT_EQ(made.size(), 1U) << "connections are not kept";
        EXPECT_EQ(made[0].version, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
        EXPECT_EQ(made[0].protocol, "http/1.1");
        EXPECT_EQ(made[0].requested_name, "localhost");
        EXPECT_EQ(t.api.requests().at(0).value("X-Forwarded-Proto"), "http")
            << "the client's scheme, not the gate's";
    }
}

TEST(tls_upstream, carries_large_bodies_both_ways)
{
    tls_api t;
    const std::string body(5 * 1024 * 1024 + 7, 'b');
    t.api.answer("/public/large", ok(body));
    t.api.answer("/public/chunked",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(body, 50000));
    auto client = t.connect();
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(
            json_member(client.exchange(request_text("POST", "/public", {}, {}, body)).body, "body_bytes"),
            std::to_string(body.size()));
        EXPECT_TRUE(client.exchange(get("/public/large")).body == body);
        EXPECT_TRUE(client.exchange(get("/public/chunked")).body == body);
    }
}

// Expects that an API without the right identity gets no request, and that the gate's log states the cause.
void expect_refused(const tls_api& t, const std::string& why)
{
    const auto answer = t.exchange(get("/public"));
    EXPECT_EQ(answer.status, 502U) << answer;
    EXPECT_THAT(answer.body, HasSubstr("urn:scopegate:problem:upstream-unreachable"));
    EXPECT_THAT(t.gate->wait_for_event("upstream_tls_failed")["error"], HasSubstr(why));
    EXPECT_TRUE(t.api.requests().empty()) << "the API got a request";
}

TEST(tls_upstream, is_refused_when_its_authority_is_unknown)
{
    const certificate_authority stranger("ours");
    tls_relay_settings settings;
    settings.identity = stranger.issue("DNS:localhost,IP:127.0.0.1");
    expect_refused(tls_api(settings), "unable to get local issuer certificate");
}

TEST(tls_upstream, is_refused_when_its_certificate_names_another_host)
{
    for (const auto* names : {"DNS:other.internal", "DNS:127.0.0.1", "IP:127.0.0.2", ""}) {
        const tls_files files;
        tls_relay_settings settings;
        certificate_wish wish{names};
        wish.common_name = "127.0.0.1";
        recording_upstream api;
        settings.server = true;
        settings.identity = files.ca.issue(wish);
        const tls_relay relay(api.authority(), settings);
        const gate_process gate(
            {.upstream = "https://" + relay.address(), .upstream_more = files.upstream_yaml()});
        EXPECT_EQ(raw_client(gate.address()).exchange(get("/public")).status, 502U) << names;
        EXPECT_THAT(gate.wait_for_event("upstream_tls_failed")["error"], HasSubstr("IP address mismatch"));
        EXPECT_TRUE(api.requests().empty());
    }
}

TEST(tls_upstream, can_have_another_name_than_its_url)
{
    tls_relay_settings settings;
    const tls_api t(settings, false, {}, "127.0.0.1", ", server_name: localhost");
    EXPECT_EQ(t.exchange(get("/public")).status, 200U);
    EXPECT_EQ(t.relay->handshakes().at(0).requested_name, "localhost");
    expect_refused(tls_api(settings, false, {}, "127.0.0.1", ", server_name: api.internal"),
                   "ostname mismatch");
}

TEST(tls_upstream, is_refused_when_its_certificate_has_expired)
{
    tls_files files;
    certificate_wish expired{"IP:127.0.0.1"};
    expired.valid_from = -7200;
    expired.valid_until = -3600;
    recording_upstream api;
    tls_relay_settings settings;
    settings.server = true;
    settings.identity = files.ca.issue(expired);
    const tls_relay relay(api.authority(), settings);
    const gate_process gate(
        {.upstream = "https://" + relay.address(), .upstream_more = files.upstream_yaml()});
    EXPECT_EQ(raw_client(gate.address()).exchange(get("/public")).status, 502U);
    EXPECT_THAT(gate.wait_for_event("upstream_tls_failed")["error"], HasSubstr("expired"));
}

TEST(tls_upstream, gets_our_certificate_when_it_asks)
{
    const tls_api t({}, true);
    EXPECT_EQ(t.exchange(get("/public")).status, 200U);
    EXPECT_NE(t.relay->handshakes().at(0).peer_serial, "");
}

TEST(tls_upstream, is_unreachable_when_it_requires_a_certificate_that_we_lack)
{
    tls_files files;
    recording_upstream api;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_relay_settings settings;
        settings.server = true;
        settings.version = version;
        settings.identity = files.identity();
        settings.ca = files.ca.pem();
        const tls_relay relay(api.authority(), settings);
        const gate_process gate(
            {.upstream = "https://" + relay.address(), .upstream_more = files.upstream_yaml()});
        EXPECT_EQ(raw_client(gate.address()).exchange(get("/public")).status, 502U) << version;
        EXPECT_THAT(gate.wait_for_event("upstream_tls_failed")["error"], HasSubstr("alert")) << version;
    }
    EXPECT_TRUE(api.requests().empty());
}

TEST(tls_upstream, causes_502_when_only_one_side_speaks_tls)
{
    const tls_files files;
    const recording_upstream plain;
    const gate_process secured(
        {.upstream = "https://" + plain.authority(), .upstream_more = files.upstream_yaml()});
    EXPECT_EQ(raw_client(secured.address()).exchange(get("/public")).status, 502U);

    tls_relay_settings settings;
    settings.server = true;
    settings.identity = files.identity();
    const tls_relay relay(plain.authority(), settings);
    const gate_process unsecured({.upstream = "http://" + relay.address()});
    EXPECT_EQ(raw_client(unsecured.address()).exchange(get("/public")).status, 502U);
    EXPECT_TRUE(plain.requests().empty());
}

TEST(tls_upstream, times_out_when_its_handshake_stalls)
{
    const tls_files files;
    const auto silent = socket_handle::listen_at();
    const gate_process gate({.upstream = "https://127.0.0.1:" + std::to_string(silent.port()),
                             .upstream_more = files.upstream_yaml(),
                             .timeouts = "upstream_connect: 300ms"});
    EXPECT_EQ(raw_client(gate.address()).exchange(get("/public")).status, 502U);
    EXPECT_EQ(gate.wait_for_event("upstream_tls_failed")["error"], "timed out");
}

TEST(tls_upstream, must_end_a_close_delimited_response_with_close_notify)
{
    for (const bool close_notify : {true, false}) {
        tls_relay_settings settings;
        settings.sends_close_notify = close_notify;
        tls_api t(settings);
        t.api.on("/public/until_end", sends_then_closes("HTTP/1.1 200 OK\r\n\r\nall of it"));
        const auto answer = t.exchange(get("/public/until_end"));
        EXPECT_EQ(answer.status, 200U);
        EXPECT_EQ(answer.body, "all of it");
        EXPECT_EQ(answer.end, close_notify ? ending::complete : ending::cut)
            << "an attacker who cuts the connection could truncate the response";
        t.api.on("/public/sized",
                 sends_then_closes("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf of it"));
        EXPECT_EQ(t.exchange(get("/public/sized")).end, ending::cut);
        t.api.on("/public/nothing", closes_before_answer());
        EXPECT_EQ(t.exchange(get("/public/nothing")).status, 502U);
    }
}

TEST(tls_upstream, is_not_used_on_a_kept_connection_that_it_has_closed)
{
    for (const bool close_notify : {true, false}) {
        tls_relay_settings settings;
        settings.sends_close_notify = close_notify;
        tls_api t(settings);
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(t.exchange(get("/public")).status, 200U);
            t.api.close_idle();
        }
    }
}

TEST(tls_upstream, can_respond_early_although_the_upload_breaks)
{
    tls_api t;
    t.api.on("/public/early", [](upstream_exchange& x) {
        x.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        x.close();
    });
    auto client = t.connect();
    client.send(request_text("POST", "/public/early", {}, "Content-Length: 100000000\r\n"));
    client.send(std::string(100000, 'x'));
    EXPECT_EQ(client.read("POST").status, 413U);
}

TEST(tls_upstream, passes_tunnels)
{
    tls_api t;
    const std::string large(200000, 'w');
    t.api.on("/any", [&](upstream_exchange& x) {
        x.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x82\x05"
               "first");
        x.send(x.receive(large.size()));
        x.wait_for_close();
    });
    auto client = t.connect();
    client.send(get("/any", calendar_token({}),
                    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    EXPECT_EQ(client.read().status, 101U);
    EXPECT_EQ(client.read_bytes(7), "\x82\x05"
                                    "first");
    client.send(large);
    EXPECT_TRUE(client.read_bytes(large.size()) == large);
    client.half_close();
    t.api.wait_for_closed(1);
}

TEST(tls_upstream, works_with_tls_on_both_sides)
{
    tls_files callers;
    tls_api t({}, false, {.server = callers.server_yaml()});
    tls_relay_settings settings;
    settings.ca = callers.ca.pem();
    const tls_relay front(t.gate->address(), settings);
    const std::string body(3 * 1024 * 1024, 'b');
    t.api.answer("/public/large", ok(body));
    raw_client client(front.address());
    EXPECT_EQ(json_member(client.exchange(request_text("POST", "/public", {}, {}, body)).body, "body_bytes"),
              std::to_string(body.size()));
    EXPECT_TRUE(client.exchange(get("/public/large")).body == body);
    EXPECT_EQ(t.api.requests().at(0).value("X-Forwarded-Proto"), "https");
}

TEST(tls_upstream, is_verified_with_a_new_authority_after_a_reload)
{
    tls_api t;
    EXPECT_EQ(t.exchange(get("/public")).status, 200U);
    t.files.folder.write("api-ca.pem", "nobody");
    EXPECT_THAT(t.gate->wait_for_event("config_error")["message"],
                AllOf(HasSubstr("routes.yaml:2:"),
                      HasSubstr("api-ca.pem\" contains no certificate of an authority")));
    EXPECT_EQ(t.exchange(get("/public")).status, 200U) << "a broken file changes nothing";
    const certificate_authority successor("theirs");
    t.files.folder.write("api-ca.pem", successor.pem());
    static_cast<void>(t.gate->wait_for_event("reloaded"));
    EXPECT_EQ(t.exchange(get("/public")).status, 502U) << "the previous authority is still trusted";
}

TEST(tls_upstream, gets_our_new_certificate_after_a_reload)
{
    tls_api t({}, true);
    EXPECT_EQ(t.exchange(get("/public")).status, 200U);
    const auto made = t.files.identity();
    t.files.folder.write("gate.key", made.key);
    t.files.folder.write("gate.pem", made.certificate);
    static_cast<void>(t.gate->wait_for_event("reloaded"));
    EXPECT_EQ(t.exchange(get("/public")).status, 200U);
    EXPECT_EQ(t.relay->wait_for_handshakes(2).back().peer_serial, serial_of(made.certificate));
}

} // namespace
} // namespace scopegate::test
