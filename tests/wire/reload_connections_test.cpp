// A reload that changes which connections are accepted affects the open ones. A reload that permits less
// affects tunnels and event streams.
#include "support/introspection_endpoint.hpp"
#include "wire/tls_calendar.hpp"
#include "wire/websocket_texts.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view policy_violation = "\x03\xF0";

// Puts other settings in force, and waits until they are. A second reload of a gate needs another number of
// routes. The number distinguishes it from the first reload, which the gate may have noticed twice.
void reload(const gate_process& gate, const gate_settings& settings, std::string_view routes = {})
{
    gate.write_routes(settings);
    gate.send_signal(SIGHUP);
    static_cast<void>(gate.wait_for_event(
        "reloaded", [&](const log_line& line) { return routes.empty() || line["routes"] == routes; }));
}

std::string ask(tls_client& client)
{
    return client.exchange(get("/public")).substr(0, 12);
}

tls_client secured(const gate_process& gate, const tls_identity& identity = {})
{
    tls_client_settings settings;
    settings.identity = identity;
    return tls_client(gate.address(), settings);
}

TEST(reload_connections, closes_connections_made_without_the_certificate_that_is_now_required)
{
    const tls_files files;
    const recording_upstream api;
    auto settings = with_tls(files, {.upstream = api.url()});
    const gate_process gate(settings);
    auto open = secured(gate);
    EXPECT_EQ(ask(open), "HTTP/1.1 200");

    settings.server = files.server_yaml(true);
    reload(gate, settings);
    EXPECT_EQ(open.read_to_end(), tls_client::ending::close_notify);
    auto allowed = secured(gate, files.identity());
    EXPECT_EQ(ask(allowed), "HTTP/1.1 200");
    EXPECT_EQ(api.requests().size(), 2U);
}

TEST(reload_connections, closes_connections_when_the_content_of_client_ca_changes)
{
    const tls_files files;
    const certificate_authority successor("theirs");
    const calendar c(with_tls(files, {}, true));
    auto open = secured(c.gate, files.identity());
    EXPECT_EQ(ask(open), "HTTP/1.1 200");

    // The same authorities in other bytes change nothing.
    files.folder.write("clients.pem", "a comment\n" + files.ca.pem() + files.ca.pem());
    static_cast<void>(c.gate.wait_for_event("reloaded"));
    EXPECT_EQ(ask(open), "HTTP/1.1 200");

    files.folder.write("clients.pem", successor.pem());
    EXPECT_EQ(open.read_to_end(), tls_client::ending::close_notify);
    auto allowed = secured(c.gate, successor.issue("DNS:localhost"));
    EXPECT_EQ(ask(allowed), "HTTP/1.1 200");
}

TEST(reload_connections, finishes_a_request_in_progress_and_closes_before_the_next)
{
    const tls_files files;
    recording_upstream api;
    api.on("/public", [](upstream_exchange& x) {
        x.wait_for_release();
        x.send(ok("late"));
    });
    auto settings = with_tls(files, {.upstream = api.url()});
    const gate_process gate(settings);
    auto open = secured(gate);
    ASSERT_TRUE(open.send(get("/public") + get("/public/next")));
    api.wait_for_heads(1);
    settings.server = files.server_yaml(true);
    reload(gate, settings);
    api.release();
    std::string answers;
    EXPECT_EQ(open.read_to_end(&answers), tls_client::ending::close_notify);
    EXPECT_THAT(answers, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(answers, testing::EndsWith("late"));
    EXPECT_EQ(api.requests().size(), 1U) << "the next request was served";
}

TEST(reload_connections, closes_connections_when_proxy_protocol_changes)
{
    const recording_upstream api;
    gate_settings settings{.upstream = api.url(), .server = "trusted_proxies: [127.0.0.1]"};
    const gate_process gate(settings);
    raw_client open(gate.address());
    EXPECT_EQ(open.exchange(get("/public")).status, 200U);
    settings.server = "trusted_proxies: [127.0.0.1], proxy_protocol: true";
    reload(gate, settings);
    EXPECT_TRUE(open.is_closed_clean());
    raw_client proxied(gate.address());
    const std::string header = "PROXY TCP4 198.51.100.1 192.0.2.200 40000 8080\r\n";
    EXPECT_EQ(proxied.exchange(header + get("/public")).status, 200U);

    // The balancer is no longer trusted, so its header does not count any more either.
    settings.server = "trusted_proxies: [203.0.113.9], proxy_protocol: true";
    settings.routes = "routes: {/public: {ANY: public}}";
    reload(gate, settings, "1");
    EXPECT_TRUE(proxied.is_closed_clean());
}

TEST(reload_connections, judges_trusted_proxies_with_each_request)
{
    const recording_upstream api;
    gate_settings settings{.upstream = api.url(), .server = "trusted_proxies: [127.0.0.1]"};
    const gate_process gate(settings);
    raw_client open(gate.address());
    const auto request = get("/public", {}, "X-Forwarded-For: 198.51.100.1\r\n");
    EXPECT_EQ(open.exchange(request).status, 200U);
    settings.server = "trusted_proxies: [203.0.113.9]";
    reload(gate, settings);
    EXPECT_EQ(open.exchange(request).status, 200U) << "the connection was closed";
    settings.server = "trusted_proxies: [127.0.0.1]";
    settings.routes = "routes: {/public: {ANY: public}}";
    reload(gate, settings, "1");
    EXPECT_EQ(open.exchange(request).status, 200U);
    const auto seen = api.requests();
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].value("X-Forwarded-For"), "198.51.100.1, 127.0.0.1");
    EXPECT_EQ(seen[1].value("X-Forwarded-For"), "127.0.0.1");
    EXPECT_EQ(seen[2].value("X-Forwarded-For"), "198.51.100.1, 127.0.0.1");
}

TEST(reload_connections, keeps_connections_when_other_settings_change)
{
    const tls_files files;
    const recording_upstream api;
    auto settings = with_tls(files, {.upstream = api.url()}, true);
    const gate_process gate(settings);
    auto open = secured(gate, files.identity());
    EXPECT_EQ(ask(open), "HTTP/1.1 200");
    files.write_server_certificate();
    settings.timeouts = "idle: 50s";
    reload(gate, settings);
    EXPECT_EQ(ask(open), "HTTP/1.1 200");
}

// A tunnel or stream on a route, and whether a reload with this change ends it.
struct change {
    std::string sentence;
    std::string path;
    std::string token;  // empty for a public route
    std::string routes; // of the reloaded file
    std::string more;   // also of the reloaded file
    std::string reason; // in the log; empty if the tunnel stays open
};

const std::string scopes = "scopes: {read:appointments: See, write:appointments: Write}\n";

std::vector<change> changes()
{
    const auto reader = calendar_token("read:appointments");
    return {
        {"nothing that counts", "/appointments", reader, std::string(calendar_routes),
         "unlisted: authenticated", ""},
        {"another route goes", "/appointments", reader,
         scopes + "routes: {/appointments: {GET: read:appointments}}", "", ""},
        {"the route goes", "/appointments", reader, scopes + "routes: {/public: {GET: public}}", "",
         "no-route"},
        {"the method goes", "/appointments", reader,
         scopes + "routes: {/appointments: {POST: write:appointments}}", "", "wrong-method"},
        {"another scope is needed", "/appointments", reader,
         scopes + "routes: {/appointments: {GET: write:appointments}}", "", "insufficient-scope"},
        {"the scope is implied now", "/appointments", reader,
         "scopes: {read:appointments: {description: See, implies: [write:appointments]}, write:appointments: "
         "Write}\n"
         "routes: {/appointments: {GET: write:appointments}}",
         "", ""},
        {"what was public needs a token", "/public", "", scopes + "routes: {/public: {GET: authenticated}}",
         "", "no-token"},
        {"what needed a token is public", "/any", reader, scopes + "routes: {/any: {GET: public}}", "", ""},
        {"a condition of a claim that was not looked at fails", "/appointments", reader,
         scopes + "routes: {/appointments: {GET: {scopes: read:appointments, acr: [strong]}}}", "",
         "login-too-weak"},
        {"what is refused is observed only", "/appointments", reader,
         scopes + "routes: {/appointments: {GET: write:appointments}}", "mode: observe", ""},
    };
}

gate_settings changed(gate_settings settings, const change& to)
{
    settings.routes = to.routes;
    settings.more = to.more;
    return settings;
}

TEST(reload_connections, ends_tunnels_that_the_new_policy_would_refuse)
{
    for (const auto& row : changes()) {
        recording_upstream api;
        api.on(row.path, [](upstream_exchange& x) {
            x.send(websocket_response);
            x.send(x.receive(4) == "ping" ? "pong" : "");
            x.wait_for_close();
        });
        const gate_settings settings{.upstream = api.url()};
        const gate_process gate(settings);
        raw_client client(gate.address());
        client.send(get(row.path, row.token, websocket_request));
        ASSERT_EQ(client.read().status, 101U) << row.sentence;
        reload(gate, changed(settings, row));
        if (row.reason.empty()) {
            client.send("ping");
            EXPECT_EQ(client.read_bytes(4), "pong") << row.sentence;
            continue;
        }
        const auto last = client.read_to_end();
        EXPECT_EQ(last.end, ending::cut) << row.sentence;
        EXPECT_THAT(last.bytes, HasSubstr(std::string(policy_violation) + "the policy has changed"))
            << row.sentence;
        api.wait_for_closed(1);
        const auto line =
            gate.wait_for_event("request", [](const log_line& l) { return l["status"] == "101"; });
        EXPECT_EQ(line["reason"], row.reason) << row.sentence << ": " << line.text;
    }
}

TEST(reload_connections, ends_event_streams_that_the_new_policy_would_refuse)
{
    for (const auto& row : changes()) {
        recording_upstream api;
        api.on(row.path, [ends = !row.reason.empty()](upstream_exchange& x) {
            x.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
            if (ends) {
                x.wait_for_close();
                return;
            }
            x.wait_for_release();
            x.send("data: 2\n\n");
            x.close();
        });
        const gate_settings settings{.upstream = api.url()};
        const gate_process gate(settings);
        raw_client client(gate.address());
        client.send(get(row.path, row.token, "Connection: close\r\n"));
        EXPECT_THAT(client.read_bytes(20), StartsWith("HTTP/1.1 200 OK")) << row.sentence;
        reload(gate, changed(settings, row));
        if (row.reason.empty()) {
            api.release();
            EXPECT_THAT(client.read_to_end().bytes, HasSubstr("data: 2")) << row.sentence;
            continue;
        }
        const auto last = client.read_to_end();
        EXPECT_EQ(last.end, ending::cut) << row.sentence;
        EXPECT_THAT(last.bytes, testing::Not(HasSubstr("data: 2"))) << row.sentence;
        api.wait_for_closed(1);
        const auto line =
            gate.wait_for_event("request", [&](const log_line& l) { return l["reason"] == row.reason; });
        EXPECT_EQ(line["status"], "200") << row.sentence << ": " << line.text;
    }
}

TEST(reload_connections, ends_a_tunnel_that_opens_under_the_previous_policy)
{
    recording_upstream api;
    api.on("/any", [](upstream_exchange& x) {
        x.wait_for_release();
        x.send(websocket_response);
        x.wait_for_close();
    });
    gate_settings settings{.upstream = api.url()};
    const gate_process gate(settings);
    raw_client client(gate.address());
    client.send(get("/any", calendar_token({}), websocket_request));
    api.wait_for_heads(1);
    settings.routes = "routes: {/public: {GET: public}}";
    reload(gate, settings);
    api.release();
    ASSERT_EQ(client.read().status, 101U);
    EXPECT_THAT(client.read_to_end().bytes, HasSubstr("the policy has changed"));
}

TEST(reload_connections, ends_a_tunnel_whose_issuer_is_removed)
{
    recording_upstream api;
    api.on("/any", [](upstream_exchange& x) {
        x.send(websocket_response);
        x.wait_for_close();
    });
    const gate_settings settings{.upstream = api.url()};
    const gate_process gate(settings);
    raw_client client(gate.address());
    client.send(get("/any", calendar_token({}), websocket_request));
    ASSERT_EQ(client.read().status, 101U);
    auto other = settings;
    other.issuer = "audience_claim: client_id"; // the token's audience is no longer ours
    reload(gate, other);
    EXPECT_THAT(client.read_to_end().bytes, HasSubstr("the policy has changed"));
}

// An opaque token carries no claims, so the gate asks the endpoint again.
TEST(reload_connections, judges_tunnels_of_opaque_tokens_by_a_new_introspection)
{
    constexpr std::string_view reader = R"({"active":true,"scope":"read:appointments","sub":"ada"})";
    const auto other_scope = scopes + "routes: {/appointments: {GET: write:appointments}}";
    struct {
        std::string sentence, routes, answer;
        introspection_endpoint::mood mood;
        std::string reason; // empty if the tunnel stays open
    } const rows[] = {
        {"it says the same", std::string(calendar_routes), std::string(reader),
         introspection_endpoint::mood::serving, ""},
        {"another scope is needed", other_scope, std::string(reader), introspection_endpoint::mood::serving,
         "insufficient-scope"},
        {"the token is not active any more", std::string(calendar_routes), R"({"active":false})",
         introspection_endpoint::mood::serving, "token-inactive"},
        {"it can't be asked", other_scope, std::string(reader), introspection_endpoint::mood::failing, ""},
    };
    for (const auto& row : rows) {
        introspection_endpoint endpoint;
        endpoint.knows("good", std::string(reader));
        recording_upstream api;
        api.on("/appointments", [](upstream_exchange& x) {
            x.send(websocket_response);
            x.send(x.receive(4) == "ping" ? "pong" : "");
            x.wait_for_close();
        });
        gate_settings settings{.upstream = api.url()};
        settings.issuer =
            "clock_skew: 30s\n  - {issuer: \"https://legacy.example.com\", introspection: {url: \"" +
            endpoint.url() + "\", client_id: scopegate, client_secret: s, cache: 0s}}\n";
        const gate_process gate(settings);
        raw_client client(gate.address());
        client.send(get("/appointments", "good", websocket_request));
        ASSERT_EQ(client.read().status, 101U) << row.sentence;
        endpoint.knows("good", row.answer);
        endpoint.be(row.mood);
        settings.routes = row.routes;
        reload(gate, settings);
        endpoint.wait_for_calls(2);
        if (row.reason.empty()) {
            client.send("ping");
            EXPECT_EQ(client.read_bytes(4), "pong") << row.sentence;
            continue;
        }
        EXPECT_THAT(client.read_to_end().bytes, HasSubstr("the policy has changed")) << row.sentence;
        const auto line =
            gate.wait_for_event("request", [](const log_line& l) { return l["status"] == "101"; });
        EXPECT_EQ(line["reason"], row.reason) << row.sentence << ": " << line.text;
    }
}

TEST(reload_connections, closes_idle_connections_to_the_previous_upstream)
{
    const recording_upstream before;
    const recording_upstream now;
    gate_settings settings{.upstream = before.url()};
    const gate_process gate(settings);
    raw_client client(gate.address());
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    settings.upstream = now.url();
    reload(gate, settings);
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    before.wait_for_closed(1);
    EXPECT_EQ(now.requests().size(), 1U);
}

} // namespace
} // namespace scopegate::test
