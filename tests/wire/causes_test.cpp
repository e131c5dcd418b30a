// Provokes each cause of README's section "Causes" that can arise on the wire, end to end: a peer misbehaves,
// and the operator reads the cause in the log.
#include "base/cause.hpp"
#include "wire/causes.hpp"

#include <gmock/gmock.h>

#include <set>
#include <vector>

#include <unistd.h>

namespace scopegate::test {
namespace {

using namespace std::string_literals;

struct row {
    const char* sentence;
    provocation provoke;
    const char* status;
    const char* reason;
    const char* why;
};

constexpr const char* malformed = "malformed-request";
constexpr const char* ambiguous = "ambiguous-framing";
constexpr const char* bad_answer = "upstream-bad-answer";
constexpr const char* unreachable = "upstream-unreachable";

// Returns a GET with these field lines.
std::string with(const std::string& fields)
{
    return "GET /public HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

std::string chunked(const std::string& body)
{
    return "POST /public HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

std::string target(const std::string& text)
{
    return "GET " + text + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string many(int count, const std::string& before, const std::string& behind)
{
    std::string all;
    for (int i = 0; i < count; ++i)
        all += before + std::to_string(i) + behind;
    return all;
}

// Heads that no parser may take for HTTP, and heads beyond a limit.
std::vector<row> rows_of_heads(shared_gates& g)
{
    const auto sends = [&g](std::string bytes, std::string kind = "plain") {
        return provocation([&g, bytes, kind] { return g.send(kind, bytes); });
    };
    const std::string proxy_v2("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16);
    return {
        {"a folded line", sends(with("X: a\r\n b\r\n")), "400", malformed, "folded-header"},
        {"a blank in a name", sends(with("X Y: a\r\n")), "400", malformed, "blank-in-header-name"},
        {"a blank before a colon", sends(with("X : a\r\n")), "400", malformed, "blank-in-header-name"},
        {"no colon", sends(with("X\r\n")), "400", malformed, "bad-header-name"},
        {"a bracket in a name", sends(with("X(: a\r\n")), "400", malformed, "bad-header-name"},
        {"a control in a value", sends(with("X: a\x01z\r\n")), "400", malformed, "control-character"},
        {"a control in the target", sends(target("/a\x02z")), "400", malformed, "control-character"},
        {"bare LF", sends("GET /public HTTP/1.1\nHost: a\n\n"), "400", malformed, "bare-line-end"},
        {"a bare CR", sends(with("X: a\rb\r\n")), "400", malformed, "bare-line-end"},
        {"two blanks", sends("GET  /public HTTP/1.1\r\nHost: a\r\n\r\n"), "400", malformed,
         "bad-request-line"},
        {"beyond ASCII", sends(target("/caf\xc3\xa9")), "400", malformed, "non-ascii-target"},
        {"HTTP/3", sends("GET /public HTTP/3.0\r\nHost: a\r\n\r\n"), "505", "unsupported-version",
         "http-version"},
        {"HTTP/2 at once", sends("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505", "unsupported-version",
         "http2-preface"},
        {"a TLS hello", sends("\x16\x03\x01\x02\x05\x01\x01\xfc\x03\x03"s), "400", malformed,
         "tls-on-plain-port"},
        {"HTTP under TLS", sends(get("/public"), "tls"), "400", malformed, "plain-http-on-tls-port"},
        {"a PROXY header for nobody", sends("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + get("/public")), "400",
         malformed, "unexpected-proxy-header"},
        {"its version 2", sends(proxy_v2), "400", malformed, "unexpected-proxy-header"},
        {"no PROXY header", sends(get("/public"), "proxied"), "400", malformed, "missing-proxy-header"},
        {"a bad PROXY header", sends("PROXY TCP4 nobody\r\n", "proxied"), "400", malformed,
         "bad-proxy-header"},
        {"33 names in Connection", sends(with("Connection: " + many(33, "a", ",") + "\r\n")), "400",
         malformed, "too-many-connection-names"},
        {"a client's address named away",
         sends(with("X-Forwarded-For: a\r\nConnection: X-Forwarded-For\r\n"), "trusted"), "400", malformed,
         "connection-names-client"},
        {"dropped headers everywhere", sends(with(many(90, "X-", ": 1\r\nKeep-Alive: 1\r\n"))), "400",
         malformed, "scattered-headers"},
        {"too large a head", sends(with("X: " + std::string(9000, 'x') + "\r\n")), "431", "headers-too-large",
         "limits-headers"},
        {"too long a target", sends(target("/" + std::string(9000, 'x'))), "414", "target-too-long",
         "limits-headers"},
        {"too many headers", sends(with(many(201, "X-", ":\r\n"))), "431", "headers-too-large",
         "limits-header-count"},
        {"a strange name", sends(with(""), "listed"), "421", "misdirected-request", "unlisted-host"},
        {"an expectation", sends(with("Expect: rain\r\n")), "417", "unsupported-expectation",
         "unknown-expectation"},
        {"another method in a header", sends(with("X-HTTP-Method-Override: DELETE\r\n")), "400",
         "method-override", "override-header"},
        {"another method in the query", sends(target("/public?_method=DELETE")), "400", "method-override",
         "override-parameter"},
    };
}

std::vector<row> rows_of_framing(shared_gates& g)
{
    const auto sends = [&g](std::string bytes) {
        return provocation([&g, bytes] { return g.send("plain", bytes); });
    };
    const std::string length = "Content-Length: 1\r\n", coding = "Transfer-Encoding: chunked\r\n";
    return {
        {"both lengths", sends(with(length + coding)), "400", ambiguous, "length-and-chunked"},
        {"a length twice", sends(with(length + length)), "400", ambiguous, "repeated-length"},
        {"a signed length", sends(with("Content-Length: +1\r\n")), "400", ambiguous, "bad-length"},
        {"chunks twice", sends(with(coding + coding)), "400", ambiguous, "repeated-transfer-encoding"},
        {"another coding", sends(with("Transfer-Encoding: gzip\r\n")), "400", "unsupported-transfer-coding",
         "unknown-transfer-coding"},
        {"chunks in HTTP/1.0", sends("POST /public HTTP/1.0\r\n" + coding + "\r\n"), "400", ambiguous,
         "chunked-in-http-1-0"},
        {"Connection names a length", sends(with("Connection: Content-Length\r\n")), "400", ambiguous,
         "connection-names-framing"},
        {"no Host", sends("GET /public HTTP/1.1\r\n\r\n"), "400", "bad-host", "missing-host"},
        {"two Hosts", sends(with("Host: b\r\n")), "400", "bad-host", "repeated-host"},
        {"no host's name", sends("GET /public HTTP/1.1\r\nHost: a b\r\n\r\n"), "400", "bad-host",
         "bad-host-value"},
        {"another host in the target", sends(target("http://b/public")), "400", "bad-host",
         "host-of-target-differs"},
        {"no chunk size", sends(chunked("x\r\n")), "400", malformed, "bad-chunk-size"},
        {"a blank behind a size", sends(chunked("1 \r\nx\r\n0\r\n\r\n")), "400", malformed, "bad-chunk-size"},
        {"a bad extension", sends(chunked("1;=\r\n")), "400", malformed, "bad-chunk-extension"},
        {"data that go on", sends(chunked("1\r\nxx\r\n")), "400", malformed, "bad-chunk-end"},
        {"a bad trailer", sends(chunked("0\r\nX Y: a\r\n\r\n")), "400", malformed, "bad-trailer"},
        {"long extensions", sends(chunked("1;" + std::string(5000, 'x'))), "400", malformed,
         "long-chunk-extensions"},
        {"long trailers", sends(chunked("0\r\nX: " + std::string(9000, 'x'))), "431", "headers-too-large",
         "limits-headers"},
        {"a large body", sends(request_text("POST", "/public", {}, {}, std::string(1025, 'x'))), "413",
         "body-too-large", "limits-body"},
        {"large chunks", sends(chunked("500\r\n" + std::string(0x500, 'x') + "\r\n0\r\n\r\n")), "413",
         "body-too-large", "limits-body"},
    };
}

std::vector<row> rows_of_targets(shared_gates& g)
{
    const auto asks = [&g](std::string path, std::string kind = "plain") {
        return provocation([&g, path, kind] { return g.send(kind, target(path)); });
    };
    constexpr auto* bad = "malformed-target";
    constexpr auto* path = "ambiguous-path";
    return {
        {"no path", asks("public"), "400", bad, "target-form"},
        {"another scheme", asks("ftp://a/public"), "400", bad, "target-form"},
        {"a fragment", asks("/public#x"), "400", bad, "fragment-in-target"},
        {"half a triplet", asks("/public/%2"), "400", bad, "bad-percent-encoding"},
        {"no UTF-8", asks("/public/%FF"), "400", bad, "invalid-utf-8"},
        {"an encoded NUL", asks("/public/%00"), "400", path, "encoded-control"},
        {"an encoded slash", asks("/public/a%2Fb"), "400", path, "encoded-slash"},
        {"a backslash", asks("/public/a%5Cb"), "400", path, "backslash"},
        {"a raw backslash", asks("/public/a\\b"), "400", path, "backslash"},
        {"a parameter", asks("/public;x"), "400", path, "semicolon"},
        {"dots", asks("/public/%2e%2E/x"), "400", path, "dot-segment"},
        {"an empty segment", asks("/public//x"), "400", path, "empty-segment"},
        {"encoded twice", asks("/public/%2541"), "400", path, "double-encoding"},
        {"two ways to read a segment", asks("/b/1-2-3", "narrow"), "400", path, "several-splits"},
        {"letter case", asks("/ADMIN", "lookalikes"), "400", "lookalike-path", "folds-to-another-route"},
        {"an encoded ?", asks("/a/%3Fx", "narrow"), "400", "lookalike-path", "folds-to-no-route"},
        {"a format", asks("/admin/users.json", "lookalikes"), "400", "lookalike-path",
         "reads-as-another-route"},
    };
}

std::vector<row> rows_of_limits(shared_gates& g)
{
    const auto slow = [&g](std::string bytes) {
        return provocation([&g, bytes] { return g.send("impatient", bytes); });
    };
    const auto paused = [&g](std::string response) {
        return provocation([&g, response] {
            return g.ask("impatient", [response](upstream_exchange& x) {
                x.send("HTTP/1.1 200 OK\r\n" + response);
                x.wait_for_close();
            });
        });
    };
    const auto busy = [](gate_settings settings, int held, int reach_upstream = 1) {
        return provocation([=] { return crowded(settings, held, reach_upstream); });
    };
    const auto large = [] {
        gate_settings s{.limits = "headers: 1MiB, memory: 16MiB", .server = "workers: 1"};
        calendar c(s);
        c.api.on("/public", answers_when_released(ok("late")));
        std::vector<raw_client> clients;
        std::string answered; // one at a time: an unfinished head evicts another one
        for (int i = 0; i < 64 && answered.empty(); ++i) {
            clients.push_back(c.connect());
            clients.back().send(with("X: " + std::string(900'000, 'x') + "\r\n"));
            answered = clients.back().read_bytes(1, std::chrono::milliseconds(100));
        }
        auto found =
            c.gate.wait_for_event("request", [](const log_line& l) { return l["reason"] == "memory-limit"; });
        c.api.release();
        return found;
    };
    constexpr auto* full = "connection-limit";
    return {
        {"a slow head", slow("GET /publ"), "408", "request-timeout", "timeouts-headers"},
        {"a slow body", slow(request_text("POST", "/public", {}, "Content-Length: 9\r\n") + "half"), "408",
         "request-timeout", "timeouts-body"},
        {"a slow upstream",
         [&g] { return g.ask("impatient", [](upstream_exchange& x) { x.wait_for_close(); }); }, "504",
         "upstream-timeout", "timeouts-upstream-response"},
        {"a pause within a response", paused("Content-Length: 9\r\n\r\nhalf"), "200", "upstream-timeout",
         "timeouts-response-pause"},
        {"a pause within a stream of events", paused("Content-Type: text/event-stream\r\n\r\ndata: 1\n\n"),
         "200", "upstream-timeout", "timeouts-stream"},
        {"connections", busy({.limits = "connections: 1", .server = "workers: 1"}, 1), "503", full,
         "limits-connections"},
        {"of one client", busy({.limits = "connections_per_client: 1", .server = "workers: 1"}, 1), "503",
         full, "limits-connections-per-client"},
        {"descriptors", busy({.limits = "connections: 0", .server = "workers: 1", .descriptors = 64}, 16, 16),
         "503", full, "file-descriptors"},
        {"memory", large, "503", "memory-limit", "limits-memory"},
        {"the upstream's queue",
         busy({.upstream_more = "connections: 1", .timeouts = "upstream_connect: 60s"}, 17), "503",
         "upstream-busy", "upstream-queue-full"},
        {"too long in it",
         busy({.upstream_more = "connections: 1", .timeouts = "upstream_connect: 200ms"}, 1), "503",
         "upstream-busy", "upstream-queue-timeout"},
    };
}

std::vector<row> rows_of_connecting()
{
    const auto at = [](std::string url) { return provocation([url] { return with_upstream(url); }); };
    std::vector<row> rows{
        {"nobody listens", nobody_listens, "502", unreachable, "refused-connection"},
        {"a name", at("http://no-such-host.invalid:80"), "502", unreachable, "unresolvable-name"},
        {"no socket", at("unix:/no/such.sock"), "502", unreachable, "no-such-socket"},
        {"a group of hosts", at("http://224.0.0.1:80"), "502", unreachable, "unreachable-network"},
        {"a datagram socket", datagram_socket, "502", unreachable, "failed-connection"},
        {"a full queue", full_queue, "502", unreachable, "timeouts-upstream-connect"},
    };
    if (::geteuid() != 0)
        rows.push_back({"no permission", no_permission, "502", unreachable, "socket-permission"});
    return rows;
}

std::vector<row> rows_of_responses(shared_gates& g)
{
    const auto says = [&g](std::string bytes, std::string fields = {}) {
        return provocation([&g, bytes, fields] { return g.ask("plain", sends_then_closes(bytes), fields); });
    };
    const std::string ok = "HTTP/1.1 200 OK\r\n", length = "Content-Length: 2\r\n",
                      coding = "Transfer-Encoding: chunked\r\n", end = "\r\n";
    const auto chunks_then = [&](const std::string& body) { return says(ok + coding + end + body); };
    return {
        {"a folded line", says(ok + "X: a\r\n b\r\n" + length + end), "502", bad_answer, "folded-header"},
        {"a blank in a name", says(ok + "X Y: a\r\n\r\n"), "502", bad_answer, "blank-in-header-name"},
        {"no name", says(ok + ": a\r\n\r\n"), "502", bad_answer, "bad-header-name"},
        {"a NUL", says(ok + "X: a\0b\r\n\r\n"s), "502", bad_answer, "control-character"},
        {"bare LF", says("HTTP/1.1 200 OK\nX: a\n\n"), "502", bad_answer, "bare-line-end"},
        {"no status", says("HTTP/1.1 OK\r\n\r\n"), "502", bad_answer, "bad-status-line"},
        {"no HTTP", says("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "502", bad_answer, "not-http"},
        {"HTTP/2", says("HTTP/2 200 OK\r\n\r\n"), "502", bad_answer, "http-version"},
        {"a TLS alert", says("\x15\x03\x01\0\x02\x02\x46"s), "502", bad_answer, "upstream-speaks-tls"},
        {"too large a head", says(ok + "X: " + std::string(9000, 'x') + end + end), "502", bad_answer,
         "limits-headers"},
        {"too many headers", says(ok + many(201, "X-", ":\r\n") + end), "502", bad_answer,
         "limits-header-count"},
        {"33 names in Connection", says(ok + "Connection: " + many(33, "a", ",") + "\r\n\r\n"), "502",
         bad_answer, "too-many-connection-names"},
        {"dropped headers everywhere", says(ok + many(90, "X-", ": 1\r\nKeep-Alive: 1\r\n") + end), "502",
         bad_answer, "scattered-headers"},
        {"both lengths", says(ok + length + coding + end), "502", bad_answer, "length-and-chunked"},
        {"two lengths", says(ok + length + "Content-Length: 3\r\n\r\n"), "502", bad_answer,
         "repeated-length"},
        {"a signed length", says(ok + "Content-Length: +2\r\n\r\n"), "502", bad_answer, "bad-length"},
        {"chunks twice", says(ok + coding + coding + end), "502", bad_answer, "repeated-transfer-encoding"},
        {"another coding", says(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n"), "502", bad_answer,
         "unknown-transfer-coding"},
        {"chunks in HTTP/1.0", says("HTTP/1.0 200 OK\r\n" + coding + end), "502", bad_answer,
         "chunked-in-http-1-0"},
        {"an interim response with a body", says("HTTP/1.1 103 Hints\r\n" + length + end + "xx"), "502",
         bad_answer, "interim-with-body"},
        {"no end of them", says(many(40, "HTTP/1.1 102 Wait ", "\r\n\r\n")), "502", bad_answer,
         "too-many-interim-responses"},
        {"an upgrade for nobody", says("HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "502",
         bad_answer, "unexpected-upgrade"},
        {"another upgrade",
         says("HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", std::string(upgrade)), "502",
         bad_answer, "bad-upgrade"},
        {"nothing", says(""), "502", bad_answer, "closed-without-response"},
        {"half a head", says("HTTP/1.1 200 OK\r\nX"), "502", bad_answer, "cut-head"},
        {"a reset", [&g] { return g.ask("plain", sends_then_resets("")); }, "502", bad_answer,
         "reset-connection"},
        {"half a body", says(ok + length + end + "x"), "200", bad_answer, "cut-body"},
        {"a bad chunk", chunks_then("hello\r\n"), "502", bad_answer, "bad-chunk-size"},
        {"a bad chunk extension", chunks_then("1;=\r\n"), "502", bad_answer, "bad-chunk-extension"},
        {"a chunk that goes on", chunks_then("1\r\nxx\r\n"), "502", bad_answer, "bad-chunk-end"},
        {"a bad trailer", chunks_then("0\r\nX Y: a\r\n\r\n"), "502", bad_answer, "bad-trailer"},
        {"long extensions", chunks_then("1;" + std::string(5000, 'x')), "502", bad_answer,
         "long-chunk-extensions"},
        {"long trailers", chunks_then("0\r\nX: " + std::string(9000, 'x')), "502", bad_answer,
         "limits-headers"},
    };
}

std::vector<row> rows_of_tls()
{
    const auto has = [](certificate_wish wish) {
        return provocation([wish] {
            tls_case is;
            is.identity = [wish](const certificate_authority& ca) { return ca.issue(wish); };
            return with_tls_upstream(is);
        });
    };
    const auto is_not_tls = [](std::string words) {
        return provocation([words] {
            const first_words peer(words);
            const tls_files files;
            return with_upstream("https://" + peer.authority(), files.upstream_yaml());
        });
    };
    const auto identity = [](tls_identity (*make)(const certificate_authority&)) {
        return provocation([make] {
            tls_case is;
            is.identity = make;
            return with_tls_upstream(is);
        });
    };
    certificate_wish old{"IP:127.0.0.1"}, early{"IP:127.0.0.1"}, other{"IP:127.0.0.2"},
        client{"IP:127.0.0.1"};
    old.valid_from = -7200, old.valid_until = -3600;
    early.valid_from = 3600, early.valid_until = 7200;
    client.purposes = "clientAuth";
    return {
        {"expired", has(old), "502", unreachable, "expired-certificate"},
        {"not valid yet", has(early), "502", unreachable, "certificate-not-yet-valid"},
        {"another's", has(other), "502", unreachable, "certificate-of-another-name"},
        {"a client's", has(client), "502", unreachable, "unusable-certificate"},
        {"a stranger's", identity([](const certificate_authority&) {
             return certificate_authority("a stranger").issue("IP:127.0.0.1");
         }),
         "502", unreachable, "unknown-authority"},
        {"self-signed",
         identity([](const certificate_authority&) { return self_signed(certificate_wish{"IP:127.0.0.1"}); }),
         "502", unreachable, "self-signed-certificate"},
        {"ours is refused",
         [] {
             tls_case is;
             is.client_authority = certificate_authority("a stranger").pem();
             return with_tls_upstream(is);
         },
         "502", unreachable, "our-certificate-refused"},
        {"no TLS", is_not_tls("HTTP/1.1 400 Bad Request\r\n\r\n"), "502", unreachable,
         "upstream-without-tls"},
        {"no handshake", is_not_tls(""), "502", unreachable, "failed-handshake"},
    };
}

// The causes of tokens have tables of their own. A slow body takes a minute: tests/wire/slow_body_test.cpp.
std::set<std::string> causes_on_the_wire()
{
    std::set<std::string> all;
    for (std::size_t i = 1; i < cause_count; ++i) {
        const auto c = static_cast<cause>(i);
        if ((c <= cause::override_parameter || c >= cause::refused_connection) && c != cause::slow_body)
            all.emplace(name(c));
    }
    if (::geteuid() == 0) // root never lacks a permission
        all.erase("socket-permission");
    return all;
}

TEST(causes, tell_the_operator_more_than_the_response_tells)
{
    shared_gates g;
    std::set<std::string> seen;
    for (const auto& rows : {rows_of_heads(g), rows_of_framing(g), rows_of_targets(g), rows_of_limits(g),
                             rows_of_connecting(), rows_of_responses(g), rows_of_tls()})
        for (const auto& r : rows) {
            SCOPED_TRACE(r.sentence);
            log_line line;
            EXPECT_NO_THROW(line = r.provoke());
            EXPECT_EQ(line["status"], r.status) << r.sentence << ": " << line.text;
            EXPECT_EQ(line["reason"], r.reason) << r.sentence << ": " << line.text;
            EXPECT_EQ(line["cause"], r.why) << r.sentence << ": " << line.text;
            seen.insert(line["cause"]);
        }
    EXPECT_EQ(seen, causes_on_the_wire());
}

} // namespace
} // namespace scopegate::test
