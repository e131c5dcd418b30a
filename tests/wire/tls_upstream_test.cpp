// The API is reached by TLS: nobody else is taken for it, and what it says is whole or looks cut.
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

// An API, a relay that is its TLS, and a gate that knows it by a private authority.
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

TEST(tls_upstream, is_asked_by_both_versions_on_kept_connections)
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
        EXPECT_EQ(made[0].asked_for, "localhost");
        EXPECT_EQ(t.api.requests().at(0).value("X-Forwarded-Proto"), "http")
            << "the caller's scheme, not ours";
    }
}

TEST(tls_upstream, large_bodies_both_ways)
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

// What comes of an API that is not who it should be; the gate's log says why.
void expect_refused(const tls_api& t, const std::string& why)
{
    const auto answer = t.exchange(get("/public"));
    EXPECT_EQ(answer.status, 502U) << answer;
    EXPECT_THAT(answer.body, HasSubstr("urn:scopegate:problem:upstream-unreachable"));
    EXPECT_THAT(t.gate->wait_for_event("upstream_tls_failed")["error"], HasSubstr(why));
    EXPECT_TRUE(t.api.requests().empty()) << "it got a request";
}

TEST(tls_upstream, a_stranger_is_refused)
{
    const certificate_authority stranger("ours");
    tls_relay_settings settings;
    settings.identity = stranger.issue("DNS:localhost,IP:127.0.0.1");
    expect_refused(tls_api(settings), "unable to get local issuer certificate");
}

TEST(tls_upstream, another_host_of_the_same_authority_is_refused)
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

TEST(tls_upstream, the_name_can_be_another_than_the_urls)
{
    tls_relay_settings settings;
    const tls_api t(settings, false, {}, "127.0.0.1", ", server_name: localhost");
    EXPECT_EQ(t.exchange(get("/public")).status, 200U);
    EXPECT_EQ(t.relay->handshakes().at(0).asked_for, "localhost");
    expect_refused(tls_api(settings, false, {}, "127.0.0.1", ", server_name: api.internal"),
                   "ostname mismatch");
}

TEST(tls_upstream, an_expired_certificate_is_refused)
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

TEST(tls_upstream, shows_its_certificate_to_an_api_that_asks)
{
    const tls_api t({}, true);
    EXPECT_EQ(t.exchange(get("/public")).status, 200U);
    EXPECT_NE(t.relay->handshakes().at(0).peer_serial, "");
}

TEST(tls_upstream, an_api_that_wants_a_certificate_and_gets_none_is_out_of_reach)
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

TEST(tls_upstream, where_only_one_side_speaks_tls_the_answer_is_502)
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

TEST(tls_upstream, a_handshake_that_stalls_ends_in_time)
{
    const tls_files files;
    const auto silent = socket_handle::listen_at();
    const gate_process gate({.upstream = "https://127.0.0.1:" + std::to_string(silent.port()),
                             .upstream_more = files.upstream_yaml(),
                             .timeouts = "upstream_connect: 300ms"});
    EXPECT_EQ(raw_client(gate.address()).exchange(get("/public")).status, 502U);
    EXPECT_EQ(gate.wait_for_event("upstream_tls_failed")["error"], "no answer in time");
}

TEST(tls_upstream, an_answer_that_only_its_end_ends_is_whole_only_with_a_goodbye)
{
    for (const bool goodbye : {true, false}) {
        tls_relay_settings settings;
        settings.says_goodbye = goodbye;
        tls_api t(settings);
        t.api.on("/public/until_end", sends_then_closes("HTTP/1.1 200 OK\r\n\r\nall of it"));
        const auto answer = t.exchange(get("/public/until_end"));
        EXPECT_EQ(answer.status, 200U);
        EXPECT_EQ(answer.body, "all of it");
        EXPECT_EQ(answer.end, goodbye ? ending::complete : ending::cut)
            << "whoever can cut the connection could cut the answer";
        t.api.on("/public/sized",
                 sends_then_closes("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf of it"));
        EXPECT_EQ(t.exchange(get("/public/sized")).end, ending::cut);
        t.api.on("/public/nothing", closes_before_answer());
        EXPECT_EQ(t.exchange(get("/public/nothing")).status, 502U);
    }
}

TEST(tls_upstream, a_kept_connection_that_the_api_has_closed_is_not_used)
{
    for (const bool goodbye : {true, false}) {
        tls_relay_settings settings;
        settings.says_goodbye = goodbye;
        tls_api t(settings);
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(t.exchange(get("/public")).status, 200U);
            t.api.close_idle();
        }
    }
}

TEST(tls_upstream, an_early_answer_is_read_although_the_upload_breaks)
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

TEST(tls_upstream, tunnels_pass)
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

TEST(tls_upstream, both_sides_at_once)
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

TEST(tls_upstream, a_new_authority_is_taken_up)
{
    tls_api t;
    EXPECT_EQ(t.exchange(get("/public")).status, 200U);
    t.files.folder.write("api-ca.pem", "nobody");
    EXPECT_THAT(
        t.gate->wait_for_event("config_error")["message"],
        AllOf(HasSubstr("routes.yaml:2:"), HasSubstr("api-ca.pem\" has no certificate of an authority")));
    EXPECT_EQ(t.exchange(get("/public")).status, 200U) << "a broken file changes nothing";
    const certificate_authority successor("theirs");
    t.files.folder.write("api-ca.pem", successor.pem());
    static_cast<void>(t.gate->wait_for_event("reloaded"));
    EXPECT_EQ(t.exchange(get("/public")).status, 502U) << "what was trusted before still is";
}

TEST(tls_upstream, a_new_certificate_of_ours_is_taken_up)
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
